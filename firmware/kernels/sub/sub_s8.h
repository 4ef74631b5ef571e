/* SPDX-License-Identifier: MIT */
/* Differences of two int8 arrays with different scales. */
#ifndef KERNELS_SUB_S8_H
#define KERNELS_SUB_S8_H

#include "../add/add_s8.h"

static inline int8_t sub_operator_s8(const void *parameters, int8_t first, int8_t second)
{
    return add_signed_s8((const struct add_s8 *)parameters, first, second, -1);
}

/* `out` may be `first` or `second`. */
static inline void sub_s8(const struct add_s8 *layer, const int8_t *first, const int8_t *second, int8_t *out,
                          size_t count)
{
    struct add_s8 p;
    flash_copy(&p, layer, sizeof p);
    binary_s8(sub_operator_s8, &p, first, p.first_is_in_flash, second, p.second_is_in_flash, out, count);
}

/* `out` may be an input of the output's size. */
static inline void sub_broadcast_s8(const struct add_s8 *layer, const struct broadcast *broadcast,
                                    const int8_t *first, const int8_t *second, int8_t *out)
{
    struct add_s8 p;
    flash_copy(&p, layer, sizeof p);
    binary_broadcast_s8(sub_operator_s8, &p, broadcast, first, p.first_is_in_flash, second, p.second_is_in_flash,
                        out);
}

#endif
