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

/* What of a plane's line lies before, inside and after the image. */
static inline struct plane_source plane_line(const struct depthwise_conv_2d_planes_s8 *p, const int8_t *in, size_t line,
                                             const int8_t *outside)
{
    struct plane_source source = {outside, 0};

    /* Counted from the first padded line, so that no number is below zero. */
    if (line >= p->lines.before && line < p->lines.before + p->lines.size) {
        source.pixels = in + (line - p->lines.before) * p->lines.step;
        source.step = p->positions.step;
    }
    return source;
}

/* Spreads `pairs` pairs of lines of four channels from line `line` on, and the pair behind them. */
static inline void plane_spread(const struct depthwise_conv_2d_planes_s8 *p, const int8_t *in, size_t line,
                                size_t pairs, uint32_t *plane)
{
    int8_t zeros[PLANE_CHANNELS];
    const struct plane_source outside = {zeros, 0};
    const size_t line_words = p->positions_used * PLANE_WORDS, used = p->positions_used - p->positions.before;
    const size_t inside = used < p->positions.size ? used : p->positions.size;

    memset(zeros, p->zero_point, sizeof zeros);
    for (size_t pair = 0; pair <= pairs; pair++, line += 2, plane += line_words) {
        /* The first pair is no line's words 1, and the last one no line's words 0. */
        uint32_t *first = pair < pairs ? plane : plane - line_words + 1;
        uint32_t *second = pair > 0 ? plane - line_words + 1 : plane;

        plane_positions(outside, outside, p->positions.before, first, second);
        first += p->positions.before * PLANE_WORDS;
        second += p->positions.before * PLANE_WORDS;
        plane_positions(plane_line(p, in, line, zeros), plane_line(p, in, line + 1, zeros), inside, first, second);
        plane_positions(outside, outside, used - inside, first + inside * PLANE_WORDS, second + inside * PLANE_WORDS);
    }
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
