/* SPDX-License-Identifier: MIT */
/* Products of two int8 arrays. */
#ifndef KERNELS_MUL_S8_H
#define KERNELS_MUL_S8_H

#include "../common/binary.h"
#include "../common/fixed_point.h"

struct mul_s8 {
    int32_t multiplier;
    int8_t shift;
    int8_t first_zero_point;
    int8_t second_zero_point;
    int8_t output_zero_point;
    int8_t output_min;
    int8_t output_max;
    uint8_t first_is_in_flash;
    uint8_t second_is_in_flash;
};

static inline int8_t mul_operator_s8(const void *parameters, int8_t first, int8_t second)
{
    const struct mul_s8 *p = (const struct mul_s8 *)parameters;
    const int32_t product = (int32_t)(first - p->first_zero_point) * (second - p->second_zero_point);
    const int32_t scaled = multiply_by_quantized_multiplier(product, p->multiplier, p->shift);

    return clamp_s8(scaled + p->output_zero_point, p->output_min, p->output_max);
}

/* `out` may be `first` or `second`. */
static inline void mul_s8(const struct mul_s8 *layer, const int8_t *first, const int8_t *second, int8_t *out,
                          size_t count)
{
    struct mul_s8 p;
    flash_copy(&p, layer, sizeof p);
    binary_s8(mul_operator_s8, &p, first, p.first_is_in_flash, second, p.second_is_in_flash, out, count);
}

/* `out` may be an input of the output's size. */
static inline void mul_broadcast_s8(const struct mul_s8 *layer, const struct broadcast *broadcast,
                                    const int8_t *first, const int8_t *second, int8_t *out)
{
    struct mul_s8 p;
    flash_copy(&p, layer, sizeof p);
    binary_broadcast_s8(mul_operator_s8, &p, broadcast, first, p.first_is_in_flash, second, p.second_is_in_flash,
                        out);
}

#endif
