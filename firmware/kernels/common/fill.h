/* SPDX-License-Identifier: MIT */
/* One value everywhere: what padding starts with. */
#ifndef KERNELS_FILL_H
#define KERNELS_FILL_H

#include "port.h"

static inline void fill_s8(int8_t *out, size_t count, int8_t value)
{
    memset(out, value, count);
}

static inline void fill_s16(int16_t *out, size_t count, int16_t value)
{
    for (; count > 0; count--) {
        *out++ = value;
    }
}

static inline void fill_s32(int32_t *out, size_t count, int32_t value)
{
    for (; count > 0; count--) {
        *out++ = value;
    }
}

#endif
