/* SPDX-License-Identifier: MIT */
/* One slope above zero; below it, the slopes are the second array. */
#ifndef KERNELS_PRELU_S8_H
#define KERNELS_PRELU_S8_H

#include "../common/binary.h"
#include "../common/fixed_point.h"

struct prelu_s8 {
    int32_t positive_multiplier;
    int32_t negative_multiplier;
    int8_t positive_shift;
    int8_t negative_shift;
    int8_t first_zero_point;
    int8_t second_zero_point;
    int8_t output_zero_point;
    uint8_t first_is_in_flash;
    uint8_t second_is_in_flash;
};

static inline int8_t prelu_operator_s8(const void *parameters, int8_t first, int8_t second)
{
    const struct prelu_s8 *p = (const struct prelu_s8 *)parameters;
    const int32_t value = first - p->first_zero_point;
    int32_t scaled;

    if (value >= 0) {
        scaled = multiply_by_quantized_multiplier(value, p->positive_multiplier, p->positive_shift);
    } else {
        scaled = multiply_by_quantized_multiplier(value * (second - p->second_zero_point), p->negative_multiplier,
                                                  p->negative_shift);
    }
    return clamp_s8(scaled + p->output_zero_point, INT8_MIN, INT8_MAX);
}

/* `out` may be `first` or `second`. */
static inline void prelu_s8(const struct prelu_s8 *layer, const int8_t *first, const int8_t *second, int8_t *out,
                            size_t count)
{
    struct prelu_s8 p;
    flash_copy(&p, layer, sizeof p);
    binary_s8(prelu_operator_s8, &p, first, p.first_is_in_flash, second, p.second_is_in_flash, out, count);
}

/* `out` may be an input of the output's size. */
static inline void prelu_broadcast_s8(const struct prelu_s8 *layer, const struct broadcast *broadcast,
                                      const int8_t *first, const int8_t *second, int8_t *out)
{
    struct prelu_s8 p;
    flash_copy(&p, layer, sizeof p);
    binary_broadcast_s8(prelu_operator_s8, &p, broadcast, first, p.first_is_in_flash, second, p.second_is_in_flash,
                        out);
}

#endif
