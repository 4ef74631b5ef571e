/* SPDX-License-Identifier: MIT */
/* Sums and differences of two int8 arrays as one linear form.
 *
 * TFLM scales both inputs, their sum and rounds three times. The host has searched factors and an offset that give the
 * same output for each of the 65,536 pairs of inputs, and has checked that nothing leaves 32 bits. */
#ifndef KERNELS_SUM_LINEAR_S8_H
#define KERNELS_SUM_LINEAR_S8_H

#include "../common/binary.h"
#include "../common/fixed_point.h"

struct sum_linear_s8 {
    int32_t first_factor;
    int32_t second_factor;
    int32_t offset;
    int8_t shift;
    int8_t output_min;
    int8_t output_max;
    uint8_t first_is_in_flash;
    uint8_t second_is_in_flash;
};

static inline int8_t sum_linear_operator_s8(const void *parameters, int8_t first, int8_t second)
{
    const struct sum_linear_s8 *const p = (const struct sum_linear_s8 *)parameters;
    const int32_t sum = p->offset + p->first_factor * first + p->second_factor * second;

    return clamp_s8(sum >> p->shift, p->output_min, p->output_max);
}

/* `out` may be `first` or `second`. */
static inline void sum_linear_s8(const struct sum_linear_s8 *layer, const int8_t *first, const int8_t *second,
                                 int8_t *out, size_t count)
{
    struct sum_linear_s8 p;
    flash_copy(&p, layer, sizeof p);
    binary_s8(sum_linear_operator_s8, &p, first, p.first_is_in_flash, second, p.second_is_in_flash, out, count);
}

/* `out` may be an input of the output's size. */
static inline void sum_linear_broadcast_s8(const struct sum_linear_s8 *layer, const struct broadcast *broadcast,
                                           const int8_t *first, const int8_t *second, int8_t *out)
{
    struct sum_linear_s8 p;
    flash_copy(&p, layer, sizeof p);
    binary_broadcast_s8(sum_linear_operator_s8, &p, broadcast, first, p.first_is_in_flash, second,
                        p.second_is_in_flash, out);
}

#endif
