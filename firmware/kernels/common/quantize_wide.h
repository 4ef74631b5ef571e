/* SPDX-License-Identifier: MIT */
/* quantize.h for ports of other types than int8; the same rule. */
#ifndef KERNELS_QUANTIZE_WIDE_H
#define KERNELS_QUANTIZE_WIDE_H

#include "quantize.h"

/* `low` and `high` are the ends of the stored type: of int8, uint8 or int16, or of int32 with a zero point of 0. */
static inline int32_t quantize_within(float real, float scale, int32_t zero_point, int32_t low, int32_t high)
{
    const float steps = rounded_f32(real / rounded_f32(scale));

    if (is_nan_f32(real)) {
        return zero_point;
    }
    if (steps >= (float)(high - zero_point)) {
        return high;
    }
    if (steps <= (float)(low - zero_point)) {
        return low;
    }

    /* The remainder is exact; adding 0.5 before truncating would round 0.49999997 up. */
    int32_t whole = (int32_t)steps;
    const float remainder = steps - (float)whole;
    if (remainder >= 0.5f) {
        whole++;
    } else if (remainder <= -0.5f) {
        whole--;
    }
    return whole + zero_point;
}

static inline float dequantize_wide(int32_t stored, float scale, int32_t zero_point)
{
    return rounded_f32(scale * (float)((int64_t)stored - zero_point));
}

#endif
