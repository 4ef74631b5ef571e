/* SPDX-License-Identifier: MIT */
/* Depthwise convolution on int8 by filters of 3x3 with dual multiplies (planes.h).
 *
 * Four channels at a time are spread to planes of a strip of lines, and each channel's outputs are made from its plane.
 * The last channels of a number that four does not divide are computed together with some before them, again. */
#ifndef KERNELS_DEPTHWISE_CONV_2D_PLANES_S8_H
#define KERNELS_DEPTHWISE_CONV_2D_PLANES_S8_H

#include "../common/planes.h"

/* One axis of the image: its size and the bytes from one pixel to the next, padding before it, outputs along it and the
 * bytes from one of them to the next. */
struct plane_axis {
    size_t size;
    size_t step;
    size_t before;
    size_t outputs;
    size_t output_step;
};

/* `lines` is the axis across the planes' lines, `positions` the one along them. `positions_used` lie on a line of a
 * plane, padding included; a strip has `strip_pairs` pairs of lines. `weights`: `channel_words` of each channel, as
 * planes.h says. */
struct depthwise_conv_2d_planes_s8 {
    struct plane_axis lines;
    struct plane_axis positions;
    size_t batches;
    size_t image_bytes;
    size_t output_bytes;
    size_t depth;
    size_t positions_used;
    size_t strip_pairs;
    size_t rest;
    int8_t zero_point;
    const uint32_t *weights;
    size_t channel_words;
};

/* Where a line of the plane begins in the image, or NULL; counted from the first padded line. */
static inline const int8_t *plane_line(const struct depthwise_conv_2d_planes_s8 *p, const int8_t *in, size_t line)
{
    const bool is_inside = line >= p->lines.before && line < p->lines.before + p->lines.size;

    return is_inside ? in + (line - p->lines.before) * p->lines.step : NULL;
}

/* One pair of lines from line `line` on, as words 0 to `first` and, unless it is NULL, as words 1 to `second`. */
static inline void plane_spread_pair(const struct depthwise_conv_2d_planes_s8 *p, const int8_t *in, size_t line,
                                     uint32_t *first, uint32_t *second)
{
    const int8_t zeros[PLANE_CHANNELS] = {p->zero_point, p->zero_point, p->zero_point, p->zero_point};
    const uint32_t outside = (uint32_t)(uint16_t)p->zero_point * 0x10001u;
    const size_t before = p->positions.before, used = p->positions_used - before;
    const size_t inside = used < p->positions.size ? used : p->positions.size;
    const int8_t *const low = plane_line(p, in, line), *const high = plane_line(p, in, line + 1);
    const struct plane_pair pair = {
        low != NULL ? low : zeros,
        high != NULL ? high : zeros,
        low != NULL ? p->positions.step : 0,
        high != NULL ? p->positions.step : 0,
        first + before * PLANE_WORDS,
        second != NULL ? second + before * PLANE_WORDS : NULL,
        first + (before + inside) * PLANE_WORDS,
    };
    const bool is_outside = low == NULL && high == NULL;

    for (uint32_t *to = first; to != NULL; to = to == first ? second : NULL) {
        plane_spread_word(outside, is_outside ? p->positions_used : before, to);
        plane_spread_word(outside, is_outside ? 0 : used - inside, to + (before + inside) * PLANE_WORDS);
    }
    if (is_outside) {
        return;
    }
    if (second != NULL) {
        plane_spread_twice(&pair);
    } else {
        plane_spread_once(&pair);
    }
}

/* Spreads `pairs` pairs of lines of four channels from line `line` on, and the pair behind them. */
static inline void plane_spread(const struct depthwise_conv_2d_planes_s8 *p, const int8_t *in, size_t line,
                                size_t pairs, uint32_t *plane)
{
    const size_t line_words = p->positions_used * PLANE_WORDS;

    /* The first pair is no line's words 1, and the last one no line's words 0. */
    plane_spread_pair(p, in, line, plane, NULL);
    for (size_t pair = 1; pair < pairs; pair++) {
        plane_spread_pair(p, in, line + 2 * pair, plane + pair * line_words, plane + (pair - 1) * line_words + 1);
    }
    plane_spread_pair(p, in, line + 2 * pairs, plane + (pairs - 1) * line_words + 1, NULL);
}

/* A channel without weights: all outputs are alike. */
static inline void plane_fill(const struct plane_run *run, size_t count)
{
    int8_t *line = run->out;

    for (size_t i = 0; i < run->lines; i++, line += run->line_step) {
        int8_t *out = line;

        for (size_t j = 0; j < count; j++, out += run->pixel_step) {
            *out = (int8_t)(run->offset >> run->shift);
        }
    }
}

