/* SPDX-License-Identifier: MIT */
/* The larger of two stored values each. */
#ifndef KERNELS_MAXIMUM_S8_H
#define KERNELS_MAXIMUM_S8_H

#include "../common/binary.h"

struct maximum_s8 {
    uint8_t first_is_in_flash;
    uint8_t second_is_in_flash;
};

static inline int8_t maximum_operator_s8(const void *parameters, int8_t first, int8_t second)
{
    (void)parameters;
    return first > second ? first : second;
}

/* `out` may be `first` or `second`. */
static inline void maximum_s8(const struct maximum_s8 *layer, const int8_t *first, const int8_t *second, int8_t *out,
                              size_t count)
{
    struct maximum_s8 p;
    flash_copy(&p, layer, sizeof p);
    binary_s8(maximum_operator_s8, &p, first, p.first_is_in_flash, second, p.second_is_in_flash, out, count);
}

/* `out` may be an input of the output's size. */
static inline void maximum_broadcast_s8(const struct maximum_s8 *layer, const struct broadcast *broadcast,
                                        const int8_t *first, const int8_t *second, int8_t *out)
{
    struct maximum_s8 p;
    flash_copy(&p, layer, sizeof p);
    binary_broadcast_s8(maximum_operator_s8, &p, broadcast, first, p.first_is_in_flash, second, p.second_is_in_flash,
                        out);
}

#endif
