/* SPDX-License-Identifier: MIT */
/* The highest int8 over any axes. */
#ifndef KERNELS_REDUCE_MAX_S8_H
#define KERNELS_REDUCE_MAX_S8_H

#include "../common/reduction.h"

static inline int32_t reduce_max(int32_t highest, int8_t value)
{
    return value > highest ? value : highest;
}

static inline void reduce_max_s8(const struct reduction *axes, const int8_t *in, int8_t *out)
{
    struct reduction p;
    flash_copy(&p, axes, sizeof p);

    for (size_t i = 0; i < reduce_outputs(&p); i++) {
        out[i] = (int8_t)reduce_values(&p, in + reduce_offset(&p, i), INT8_MIN, reduce_max);
    }
}

#endif
