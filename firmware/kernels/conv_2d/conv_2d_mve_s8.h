/* SPDX-License-Identifier: MIT */
/* Convolution on int8 with Helium, four channels of two pixels at a time (common/mve_products.h).
 *
 * Outputs are computed along lines: down the columns of an image, or along its rows. A strip holds what the outputs of a
 * line see, position by position, so that each window is one piece of it; neighbouring windows share what they have in
 * common. Filters of 1x1 on multiples of sixteen channels need no strip. */
#ifndef KERNELS_CONV_2D_MVE_S8_H
#define KERNELS_CONV_2D_MVE_S8_H

#include "../common/mve_axis.h"
#include "../common/mve_products.h"

/* `entry_bytes` lie in the strip for each of `positions_used`: the channels of the window's taps across the line. */
struct conv_2d_mve_s8 {
    struct mve_axis lines;
    struct mve_axis positions;
    size_t batches;
    size_t image_bytes;
    size_t output_bytes;
    size_t depth;
    size_t entry_bytes;
    size_t positions_used;
    int8_t zero_point;
    struct mve_products products;
};

/* What the outputs of a line see. Padding at the ends of a line stays from one line to the next. */
static inline void conv_2d_mve_strip(const struct conv_2d_mve_s8 *p, const int8_t *image, size_t line, int8_t *strip)
{
    const struct mve_taps taps = mve_taps(&p->lines, line * p->lines.stride, p->lines.taps);
    const struct mve_taps along = mve_taps(&p->positions, 0, p->positions_used);
    const bool is_one_piece = p->lines.step == p->depth;
    const size_t piece_bytes = is_one_piece ? taps.inside * p->depth : p->depth;

    if (line == 0 || taps.inside < p->lines.taps) {
        mve_fill(strip, p->zero_point, p->positions_used * p->entry_bytes);
    }
    image += taps.first * p->lines.step + along.first * p->positions.step;
    strip += along.before * p->entry_bytes + taps.before * p->depth;
    for (size_t i = is_one_piece && taps.inside > 0 ? 1 : taps.inside; i > 0; i--) {
        mve_copy_pieces(strip, p->entry_bytes, image, p->positions.step, piece_bytes, along.inside);
        image += p->lines.step;
        strip += p->depth;
    }
}

ALWAYS_INLINE void conv_2d_mve(const struct conv_2d_mve_s8 *p, const int8_t *in, int8_t *out, int8_t *strip,
                               bool is_signed)
{
    const size_t step = p->positions.stride * (strip != NULL ? p->entry_bytes : p->positions.step);

    for (size_t batch = p->batches; batch > 0; batch--, in += p->image_bytes, out += p->output_bytes) {
        for (size_t line = 0; line < p->lines.outputs; line++) {
            const int8_t *first = in + line * p->lines.stride * p->lines.step;

            if (strip != NULL) {
                conv_2d_mve_strip(p, in, line, strip);
                first = strip;
            }
            mve_pixels(&p->products, first, step, out + line * p->lines.output_step, p->positions.output_step,
                       p->positions.outputs, is_signed);
        }
    }
}

static inline void conv_2d_mve_s8(const struct conv_2d_mve_s8 *layer, const int8_t *in, int8_t *out, int8_t *strip)
{
    conv_2d_mve(layer, in, out, strip, true);
}

/* For outputs that are clamped at what a sum of 0 gives, or above. */
static inline void conv_2d_mve_relu_s8(const struct conv_2d_mve_s8 *layer, const int8_t *in, int8_t *out, int8_t *strip)
{
    conv_2d_mve(layer, in, out, strip, false);
}

#endif
