/* SPDX-License-Identifier: MIT */
/* Another type, scale and zero point, by way of a float: what DEQUANTIZE and QUANTIZE do one after the other. */
#ifndef KERNELS_RESCALE_F32_H
#define KERNELS_RESCALE_F32_H

#include "../common/elements.h"
#include "../common/quantize_wide.h"

struct rescale_f32 {
    float input_scale;
    float output_scale;
    int32_t input_zero_point;
    int32_t output_zero_point;
    int32_t output_min;
    int32_t output_max;
    uint8_t input_type, output_type; /* enum element_type */
};

/* `out` may be where `in` is if its elements are bytes. */
static inline void rescale_f32(const struct rescale_f32 *layer, const void *in, void *out, size_t count)
{
    struct rescale_f32 p;
    flash_copy(&p, layer, sizeof p);

    for (size_t i = 0; i < count; i++) {
        const float real = dequantize_wide(element_read(in, i, p.input_type), p.input_scale, p.input_zero_point);
        const int32_t stored = quantize_within(real, p.output_scale, p.output_zero_point, p.output_min, p.output_max);
        element_write(out, i, p.output_type, stored);
    }
}

#endif
