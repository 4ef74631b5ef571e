/* SPDX-License-Identifier: MIT */
/* Which values of an array are reduced to one output: any axes, neighbours of one kind merged by the host. */
#ifndef KERNELS_REDUCTION_H
#define KERNELS_REDUCTION_H

#include "port.h"

/* Axes in the order of memory, kept and reduced in turn; an axis that is missing has size 1. */
struct reduction {
    size_t kept0;
    size_t reduced0;
    size_t kept1;
    size_t reduced1;
    size_t kept2;
    size_t reduced2;
};

/* The result so far and one more value. */
typedef int32_t reduce_step(int32_t result, int8_t value);

/* One output, beginning with `result`; `in` is the first of its values. */
ALWAYS_INLINE int32_t reduce_values(const struct reduction *r, const int8_t *in, int32_t result, reduce_step *step)
{
    const size_t after1 = r->kept2 * r->reduced2, after0 = r->kept1 * r->reduced1 * after1;

    for (size_t i = 0; i < r->reduced0; i++) {
        for (size_t j = 0; j < r->reduced1; j++) {
            for (size_t k = 0; k < r->reduced2; k++) {
                result = step(result, in[i * after0 + j * after1 + k]);
            }
        }
    }
    return result;
}

/* Where the values of output `index` begin. */
static inline size_t reduce_offset(const struct reduction *r, size_t index)
{
    const size_t k = index % r->kept2, j = index / r->kept2 % r->kept1, i = index / r->kept2 / r->kept1;

    return ((i * r->reduced0 * r->kept1 + j) * r->reduced1 * r->kept2 + k) * r->reduced2;
}

static inline size_t reduce_outputs(const struct reduction *r)
{
    return r->kept0 * r->kept1 * r->kept2;
}

#endif
