/* Differences of two int8 arrays with different scales. */
#ifndef KERNELS_SUB_S8_H
#define KERNELS_SUB_S8_H

#include "../add/add_s8.h"

/* `out` may be `a` or `b`. */
static inline void sub_s8(const struct add_s8 *layer, const int8_t *a, const int8_t *b, int8_t *out, size_t count)
{
    add_scaled_s8(layer, a, count, b, count, out, count, -1);
}

/* `out` may be an input of `count` values. */
static inline void sub_broadcast_s8(const struct add_s8 *layer, const int8_t *a, size_t a_count, const int8_t *b,
                                    size_t b_count, int8_t *out, size_t count)
{
    add_scaled_s8(layer, a, a_count, b, b_count, out, count, -1);
}

#endif
