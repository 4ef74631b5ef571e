/* SPDX-License-Identifier: MIT */
/* One slope above zero, another below. */
#ifndef KERNELS_LEAKY_RELU_S8_H
#define KERNELS_LEAKY_RELU_S8_H

#include "../common/fixed_point.h"
#include "../common/port.h"

struct leaky_relu_s8 {
    int32_t positive_multiplier;
    int32_t negative_multiplier;
    int8_t positive_shift;
    int8_t negative_shift;
    int8_t input_zero_point;
    int8_t output_zero_point;
};

/* `in` and `out` may be the same. */
static inline void leaky_relu_s8(const struct leaky_relu_s8 *layer, const int8_t *in, int8_t *out, size_t count)
{
    struct leaky_relu_s8 p;
    flash_copy(&p, layer, sizeof p);

    for (size_t i = 0; i < count; i++) {
        const int32_t value = in[i] - p.input_zero_point;
        const int32_t scaled =
            value >= 0 ? multiply_by_quantized_multiplier(value, p.positive_multiplier, p.positive_shift)
                       : multiply_by_quantized_multiplier(value, p.negative_multiplier, p.negative_shift);
        out[i] = clamp_s8(scaled + p.output_zero_point, -128, 127);
    }
}

#endif
