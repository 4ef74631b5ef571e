/* SPDX-License-Identifier: MIT */
/* Requantization in one high multiply, for sums that the host has proven to fit 24 bits.
 *
 * TFLM rounds twice: x = floor(sum * multiplier / 2^31 + 1/2), then out = round(x / 2^right_shift) + zero_point, a half
 * away from zero. Taking 256 * sum instead keeps seven bits of x below the point, so that both rounding constants and
 * the zero point are one addition and nothing is lost:
 *
 *     out = (high32(256 * sum * multiplier) + offset) >> shift,        shift = right_shift + 7
 *     offset = zero_point * 2^shift + 2^(shift - 1) + 64
 *
 * Only a half below zero is left: TFLM rounds it down, this rounds it up. `is_signed` takes one step of x from negative
 * sums, which turns exactly those. Layers whose lowest output is that of a sum of 0 (any ReLU) go without. */
#ifndef KERNELS_REQUANTIZE_H
#define KERNELS_REQUANTIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "port.h"

/* A scale is these words: multiplier, offset, shift. */
#define SCALE_WORDS 3

/* The upper half of the product. */
static inline int32_t multiply_high(int32_t a, int32_t b)
{
#if defined(__ARM_ARCH_6M__)
    /* Cortex-M0 has no long multiply, and the compiler's helper is three times as long as these four. */
    const int32_t a_high = a >> 16, a_low = a & 0xffff, b_high = b >> 16, b_low = b & 0xffff;
    const int32_t middle = a_high * b_low + (int32_t)((uint32_t)a_low * (uint32_t)b_low >> 16);
    const int32_t carry = (a_low * b_high + (middle & 0xffff)) >> 16;

    return a_high * b_high + (middle >> 16) + carry;
#else
    return (int32_t)(((int64_t)a * b) >> 32);
#endif
}

/* The output before it is clamped. */
static inline int32_t requantize(int32_t sum256, int32_t multiplier, int32_t offset, int32_t shift, bool is_signed)
{
    const int32_t step_down = is_signed && sum256 < 0 ? -128 : 0;

    return (multiply_high(sum256, multiplier) + offset + step_down) >> shift;
}

static inline int8_t saturate_s8(int32_t x)
{
    return (int8_t)(x < INT8_MIN ? INT8_MIN : x > INT8_MAX ? INT8_MAX : x);
}

/* The same for loops that store many: one comparison where x fits. */
ALWAYS_INLINE int8_t saturate_in_line_s8(int32_t x)
{
    return (int8_t)(x == (int8_t)x ? x : (x >> 31) ^ INT8_MAX);
}

#endif
