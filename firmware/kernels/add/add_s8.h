/* Sums of two int8 arrays with different scales. */
#ifndef KERNELS_ADD_S8_H
#define KERNELS_ADD_S8_H

#include "../common/fixed_point.h"
#include "../common/port.h"

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

/* a + sign * b, for sign 1 or -1. */
static inline int8_t add_one_s8(const struct add_s8 *p, int8_t a, int8_t b, int32_t sign)
{
    const int32_t first = multiply_by_quantized_multiplier((a - p->first_zero_point) * (INT32_C(1) << ADD_LEFT_SHIFT),
                                                           p->first_multiplier, p->first_shift);
    const int32_t second = multiply_by_quantized_multiplier((b - p->second_zero_point) * (INT32_C(1) << ADD_LEFT_SHIFT),
                                                            p->second_multiplier, p->second_shift);
    const int32_t sum =
        multiply_by_quantized_multiplier(first + sign * second, p->output_multiplier, p->output_shift);

    return clamp_s8(sum + p->output_zero_point, p->output_min, p->output_max);
}

/* Each input of fewer than `count` values begins again at its end; it has at least one. */
static inline void add_scaled_s8(const struct add_s8 *layer, const int8_t *a, size_t a_count, const int8_t *b,
                                 size_t b_count, int8_t *out, size_t count, int32_t sign)
{
    struct add_s8 p;
    flash_copy(&p, layer, sizeof p);

    for (size_t i = 0, ia = 0, ib = 0; i < count; i++) {
        out[i] = add_one_s8(&p, operand_read_s8(&a[ia], p.first_is_in_flash),
                            operand_read_s8(&b[ib], p.second_is_in_flash), sign);
        ia = ia + 1 < a_count ? ia + 1 : 0;
        ib = ib + 1 < b_count ? ib + 1 : 0;
    }
}

/* `out` may be `a` or `b`. */
static inline void add_s8(const struct add_s8 *layer, const int8_t *a, const int8_t *b, int8_t *out, size_t count)
{
    add_scaled_s8(layer, a, count, b, count, out, count, 1);
}

/* `out` may be an input of `count` values. */
static inline void add_broadcast_s8(const struct add_s8 *layer, const int8_t *a, size_t a_count, const int8_t *b,
                                    size_t b_count, int8_t *out, size_t count)
{
    add_scaled_s8(layer, a, a_count, b, b_count, out, count, 1);
}

#endif
