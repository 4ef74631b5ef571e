/* SPDX-License-Identifier: MIT */
/* The index of the greatest value, or of the least one; of equal values the first. */
#ifndef KERNELS_ARG_MAX_S8_H
#define KERNELS_ARG_MAX_S8_H

#include "../common/port.h"

/* `outer` blocks of `count` rows of `stride` values: each column of a block gives one index. */
static inline void arg_max_s8(const int8_t *in, int32_t *out, size_t outer, size_t count, size_t stride,
                              uint8_t greatest)
{
    for (; outer > 0; outer--, in += count * stride) {
        for (size_t column = 0; column < stride; column++) {
            size_t best = 0;
            int8_t found = in[column];
            for (size_t row = 1; row < count; row++) {
                const int8_t value = in[row * stride + column];
                if (greatest ? value > found : value < found) {
                    found = value;
                    best = row;
                }
            }
            *out++ = (int32_t)best;
        }
    }
}

#endif
