/* SPDX-License-Identifier: MIT */
/* Another type, scale and zero point for the same numbers. */
#ifndef KERNELS_RESCALE_ELEMENTS_H
#define KERNELS_RESCALE_ELEMENTS_H

#include "../common/elements.h"
#include "../common/fixed_point.h"

struct rescale_elements {
    int32_t input_zero_point;
    int32_t multiplier;
    int32_t output_zero_point;
    int8_t shift;
    uint8_t input_type, output_type; /* enum element_type */
};

/* `out` may be where `in` is if its elements are bytes. An int32 less its zero point wraps at 32 bits, as in TFLM. */
static inline void rescale_elements(const struct rescale_elements *layer, const void *in, void *out, size_t count)
{
    struct rescale_elements p;
    flash_copy(&p, layer, sizeof p);

    for (size_t i = 0; i < count; i++) {
        const uint32_t stored = (uint32_t)element_read(in, i, p.input_type);
        const int32_t steps = (int32_t)(stored - (uint32_t)p.input_zero_point);
        const int32_t scaled = multiply_by_quantized_multiplier(steps, p.multiplier, p.shift);
        element_write(out, i, p.output_type, scaled + p.output_zero_point);
    }
}

#endif
