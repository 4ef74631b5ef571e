/* SPDX-License-Identifier: MIT */
/* Convolution on int8 by filters of 3x3 with stride 1, in tiles of 2x2 outputs (winograd.h): less than half of the
 * weights of tiles of 4x4.
 *
 *     B' =  1  0 -1  0     G =  2  0  0     A' =  1  1  1  0     (scaled by 2)
 *           0  1  1  0          1  1  1           0  1 -1 -1
 *           0 -1  1  0          1 -1  1
 *           0  1  0 -1          0  0  2
 *
 * V lies between -2 * 255 and 4 * 255, |U| is at most 9 * 128. */
#ifndef KERNELS_CONV_2D_WINOGRAD_2_S8_H
#define KERNELS_CONV_2D_WINOGRAD_2_S8_H

#include "../common/winograd_tiles.h"

#define WINOGRAD_2_SIZE 2
#define WINOGRAD_2_LIFT 1024u

/* B' d, and the lift added to each. */
static inline void winograd_2_inputs(const uint32_t d[4], uint32_t lift, uint32_t *v, size_t step)
{
    const uint32_t lifted = d[1] + lift;

    v[0] = d[0] + lift - d[2];
    v[step] = lifted + d[2];
    v[2 * step] = d[2] + lift - d[1];
    v[3 * step] = lifted - d[3];
}

/* A' m. */
static inline void winograd_2_outputs(const uint32_t *m, uint32_t *y, size_t step)
{
    y[0] = m[0] + m[1] + m[2];
    y[step] = m[1] - m[2] - m[3];
}

NEVER_INLINE void winograd_2_transform_inputs(const struct winograd_tile *p)
{
    uint32_t *const even = p->spare, *const odd = even + 16, *inputs = p->inputs;
    const size_t step = p->step / sizeof *inputs;
    const uint32_t *row = p->tile;

    for (size_t y = 0; y < 4; y++, row += p->row_bytes / sizeof *row) {
        const uint32_t *from = row;
        uint32_t d[4], e[4];

        for (size_t x = 0; x < 4; x++, from += p->pixel_bytes / sizeof *from) {
            d[x] = even_unsigned(*from);
            e[x] = odd_unsigned(*from);
        }
        winograd_2_inputs(d, 0, &even[y], 4);
        winograd_2_inputs(e, 0, &odd[y], 4);
    }
    for (size_t x = 0; x < 16; x += 4, inputs += 4 * step) {
        winograd_2_inputs(&even[x], WINOGRAD_2_LIFT, inputs, step);
        winograd_2_inputs(&odd[x], WINOGRAD_2_LIFT, inputs + 2, step);
    }
}

ALWAYS_INLINE void winograd_2_transform_sums(const struct winograd_outputs *outputs, bool is_signed)
{
    const uint32_t bias = outputs->scale[0];
    const int32_t multiplier = (int32_t)outputs->scale[1], offset = (int32_t)outputs->scale[2];
    const int32_t shift = (int32_t)outputs->scale[3];
    int8_t *row = outputs->out;
    uint32_t lines[8];

    for (size_t x = 0; x < 4; x++) {
        winograd_2_outputs(&outputs->sums[4 * x], &lines[x], 4);
    }
    for (size_t i = 0; i < 2; i++, row += outputs->row_step) {
        int8_t *to = row;
        uint32_t y[2];

        winograd_2_outputs(&lines[4 * i], y, 1);
        for (size_t x = 0; x < 2; x++, to += outputs->pixel_step) {
            *to = requantize_saturated((int32_t)((y[x] << 6) + bias), multiplier, offset, shift, is_signed);
        }
    }
}

NEVER_INLINE void winograd_2_transform_signed(const struct winograd_outputs *outputs)
{
    winograd_2_transform_sums(outputs, true);
}

NEVER_INLINE void winograd_2_transform_unsigned(const struct winograd_outputs *outputs)
{
    winograd_2_transform_sums(outputs, false);
}

/* `strip` is memory for four rows, `inputs` for 16 positions of two tiles in all chunks, and two words, `sums` for 144
 * words, or twice as many if there are several chunks. */
static inline void conv_2d_winograd_2_s8(const struct conv_2d_winograd_s8 *layer, const int8_t *in, int8_t *out,
                                         uint32_t *strip, uint32_t *inputs, uint32_t *sums)
{
    conv_2d_winograd(layer, in, out, strip, inputs, sums, WINOGRAD_2_SIZE, winograd_2_transform_inputs,
                     winograd_2_transform_signed);
}

/* For layers whose lowest output is that of a sum of 0. */
static inline void conv_2d_winograd_2_relu_s8(const struct conv_2d_winograd_s8 *layer, const int8_t *in, int8_t *out,
                                              uint32_t *strip, uint32_t *inputs, uint32_t *sums)
{
    conv_2d_winograd(layer, in, out, strip, inputs, sums, WINOGRAD_2_SIZE, winograd_2_transform_inputs,
                     winograd_2_transform_unsigned);
}

#endif
