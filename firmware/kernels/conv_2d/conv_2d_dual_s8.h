/* SPDX-License-Identifier: MIT */
/* Convolution on int8 with dual multiplies, two channels of three pixels at once, weights as small as in bytes
 * (dual_pixels.h). All else is as in conv_2d_chain_s8.h. */
#ifndef KERNELS_CONV_2D_DUAL_S8_H
#define KERNELS_CONV_2D_DUAL_S8_H

#include "../common/dual_pixels.h"
#include "conv_2d_chain_s8.h"

ALWAYS_INLINE void conv_2d_dual(const struct conv_2d_chain_s8 *p, const int8_t *in, int8_t *out, uint32_t *words,
                                int8_t *copied, void (*run_channels)(struct chain_run *))
{
    const struct chain_form form = {dual_fours, run_channels, 6, DUAL_FOUR_BYTES, DUAL_PASS_FOURS, 0};

    conv_2d_chain(p, in, out, words, copied, &form);
}

/* `words` is memory for 24 bytes a group; `copied` for the rows of a strip and three bytes, or NULL where they are read
 * from the image. The layer has one chunk. */
static inline void conv_2d_dual_s8(const struct conv_2d_chain_s8 *layer, const int8_t *in, int8_t *out,
                                   uint32_t *words, int8_t *copied)
{
    conv_2d_dual(layer, in, out, words, copied, dual_run_signed);
}

/* The same, for layers whose scales are fitted. */
static inline void conv_2d_dual_fitted_s8(const struct conv_2d_chain_s8 *layer, const int8_t *in, int8_t *out,
                                          uint32_t *words, int8_t *copied)
{
    conv_2d_dual(layer, in, out, words, copied, dual_run_fitted);
}

#endif
