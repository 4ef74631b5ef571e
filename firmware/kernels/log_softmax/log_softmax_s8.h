/* SPDX-License-Identifier: MIT */
/* Log-softmax over rows of int8, in the fixed point of TensorFlow Lite for Microcontrollers, bit for bit. */
#ifndef KERNELS_LOG_SOFTMAX_S8_H
#define KERNELS_LOG_SOFTMAX_S8_H

#include "../common/fixed_point.h"
#include "../common/port.h"
#include "../common/reciprocal.h"

/* The multipliers take a difference of stored values to a number with 5 integer bits, and such a number back. */
struct log_softmax_s8 {
    const int32_t *exp; /* in FLASH: exp(-d) with 12 integer bits, for d = 0, 1, ... steps; further down it is 0 */
    int16_t exp_count;
    int16_t lowest_difference;
    int32_t multiplier;
    int32_t inverse_multiplier;
    int8_t shift;
    int8_t inverse_shift;
};

/* x * 2^bits for x >= 0, at most INT32_MAX. */
static inline int32_t log_softmax_shift_left(int32_t x, int_fast8_t bits)
{
    return x > INT32_MAX >> bits ? INT32_MAX : x * (INT32_C(1) << bits);
}

/* The natural logarithm of x >= 1: 12 integer bits in, 5 out. x = r * 2^power with r around 2^(-1/4), and ln(r) by a
 * rational function of q = 2 * (r - 2^(-1/4)). Constants without a note have no integer bits. */
static inline int32_t log_of_12_bits(int32_t x)
{
    const int32_t log_2 = 1488522236, root_of_half = 1518500250, fourth_root_of_half = 1805811301;
    const int32_t alpha_n = 117049297, alpha_d = 127690142, alpha_i = 1057819769, alpha_f = 638450708;
    const int32_t quarter = INT32_C(1) << 23, one = INT32_C(1) << 25; /* 6 integer bits */
    const int_fast8_t a_zeros = leading_zeros((uint32_t)x);
    const int32_t a_high = x * (INT32_C(1) << (a_zeros - 1));
    const int32_t a = log_softmax_shift_left(doubling_high_multiply(a_high, root_of_half), 1);
    const int32_t a_power = (12 - a_zeros) * one + quarter;
    const int_fast8_t b_zeros = leading_zeros((uint32_t)doubling_high_multiply(x, root_of_half));
    const int32_t b = log_softmax_shift_left(x, (int_fast8_t)(b_zeros - 1));
    const int32_t b_power = (13 - b_zeros) * one - quarter;
    const int32_t r = a < b ? a : b;
    const int32_t power = a_power > b_power ? a_power : b_power;

    const int32_t p = (int32_t)(((uint32_t)r + (uint32_t)fourth_root_of_half + 1u) >> 1);
    const int32_t q = (r - fourth_root_of_half) * 2;
    const int32_t square = doubling_high_multiply(q, q);
    const int32_t numerator =
        doubling_high_multiply(q, r) + doubling_high_multiply(doubling_high_multiply(q, square), alpha_n);
    const int32_t denominator = doubling_high_multiply(p, alpha_i + q + doubling_high_multiply(alpha_d, square)) +
                                doubling_high_multiply(alpha_f, q);
    const int32_t quotient =
        doubling_high_multiply(rounding_divide_by_power_of_two(numerator, 6), one_over_one_plus(denominator));

    return (doubling_high_multiply(power, log_2) + quotient) * 2;
}

/* `in` and `out` may be the same. */
static inline void log_softmax_s8(const struct log_softmax_s8 *layer, const int8_t *in, int8_t *out, size_t rows,
                                  size_t depth)
{
    struct log_softmax_s8 p;
    flash_copy(&p, layer, sizeof p);

    for (; rows > 0; rows--, in += depth, out += depth) {
        int8_t highest = in[0];
        for (size_t i = 1; i < depth; i++) {
            highest = in[i] > highest ? in[i] : highest;
        }

        int32_t sum = 0;
        for (size_t i = 0; i < depth; i++) {
            const int16_t below = (int16_t)(highest - in[i]);
            if (below < p.exp_count) {
                sum += flash_read_s32(&p.exp[below]);
            }
        }

        const int32_t log_sum = log_of_12_bits(sum);
        const int32_t lowest =
            multiply_by_quantized_multiplier(INT32_MIN + log_sum, p.inverse_multiplier, p.inverse_shift);
        for (size_t i = 0; i < depth; i++) {
            const int32_t difference = in[i] - highest;
            if (difference < p.lowest_difference || difference <= lowest) {
                out[i] = INT8_MIN;
                continue;
            }
            const int32_t scaled = multiply_by_quantized_multiplier(difference, p.multiplier, p.shift);
            const int32_t log = (int32_t)((uint32_t)scaled - (uint32_t)log_sum);
            out[i] = clamp_s8(rounding_divide_by_power_of_two(log, 22) + 127, INT8_MIN, INT8_MAX);
        }
    }
}

#endif
