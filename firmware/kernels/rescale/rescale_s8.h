/* SPDX-License-Identifier: MIT */
/* Another scale and zero point for the same numbers. */
#ifndef KERNELS_RESCALE_S8_H
#define KERNELS_RESCALE_S8_H

#include "../common/fixed_point.h"
#include "../common/port.h"

struct rescale_s8 {
    int32_t multiplier;
    int8_t shift;
    int8_t input_zero_point;
    int8_t output_zero_point;
    int8_t output_min;
    int8_t output_max;
};

/* `in` and `out` may be the same. */
static inline void rescale_s8(const struct rescale_s8 *layer, const int8_t *in, int8_t *out, size_t count)
{
    struct rescale_s8 p;
    flash_copy(&p, layer, sizeof p);

    for (size_t i = 0; i < count; i++) {
        const int32_t scaled = multiply_by_quantized_multiplier(in[i] - p.input_zero_point, p.multiplier, p.shift);
        out[i] = clamp_s8(scaled + p.output_zero_point, p.output_min, p.output_max);
    }
}

#endif
