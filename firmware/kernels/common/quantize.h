/* SPDX-License-Identifier: MIT */
/*
 * Between real numbers and the stored int8, at a model's edges. For C and C++; both runtimes and the Python side
 * (quantized_model.py) follow this one rule, bit for bit:
 *
 *   stored = real / scale + zero_point, rounded to the nearest step, halves away from zero as in TFLite;
 *   beyond the range, infinities included, the end of the range: -128 or 127;
 *   NaN becomes the zero point, which stands for 0: a sensor that failed must not look like an extreme reading.
 */
#ifndef KERNELS_QUANTIZE_H
#define KERNELS_QUANTIZE_H

#include <stdint.h>
#include <string.h>

/* The 32 bits of a float and no more: not kept wider, fused with the next operation or replaced by a reciprocal,
 * whatever -ffast-math or -ffp-contract allow. */
static inline float rounded_f32(float value)
{
    volatile float kept = value;
    return kept;
}

/* By its bits, because -ffast-math lets a compiler drop value != value. */
static inline int is_nan_f32(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (bits & UINT32_C(0x7FFFFFFF)) > UINT32_C(0x7F800000);
}

static inline int8_t quantize_s8(float real, float scale, int16_t zero_point)
{
    const float steps = rounded_f32(real / rounded_f32(scale));

    if (is_nan_f32(real)) {
        return (int8_t)zero_point;
    }
    if (steps >= (float)(127 - zero_point)) {
        return 127;
    }
    if (steps <= (float)(-128 - zero_point)) {
        return -128;
    }

    /* The remainder is exact; adding 0.5 before truncating would round 0.49999997 up. */
    int16_t whole = (int16_t)steps;
    const float remainder = steps - (float)whole;
    if (remainder >= 0.5f) {
        whole = (int16_t)(whole + 1);
    } else if (remainder <= -0.5f) {
        whole = (int16_t)(whole - 1);
    }
    return (int8_t)(whole + zero_point);
}

static inline float dequantize_s8(int8_t stored, float scale, int16_t zero_point)
{
    return rounded_f32(scale * (float)(stored - zero_point));
}

#endif
