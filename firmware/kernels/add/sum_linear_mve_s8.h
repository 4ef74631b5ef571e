/* SPDX-License-Identifier: MIT */
/* Sums and differences of two int8 arrays as one linear form (add/sum_linear_s8.h), four at a time with Helium. */
#ifndef KERNELS_SUM_LINEAR_MVE_S8_H
#define KERNELS_SUM_LINEAR_MVE_S8_H

#include "../common/mve.h"
#include "sum_linear_s8.h"

#if MVE_INSTRUCTIONS

/* What is the same for all elements. */
struct sum_linear_mve {
    int32x4_t first_factor;
    int32x4_t output_min;
    int32x4_t output_max;
    int32_t second_factor;
    int32_t offset;
    int32_t left_shift;
};

ALWAYS_INLINE int32x4_t sum_linear_four(const struct sum_linear_mve *c, int32x4_t first, int32x4_t second)
{
    const int32x4_t sum = vmlaq_n_s32(vmlasq_n_s32(first, c->first_factor, c->offset), second, c->second_factor);

    return vminq_s32(vmaxq_s32(vshlq_r_s32(sum, c->left_shift), c->output_min), c->output_max);
}

#endif

/* `out` may be `first` or `second`. */
static inline void sum_linear_mve_s8(const struct sum_linear_s8 *layer, const int8_t *first, const int8_t *second,
                                     int8_t *out, size_t count)
{
#if MVE_INSTRUCTIONS
    const struct sum_linear_mve c = {
        vdupq_n_s32(layer->first_factor), vdupq_n_s32(layer->output_min), vdupq_n_s32(layer->output_max),
        layer->second_factor,             layer->offset,                  -layer->shift,
    };

    for (; count >= 4; count -= 4, first += 4, second += 4, out += 4) {
        vstrbq_s32(out, sum_linear_four(&c, vldrbq_s32(first), vldrbq_s32(second)));
    }
    if (count > 0) {
        const mve_pred16_t rest = vctp32q((uint32_t)count);

        vstrbq_p_s32(out, sum_linear_four(&c, vldrbq_z_s32(first, rest), vldrbq_z_s32(second, rest)), rest);
    }
#else
    sum_linear_s8(layer, first, second, out, count);
#endif
}

#endif
