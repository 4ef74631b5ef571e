/* SPDX-License-Identifier: MIT */
/* Rows of int8 divided by their Euclidean norm, in the fixed point of TensorFlow Lite for Microcontrollers, bit for bit.
 *
 * The output is in steps of 1/128 with zero point 0, whatever the input's scale. */
#ifndef KERNELS_L2_NORMALIZATION_S8_H
#define KERNELS_L2_NORMALIZATION_S8_H

#include "../common/fixed_point.h"
#include "../common/port.h"

#define L2_OUTPUT_BITS 7

/* x * 2^exponent, saturated. */
static inline int32_t shift_left_saturated(int32_t x, int_fast8_t exponent)
{
    const int32_t limit = INT32_MAX >> exponent;

    return x > limit ? INT32_MAX : x < -limit - 1 ? INT32_MIN : x * (INT32_C(1) << exponent);
}

/* 1 / sqrt(x) as a fraction of 2^31 and a shift to the left, for x > 0: five steps of Newton's method from 1, with 3
 * integer bits. */
static inline int32_t inverse_square_root(int32_t x, int8_t *left_shift)
{
    const int32_t three_halves = (INT32_C(1) << 28) + (INT32_C(1) << 27);
    const int32_t half_square_root_of_2 = 1518500250; /* no integer bits */
    int8_t right_shift = 11;

    if (x <= 1) {
        *left_shift = 0;
        return INT32_MAX;
    }
    /* To 2^27 <= x < 2^29, in steps of 4 that are steps of 2 of the root. */
    for (; x >= INT32_C(1) << 29; x /= 4) {
        right_shift++;
    }
    for (; x < INT32_C(1) << 27; x *= 4) {
        right_shift--;
    }
    const int32_t half_x = rounding_divide_by_power_of_two(x >> 1, 1);
    int32_t root = INT32_C(1) << 28;

    for (int_fast8_t i = 0; i < 5; i++) {
        const int32_t square = doubling_high_multiply(root, root);
        const int32_t cube = shift_left_saturated(doubling_high_multiply(square, root), 6);
        root = shift_left_saturated(
            doubling_high_multiply(three_halves, root) - doubling_high_multiply(half_x, cube), 3);
    }
    root = doubling_high_multiply(root, half_square_root_of_2);
    if (right_shift < 0) {
        root *= INT32_C(1) << -right_shift;
        right_shift = 0;
    }
    *left_shift = (int8_t)-right_shift;
    return root;
}

/* `in` and `out` may be the same. */
static inline void l2_normalization_s8(int8_t zero_point, const int8_t *in, int8_t *out, size_t rows, size_t depth)
{
    for (; rows > 0; rows--, in += depth, out += depth) {
        int32_t sum = 0;
        int8_t shift;

        for (size_t i = 0; i < depth; i++) {
            const int32_t value = in[i] - zero_point;
            sum += value * value;
        }
        const int32_t root = inverse_square_root(sum, &shift);

        for (size_t i = 0; i < depth; i++) {
            const int32_t scaled =
                multiply_by_quantized_multiplier(in[i] - zero_point, root, (int_fast8_t)(shift + L2_OUTPUT_BITS));
            out[i] = clamp_s8(scaled, INT8_MIN, INT8_MAX);
        }
    }
}

#endif
