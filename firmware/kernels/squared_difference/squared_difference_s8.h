/* SPDX-License-Identifier: MIT */
/* Squares of the differences of two int8 arrays. */
#ifndef KERNELS_SQUARED_DIFFERENCE_S8_H
#define KERNELS_SQUARED_DIFFERENCE_S8_H

#include "../common/binary.h"
#include "../common/fixed_point.h"

/* The first two multipliers bring both inputs to one scale, with shifts of at most 0, the third squares to the output's. */
struct squared_difference_s8 {
    int32_t first_multiplier;
    int32_t second_multiplier;
    int32_t output_multiplier;
    int8_t first_shift;
    int8_t second_shift;
    int8_t output_shift;
    int8_t first_zero_point;
    int8_t second_zero_point;
    int8_t output_zero_point;
    uint8_t first_is_in_flash;
    uint8_t second_is_in_flash;
};

/* Inputs gain this many bits; a difference then has 15, and its square fits 32. */
#define SQUARED_DIFFERENCE_LEFT_SHIFT 7

static inline int8_t squared_difference_operator_s8(const void *parameters, int8_t first, int8_t second)
{
    const struct squared_difference_s8 *p = (const struct squared_difference_s8 *)parameters;
    const int32_t one = INT32_C(1) << SQUARED_DIFFERENCE_LEFT_SHIFT;
    const int32_t a =
        multiply_by_quantized_multiplier((first - p->first_zero_point) * one, p->first_multiplier, p->first_shift);
    const int32_t b =
        multiply_by_quantized_multiplier((second - p->second_zero_point) * one, p->second_multiplier, p->second_shift);
    const int32_t scaled =
        multiply_by_quantized_multiplier((a - b) * (a - b), p->output_multiplier, p->output_shift);

    return clamp_s8(scaled + p->output_zero_point, INT8_MIN, INT8_MAX);
}

/* `out` may be `first` or `second`. */
static inline void squared_difference_s8(const struct squared_difference_s8 *layer, const int8_t *first, const int8_t *second, int8_t *out,
                                         size_t count)
{
    struct squared_difference_s8 p;
    flash_copy(&p, layer, sizeof p);
    binary_s8(squared_difference_operator_s8, &p, first, p.first_is_in_flash, second, p.second_is_in_flash, out, count);
}

/* `out` may be an input of the output's size. */
static inline void squared_difference_broadcast_s8(const struct squared_difference_s8 *layer, const struct broadcast *broadcast,
                                                   const int8_t *first, const int8_t *second, int8_t *out)
{
    struct squared_difference_s8 p;
    flash_copy(&p, layer, sizeof p);
    binary_broadcast_s8(squared_difference_operator_s8, &p, broadcast, first, p.first_is_in_flash, second, p.second_is_in_flash,
                        out);
}

#endif