/* The outputs of one image; `lines_a_pair` is 2 with stride 1, else 1. */
ALWAYS_INLINE void depthwise_planes(const struct depthwise_conv_2d_planes_s8 *p, const int8_t *in, int8_t *out,
                                    uint32_t *plane, size_t lines_a_pair, void (*run_lines)(const struct plane_run *))
{
    const size_t strip_lines = p->strip_pairs * lines_a_pair, line_words = p->positions_used * PLANE_WORDS;

    for (size_t next = 0; next < p->depth; next += PLANE_CHANNELS) {
        const size_t channel = next + PLANE_CHANNELS <= p->depth ? next : p->depth - PLANE_CHANNELS;

        for (size_t line = 0; line < p->lines.outputs; line += strip_lines) {
            const size_t left = p->lines.outputs - line, lines = left < strip_lines ? left : strip_lines;

            plane_spread(p, in + channel, line / lines_a_pair * 2, (lines + lines_a_pair - 1) / lines_a_pair, plane);
            for (size_t i = 0; i < PLANE_CHANNELS; i++) {
                const uint32_t *const filters = p->weights + (channel + i) * p->channel_words;
                const uint32_t *const scale = filters + lines_a_pair * PLANE_FILTER_WORDS;
                const struct plane_run run = {
                    (int32_t)scale[1],
                    (int32_t)scale[0],
                    p->positions.output_step,
                    (int32_t)scale[2],
                    plane + line_words + 2 * i,
                    out + line * p->lines.output_step + channel + i,
                    lines,
                    p->lines.output_step,
                    p->rest,
                    filters,
                    plane + 2 * i,
                    line_words * sizeof *plane,
                };

                if (run.multiplier == 0) {
                    plane_fill(&run, p->positions.outputs);
                } else {
                    run_lines(&run);
                }
            }
        }
    }
}

ALWAYS_INLINE void depthwise_planes_batches(const struct depthwise_conv_2d_planes_s8 *p, const int8_t *in, int8_t *out,
                                            uint32_t *plane, size_t lines_a_pair,
                                            void (*run_lines)(const struct plane_run *))
{
    for (size_t batch = 0; batch < p->batches; batch++, in += p->image_bytes, out += p->output_bytes) {
        depthwise_planes(p, in, out, plane, lines_a_pair, run_lines);
    }
}

/* Stride 1. `plane` is memory for `strip_pairs` lines of `positions_used` positions, 32 bytes each. */
static inline void depthwise_conv_2d_planes_s8(const struct depthwise_conv_2d_planes_s8 *layer, const int8_t *in,
                                               int8_t *out, uint32_t *plane)
{
    depthwise_planes_batches(layer, in, out, plane, 2, plane_run_1_signed);
}

/* For layers whose lowest output is that of a sum of 0. */
static inline void depthwise_conv_2d_planes_relu_s8(const struct depthwise_conv_2d_planes_s8 *layer, const int8_t *in,
                                                    int8_t *out, uint32_t *plane)
{
    depthwise_planes_batches(layer, in, out, plane, 2, plane_run_1_unsigned);
}

/* For layers whose scales the host has fitted. */
static inline void depthwise_conv_2d_planes_fitted_s8(const struct depthwise_conv_2d_planes_s8 *layer, const int8_t *in,
                                                      int8_t *out, uint32_t *plane)
{
    depthwise_planes_batches(layer, in, out, plane, 2, plane_run_1_fitted);
}

/* Stride 2. */
static inline void depthwise_conv_2d_planes_stride_2_s8(const struct depthwise_conv_2d_planes_s8 *layer,
                                                        const int8_t *in, int8_t *out, uint32_t *plane)
{
    depthwise_planes_batches(layer, in, out, plane, 1, plane_run_2_signed);
}

static inline void depthwise_conv_2d_planes_stride_2_relu_s8(const struct depthwise_conv_2d_planes_s8 *layer,
                                                             const int8_t *in, int8_t *out, uint32_t *plane)
{
    depthwise_planes_batches(layer, in, out, plane, 1, plane_run_2_unsigned);
}

static inline void depthwise_conv_2d_planes_stride_2_fitted_s8(const struct depthwise_conv_2d_planes_s8 *layer,
                                                               const int8_t *in, int8_t *out, uint32_t *plane)
{
    depthwise_planes_batches(layer, in, out, plane, 1, plane_run_2_fitted);
}

#endif
