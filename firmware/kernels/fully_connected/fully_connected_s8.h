/* SPDX-License-Identifier: MIT */
/* Dense layers on int8: out = clamp(scale * (weights * in + bias) + output_zero_point).
 *
 * The bias holds the input's zero point already: bias[o] - input_zero_point * sum(weights[o]). */
#ifndef KERNELS_FULLY_CONNECTED_S8_H
#define KERNELS_FULLY_CONNECTED_S8_H

#include "../common/fixed_point.h"
#include "../common/port.h"

/* One scale for the whole layer. `weights` are `outputs` rows of `inputs`; the arrays lie in FLASH. */
struct fully_connected_s8 {
    size_t inputs;
    size_t outputs;
    const int8_t *weights;
    const int32_t *bias;
    int32_t multiplier;
    int8_t shift;
    int8_t output_zero_point;
    int8_t output_min;
    int8_t output_max;
};

/* One scale for each output. */
struct fully_connected_per_channel_s8 {
    size_t inputs;
    size_t outputs;
    const int8_t *weights;
    const int32_t *bias;
    const int32_t *multipliers;
    const int8_t *shifts;
    int8_t output_zero_point;
    int8_t output_min;
    int8_t output_max;
};

static inline int32_t dot_product_s8(const int8_t *weights, const int8_t *in, size_t inputs, int32_t sum)
{
    for (size_t i = 0; i < inputs; i++) {
        sum += (int32_t)flash_read_s8(&weights[i]) * in[i];
    }
    return sum;
}

static inline void fully_connected_s8(const struct fully_connected_s8 *layer, const int8_t *in, int8_t *out)
{
    struct fully_connected_s8 p;
    flash_copy(&p, layer, sizeof p);

    for (size_t o = 0; o < p.outputs; o++) {
        const int32_t sum = dot_product_s8(&p.weights[o * p.inputs], in, p.inputs, flash_read_s32(&p.bias[o]));
        const int32_t scaled = multiply_by_quantized_multiplier(sum, p.multiplier, p.shift);
        out[o] = clamp_s8(scaled + p.output_zero_point, p.output_min, p.output_max);
    }
}

static inline void fully_connected_per_channel_s8(const struct fully_connected_per_channel_s8 *layer,
                                                  const int8_t *in, int8_t *out)
{
    struct fully_connected_per_channel_s8 p;
    flash_copy(&p, layer, sizeof p);

    for (size_t o = 0; o < p.outputs; o++) {
        const int32_t sum = dot_product_s8(&p.weights[o * p.inputs], in, p.inputs, flash_read_s32(&p.bias[o]));
        const int32_t scaled = multiply_by_quantized_multiplier(sum, flash_read_s32(&p.multipliers[o]),
                                                                flash_read_s8(&p.shifts[o]));
        out[o] = clamp_s8(scaled + p.output_zero_point, p.output_min, p.output_max);
    }
}

/* The same layer on `batches` inputs that follow one another. */
static inline void fully_connected_batches_s8(const struct fully_connected_s8 *layer, const int8_t *in, int8_t *out,
                                              size_t batches)
{
    struct fully_connected_s8 p;
    flash_copy(&p, layer, sizeof p);

    for (size_t b = 0; b < batches; b++) {
        fully_connected_s8(layer, in + b * p.inputs, out + b * p.outputs);
    }
}

static inline void fully_connected_per_channel_batches_s8(const struct fully_connected_per_channel_s8 *layer,
                                                          const int8_t *in, int8_t *out, size_t batches)
{
    struct fully_connected_per_channel_s8 p;
    flash_copy(&p, layer, sizeof p);

    for (size_t b = 0; b < batches; b++) {
        fully_connected_per_channel_s8(layer, in + b * p.inputs, out + b * p.outputs);
    }
}

#endif
