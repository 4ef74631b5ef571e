/* SPDX-License-Identifier: MIT */
/* Arrays whose element type is a parameter: for operators that exist between many pairs of types. */
#ifndef KERNELS_ELEMENTS_H
#define KERNELS_ELEMENTS_H

#include "port.h"

enum element_type { ELEMENT_S8, ELEMENT_U8, ELEMENT_S16, ELEMENT_S32 };

static inline int32_t element_read(const void *array, size_t i, uint8_t type)
{
    switch (type) {
    case ELEMENT_S8:
        return ((const int8_t *)array)[i];
    case ELEMENT_U8:
        return ((const uint8_t *)array)[i];
    case ELEMENT_S16:
        return ((const int16_t *)array)[i];
    default:
        return ((const int32_t *)array)[i];
    }
}

/* Saturates. */
static inline void element_write(void *array, size_t i, uint8_t type, int32_t value)
{
    switch (type) {
    case ELEMENT_S8:
        ((int8_t *)array)[i] = value < INT8_MIN ? INT8_MIN : value > INT8_MAX ? INT8_MAX : (int8_t)value;
        break;
    case ELEMENT_U8:
        ((uint8_t *)array)[i] = value < 0 ? 0 : value > (int32_t)UINT8_MAX ? UINT8_MAX : (uint8_t)value;
        break;
    case ELEMENT_S16:
        ((int16_t *)array)[i] = value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : (int16_t)value;
        break;
    default:
        ((int32_t *)array)[i] = value;
        break;
    }
}

#endif
