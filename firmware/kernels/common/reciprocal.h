/* SPDX-License-Identifier: MIT */
/* 1 / x in fixed point, as gemmlowp computes it for TensorFlow Lite for Microcontrollers. */
#ifndef KERNELS_RECIPROCAL_H
#define KERNELS_RECIPROCAL_H

#include "fixed_point.h"

/* 2^31 / (1 + x / 2^31) for 0 <= x < 2^31, in three steps of Newton's division, saturated. */
static inline int32_t one_over_one_plus(int32_t x)
{
    /* Both have 2 integer bits. */
    const int32_t forty_eight_over_17 = 1515870810;
    const int32_t minus_32_over_17 = -1010580540;
    const int32_t one = INT32_C(1) << 29;
    const int32_t half_denominator = (int32_t)(((uint32_t)x + (UINT32_C(1) << 31)) >> 1);
    int32_t estimate = forty_eight_over_17 + doubling_high_multiply(half_denominator, minus_32_over_17);

    for (int_fast8_t i = 0; i < 3; i++) {
        const int32_t error = one - doubling_high_multiply(half_denominator, estimate);
        estimate += doubling_high_multiply(estimate, error) * 4;
    }
    return estimate >= INT32_C(1) << 30 ? INT32_MAX : estimate * 2;
}

static inline int8_t leading_zeros(uint32_t x)
{
    int8_t count = 0;

    while (!(x & (UINT32_C(1) << 31))) {
        x <<= 1;
        count++;
    }
    return count;
}

#endif
