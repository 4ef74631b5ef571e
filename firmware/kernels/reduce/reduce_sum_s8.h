/* SPDX-License-Identifier: MIT */
/* SUM and MEAN of int8 over any axes, with a scale of the output's own; MEAN's multiplier holds 1 / count already. */
#ifndef KERNELS_REDUCE_SUM_S8_H
#define KERNELS_REDUCE_SUM_S8_H

#include "../common/fixed_point.h"
#include "../common/reduction.h"

/* `offset` is the input's zero point times the number of values that one output sums. */
struct reduce_sum_s8 {
    struct reduction axes;
    int32_t offset;
    int32_t multiplier;
    int8_t shift;
    int8_t output_zero_point;
};

static inline int32_t reduce_add(int32_t sum, int8_t value)
{
    return sum + value;
}

static inline void reduce_sum_s8(const struct reduce_sum_s8 *layer, const int8_t *in, int8_t *out)
{
    struct reduce_sum_s8 p;
    flash_copy(&p, layer, sizeof p);

    for (size_t i = 0; i < reduce_outputs(&p.axes); i++) {
        const int32_t sum = reduce_values(&p.axes, in + reduce_offset(&p.axes, i), -p.offset, reduce_add);
        const int32_t scaled = multiply_by_quantized_multiplier(sum, p.multiplier, p.shift);
        out[i] = clamp_s8(scaled + p.output_zero_point, INT8_MIN, INT8_MAX);
    }
}

#endif
