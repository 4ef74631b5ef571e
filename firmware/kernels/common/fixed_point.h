/* SPDX-License-Identifier: MIT */
/* Requantization as TensorFlow Lite for Microcontrollers computes it, bit for bit.
 *
 * Right shifts of negative numbers are arithmetic in every compiler that this project supports. */
#ifndef KERNELS_FIXED_POINT_H
#define KERNELS_FIXED_POINT_H

#include <stdint.h>

#include "port.h"

/* a * b / 2^31, rounded to nearest, a half up. Not for a = b = INT32_MIN, which no multiplier is. */
static inline int32_t doubling_high_multiply(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + (INT32_C(1) << 30)) >> 31);
}

/* x / 2^exponent, rounded to nearest, a half away from zero. */
static inline int32_t rounding_divide_by_power_of_two(int32_t x, int_fast8_t exponent)
{
    const int32_t remainder = x & (int32_t)((UINT32_C(1) << exponent) - 1u);
    const int32_t half = (int32_t)((UINT32_C(1) << exponent) >> 1);

    return (x >> exponent) + (exponent > 0 && remainder >= half + (x < 0));
}

/* x * 2^shift * multiplier / 2^31. The shift wraps at 32 bits, as it does in TFLM: layers that are always 0 have scales
 * that make it. */
static inline int32_t shift_left_and_multiply(int32_t x, int32_t multiplier, int_fast8_t shift)
{
    return doubling_high_multiply((int32_t)((uint32_t)x << shift), multiplier);
}

#if !defined(__ARM_ARCH_6M__)

/* Left shifts are rare, and apart: loops need no second multiply for them. */
NEVER_INLINE int32_t multiply_shifted_left(int32_t x, int32_t multiplier, int_fast8_t shift)
{
    return shift_left_and_multiply(x, multiplier, shift);
}

#endif

#if defined(__ARM_ARCH_6M__) || (defined(__riscv) && defined(__OPTIMIZE_SIZE__))

/* As below. On Cortex-M0, whose long multiply is a call, gcc keeps the loops around this one in registers; for RISC-V
 * and size, a loop without a call saves fewer of them. */
static inline int32_t multiply_by_quantized_multiplier(int32_t x, int32_t multiplier, int_fast8_t shift)
{
    if (shift > 0) {
        return shift_left_and_multiply(x, multiplier, shift);
    }
    return rounding_divide_by_power_of_two(doubling_high_multiply(x, multiplier), (int_fast8_t)-shift);
}

#else

/* x * multiplier * 2^(shift - 31). TFLite rounds twice here, in the high multiply and in the shift; keep both. */
static inline int32_t multiply_by_quantized_multiplier(int32_t x, int32_t multiplier, int_fast8_t shift)
{
    if (shift >= 0) {
        return multiply_shifted_left(x, multiplier, shift);
    }
    /* rounding_divide_by_power_of_two(product, -shift): with one less, a half below zero is not rounded up. The product
     * of a multiplier below 2^31 is above INT32_MIN. */
    const int32_t product = doubling_high_multiply(x, multiplier);

    return (((product + (product >> 31)) >> (-shift - 1)) + 1) >> 1;
}

#endif

static inline int8_t clamp_s8(int32_t x, int8_t min, int8_t max)
{
    return x < min ? min : x > max ? max : (int8_t)x;
}

#endif
