/* SPDX-License-Identifier: MIT */
/* The smaller of two stored values each. */
#ifndef KERNELS_MINIMUM_S8_H
#define KERNELS_MINIMUM_S8_H

#include "../maximum/maximum_s8.h"

static inline int8_t minimum_operator_s8(const void *parameters, int8_t first, int8_t second)
{
    (void)parameters;
    return first < second ? first : second;
}

/* `out` may be `first` or `second`. */
static inline void minimum_s8(const struct maximum_s8 *layer, const int8_t *first, const int8_t *second, int8_t *out,
                              size_t count)
{
    struct maximum_s8 p;
    flash_copy(&p, layer, sizeof p);
    binary_s8(minimum_operator_s8, &p, first, p.first_is_in_flash, second, p.second_is_in_flash, out, count);
}

/* `out` may be an input of the output's size. */
static inline void minimum_broadcast_s8(const struct maximum_s8 *layer, const struct broadcast *broadcast,
                                        const int8_t *first, const int8_t *second, int8_t *out)
{
    struct maximum_s8 p;
    flash_copy(&p, layer, sizeof p);
    binary_broadcast_s8(minimum_operator_s8, &p, broadcast, first, p.first_is_in_flash, second, p.second_is_in_flash,
                        out);
}

#endif
