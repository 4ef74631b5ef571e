/* SPDX-License-Identifier: MIT */
/* Sums of two int8 arrays with different scales. */
#ifndef KERNELS_ADD_S8_H
#define KERNELS_ADD_S8_H

#include "../common/binary.h"
#include "../common/fixed_point.h"

/* The multipliers bring both inputs to one scale, and their sum to the output's; no shift is above 0. */
struct add_s8 {
    int32_t first_multiplier;
    int32_t second_multiplier;
    int32_t output_multiplier;
    int8_t first_shift;
    int8_t second_shift;
    int8_t output_shift;
    int8_t first_zero_point;
    int8_t second_zero_point;
    int8_t output_zero_point;
    int8_t output_min;
    int8_t output_max;
    uint8_t first_is_in_flash;
    uint8_t second_is_in_flash;
};

/* Inputs gain this many bits before they are scaled, so that rounding does not show. */
#define ADD_LEFT_SHIFT 20

/* first + sign * second, for sign 1 or -1. */
static inline int8_t add_signed_s8(const struct add_s8 *p, int8_t first, int8_t second, int32_t sign)
{
    const int32_t a = multiply_by_quantized_multiplier(
        (first - p->first_zero_point) * (INT32_C(1) << ADD_LEFT_SHIFT), p->first_multiplier, p->first_shift);
    const int32_t b = multiply_by_quantized_multiplier(
        (second - p->second_zero_point) * (INT32_C(1) << ADD_LEFT_SHIFT), p->second_multiplier, p->second_shift);
    const int32_t sum = multiply_by_quantized_multiplier(a + sign * b, p->output_multiplier, p->output_shift);

    return clamp_s8(sum + p->output_zero_point, p->output_min, p->output_max);
}

static inline int8_t add_operator_s8(const void *parameters, int8_t first, int8_t second)
{
    return add_signed_s8((const struct add_s8 *)parameters, first, second, 1);
}

/* `out` may be `first` or `second`. */
static inline void add_s8(const struct add_s8 *layer, const int8_t *first, const int8_t *second, int8_t *out,
                          size_t count)
{
    struct add_s8 p;
    flash_copy(&p, layer, sizeof p);
    binary_s8(add_operator_s8, &p, first, p.first_is_in_flash, second, p.second_is_in_flash, out, count);
}

/* `out` may be an input of the output's size. */
static inline void add_broadcast_s8(const struct add_s8 *layer, const struct broadcast *broadcast, const int8_t *first,
                                    const int8_t *second, int8_t *out)
{
    struct add_s8 p;
    flash_copy(&p, layer, sizeof p);
    binary_broadcast_s8(add_operator_s8, &p, broadcast, first, p.first_is_in_flash, second, p.second_is_in_flash, out);
}

#endif
