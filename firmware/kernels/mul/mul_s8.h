/* Products of two int8 arrays. */
#ifndef KERNELS_MUL_S8_H
#define KERNELS_MUL_S8_H

#include "../common/fixed_point.h"
#include "../common/port.h"

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

/* Each input of fewer than `count` values begins again at its end; it has at least one. `out` may be an input of
 * `count` values. */
static inline void mul_broadcast_s8(const struct mul_s8 *layer, const int8_t *a, size_t a_count, const int8_t *b,
                                    size_t b_count, int8_t *out, size_t count)
{
    struct mul_s8 p;
    flash_copy(&p, layer, sizeof p);

    for (size_t i = 0, ia = 0, ib = 0; i < count; i++) {
        const int8_t first = operand_read_s8(&a[ia], p.first_is_in_flash);
        const int8_t second = operand_read_s8(&b[ib], p.second_is_in_flash);
        const int32_t product = (int32_t)(first - p.first_zero_point) * (second - p.second_zero_point);
        const int32_t scaled = multiply_by_quantized_multiplier(product, p.multiplier, p.shift);
        out[i] = clamp_s8(scaled + p.output_zero_point, p.output_min, p.output_max);
        ia = ia + 1 < a_count ? ia + 1 : 0;
        ib = ib + 1 < b_count ? ib + 1 : 0;
    }
}

/* `out` may be `a` or `b`. */
static inline void mul_s8(const struct mul_s8 *layer, const int8_t *a, const int8_t *b, int8_t *out, size_t count)
{
    mul_broadcast_s8(layer, a, count, b, count, out, count);
}

#endif
