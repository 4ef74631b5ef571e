/* SPDX-License-Identifier: MIT */
/* Softmax over rows of int8, in the fixed point of TensorFlow Lite for Microcontrollers, bit for bit. */
#ifndef KERNELS_SOFTMAX_S8_H
#define KERNELS_SOFTMAX_S8_H

#include "../common/fixed_point.h"
#include "../common/port.h"
#include "../common/reciprocal.h"

/* 1.0 in a sum of exponentials, which has 12 integer bits. */
#define SOFTMAX_ONE_IN_SUM_BITS 19

/* `exp` lies in FLASH: exp(-d) as a fraction of 2^31, for d = 0, 1, ... exp_count - 1 steps below the row's highest
 * value; further below, it is lost in the rounding. `in` and `out` may be the same. */
static inline void softmax_s8(const int32_t *exp, int16_t exp_count, const int8_t *in, int8_t *out, size_t rows,
                              size_t depth)
{
    for (; rows > 0; rows--, in += depth, out += depth) {
        int8_t highest = in[0];
        for (size_t i = 1; i < depth; i++) {
            highest = in[i] > highest ? in[i] : highest;
        }

        int32_t sum = 0;
        for (size_t i = 0; i < depth; i++) {
            const int16_t below = (int16_t)(highest - in[i]);
            if (below < exp_count) {
                sum += rounding_divide_by_power_of_two(flash_read_s32(&exp[below]), 31 - SOFTMAX_ONE_IN_SUM_BITS);
            }
        }

        /* sum = (1 + fraction) * 2^(31 - zeros), and so 1 / sum = reciprocal * 2^(zeros - 31). */
        const int8_t zeros = leading_zeros((uint32_t)sum);
        const int32_t fraction = (int32_t)(((uint32_t)sum << zeros) & INT32_MAX);
        const int32_t reciprocal = one_over_one_plus(fraction);
        const int_fast8_t to_256ths = (int_fast8_t)(31 - SOFTMAX_ONE_IN_SUM_BITS - zeros + 31 - 8);

        for (size_t i = 0; i < depth; i++) {
            const int16_t below = (int16_t)(highest - in[i]);
            int32_t share = 0;
            if (below < exp_count) {
                share = doubling_high_multiply(reciprocal, flash_read_s32(&exp[below]));
            }
            out[i] = clamp_s8(rounding_divide_by_power_of_two(share, to_256ths) - 128, -128, 127);
        }
    }
}

#endif
