/* SPDX-License-Identifier: MIT */
/* Between 0 and 6, which are `min` and `max` in stored values. */
#ifndef KERNELS_RELU6_S8_H
#define KERNELS_RELU6_S8_H

#include "../common/fixed_point.h"
#include "../common/port.h"

/* `in` and `out` may be the same. */
static inline void relu6_s8(const int8_t *in, int8_t *out, size_t count, int8_t min, int8_t max)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = clamp_s8(in[i], min, max);
    }
}

#endif
