/* SPDX-License-Identifier: MIT */
/*
 * quantize.h for values on scales of their own: what the model stores stands for (real - offset) * factor. The same
 * rule, and each step of it rounded to a float before the next, whatever a compiler would like to fuse.
 */
#ifndef KERNELS_QUANTIZE_SCALED_H
#define KERNELS_QUANTIZE_SCALED_H

#include "quantize.h"

static inline int8_t quantize_scaled_s8(float real, float offset, float factor, float scale, int16_t zero_point)
{
    const float moved = rounded_f32(real - offset);
    return quantize_s8(rounded_f32(moved * factor), scale, zero_point);
}

static inline float dequantize_scaled_s8(int8_t stored, float offset, float factor, float scale, int16_t zero_point)
{
    const float own = rounded_f32(dequantize_s8(stored, scale, zero_point) / rounded_f32(factor));
    return rounded_f32(own + offset);
}

#endif
