/* SPDX-License-Identifier: MIT */
/* Quotients of two int8 arrays. */
#ifndef KERNELS_DIV_S8_H
#define KERNELS_DIV_S8_H

#include "../common/binary.h"
#include "../common/fixed_point.h"
#include "../common/reciprocal.h"

struct div_s8 {
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

/* TFLM divides by 0 without a check: its arithmetic takes this for 1 / 0, times 2^30. */
#define DIV_ONE_OVER_ZERO INT32_C(-1515870788)

/* x / 2^exponent as rounding_divide_by_power_of_two. Beyond 31, TFLM shifts by more bits than C defines; this is what
 * its build for a computer answers. */
static inline int32_t div_by_power_of_two(int32_t x, int_fast8_t exponent)
{
    if (exponent > 31) {
        return (x >> (exponent & 31)) + (x >= 0);
    }
    return rounding_divide_by_power_of_two(x, exponent);
}

static inline int8_t div_operator_s8(const void *parameters, int8_t first, int8_t second)
{
    const struct div_s8 *p = (const struct div_s8 *)parameters;
    int32_t dividend = first - p->first_zero_point;
    int32_t divisor = second - p->second_zero_point;
    int32_t reciprocal = DIV_ONE_OVER_ZERO;
    int_fast8_t zeros = 32;

    if (divisor < 0) {
        dividend = -dividend;
        divisor = -divisor;
    }
    if (divisor > 0) {
        zeros = leading_zeros((uint32_t)divisor);
        reciprocal = one_over_one_plus((int32_t)(((uint32_t)divisor << zeros) & INT32_MAX));
    }
    /* The dividend moves up as far as its sign allows. */
    const uint32_t magnitude = (uint32_t)(dividend < 0 ? ~dividend : dividend);
    const int_fast8_t headroom = magnitude == 0 ? 31 : (int_fast8_t)(leading_zeros(magnitude) - 1);
    const int32_t quotient = doubling_high_multiply((int32_t)((uint32_t)dividend << headroom), reciprocal);
    const int32_t scaled = div_by_power_of_two(doubling_high_multiply(quotient, p->multiplier),
                                               (int_fast8_t)(31 - zeros + headroom - p->shift));

    /* Wraps, as it does in TFLM, for a quotient near 2^31. */
    const int32_t moved = (int32_t)((uint32_t)scaled + (uint32_t)p->output_zero_point);

    return clamp_s8(moved, p->output_min, p->output_max);
}

/* `out` may be `first` or `second`. */
static inline void div_s8(const struct div_s8 *layer, const int8_t *first, const int8_t *second, int8_t *out,
                          size_t count)
{
    struct div_s8 p;
    flash_copy(&p, layer, sizeof p);
    binary_s8(div_operator_s8, &p, first, p.first_is_in_flash, second, p.second_is_in_flash, out, count);
}

/* `out` may be an input of the output's size. */
static inline void div_broadcast_s8(const struct div_s8 *layer, const struct broadcast *broadcast,
                                    const int8_t *first, const int8_t *second, int8_t *out)
{
    struct div_s8 p;
    flash_copy(&p, layer, sizeof p);
    binary_broadcast_s8(div_operator_s8, &p, broadcast, first, p.first_is_in_flash, second, p.second_is_in_flash,
                        out);
}

#endif
