/* SPDX-License-Identifier: MIT */
/* Depthwise convolution on int8 by filters of 3x3, for processors with many registers or cheap multiplies: a channel's
 * nine weights stay in registers while outputs are made along a line, and each input is read once for three of them.
 *
 * Lines are the image's rows, or its columns if those are longer; filters are transposed then. Three lines of inputs
 * are copied with their padding. */
#ifndef KERNELS_DEPTHWISE_CONV_2D_LINES_S8_H
#define KERNELS_DEPTHWISE_CONV_2D_LINES_S8_H

#include "../common/requantize.h"
#include "../common/window.h"

#define LINES_FILTER 3
#define LINES_CHANNEL_WORDS 13

/* Inputs along one direction of the image, `step` bytes apart, with `before` of padding before them, and outputs. */
struct line_axis {
    size_t size;
    size_t step;
    size_t before;
    size_t stride;
    size_t outputs;
    size_t output_step;
};

/* `lines` counts lines, `positions` pixels along a line, of which `positions_used` with padding are seen by outputs.
 * `words` has for each channel its filter times 256, line by line, then the bias (the input's zero point folded in)
 * times 256, multiplier, offset and shift. */
struct depthwise_conv_2d_lines_s8 {
    struct line_axis lines;
    struct line_axis positions;
    size_t batches;
    size_t image_bytes;
    size_t output_bytes;
    size_t depth;
    size_t positions_used;
    int8_t zero_point;
    const int32_t *words;
};

/* One channel of three lines of inputs, `step` bytes from one pixel to the next, and where its outputs go. */
struct line_run {
    const int8_t *lines[LINES_FILTER];
    size_t step;
    int8_t *out;
    size_t out_step;
    size_t count;
};

/* A column of the filter, or of inputs. */
struct line_column {
    uint32_t first;
    uint32_t second;
    uint32_t third;
};

ALWAYS_INLINE struct line_column line_weights(const int32_t *words)
{
    const struct line_column weights = {(uint32_t)words[0], (uint32_t)words[3], (uint32_t)words[6]};

    return weights;
}

ALWAYS_INLINE struct line_column line_inputs(const int8_t *first, const int8_t *second, const int8_t *third)
{
    const struct line_column inputs = {(uint32_t)*first, (uint32_t)*second, (uint32_t)*third};

    return inputs;
}

/* Sums wrap: only in the end they fit. */
ALWAYS_INLINE uint32_t line_add(uint32_t sum, struct line_column weights, struct line_column inputs)
{
    sum += weights.first * inputs.first;
    sum += weights.second * inputs.second;
    return sum + weights.third * inputs.third;
}

/* Outputs of one channel with a stride of 1 or 2: a column of inputs adds to the output that is complete then, and to
 * those that begin before it. */
ALWAYS_INLINE void line_outputs(const struct line_run *run, const int32_t *words, size_t stride, bool is_signed)
{
    const struct line_column w0 = line_weights(words), w1 = line_weights(words + 1), w2 = line_weights(words + 2);
    const uint32_t bias = (uint32_t)words[9];
    const int32_t multiplier = words[10], offset = words[11], shift = words[12];
    const int8_t *a = run->lines[0], *b = run->lines[1], *c = run->lines[2];
    const size_t step = run->step, out_step = run->out_step;
    int8_t *out = run->out;
    struct line_column x = line_inputs(a, b, c);
    uint32_t sum = line_add(bias, w0, x), next = 0;

    if (stride == 1) {
        a += step, b += step, c += step;
        x = line_inputs(a, b, c);
        sum = line_add(sum, w1, x);
        next = line_add(bias, w0, x);
    }
    for (size_t left = run->count; left > 0; left--, out += out_step) {
        if (stride == 2) {
            a += step, b += step, c += step;
            sum = line_add(sum, w1, line_inputs(a, b, c));
        }
        a += step, b += step, c += step;
        x = line_inputs(a, b, c);
        sum = line_add(sum, w2, x);
        *out = saturate_in_line_s8(requantize((int32_t)sum, multiplier, offset, shift, is_signed));
        sum = stride == 1 ? line_add(next, w1, x) : line_add(bias, w0, x);
        next = line_add(bias, w0, x);
    }
}

typedef void line_function(const struct line_run *run, const int32_t *channel);

NEVER_INLINE void line_signed(const struct line_run *run, const int32_t *channel)
{
    line_outputs(run, channel, 1, true);
}

NEVER_INLINE void line_unsigned(const struct line_run *run, const int32_t *channel)
{
    line_outputs(run, channel, 1, false);
}

NEVER_INLINE void line_stride_2_signed(const struct line_run *run, const int32_t *channel)
{
    line_outputs(run, channel, 2, true);
}

NEVER_INLINE void line_stride_2_unsigned(const struct line_run *run, const int32_t *channel)
{
    line_outputs(run, channel, 2, false);
}

/* Line `line` of the padded image. */
static inline void line_copy(const struct depthwise_conv_2d_lines_s8 *p, const int8_t *in, size_t line, int8_t *to)
{
    const size_t used = p->positions_used, before = p->positions.before < used ? p->positions.before : used;
    const size_t room = used - before, inside = p->positions.size < room ? p->positions.size : room;

    if (line < p->lines.before || line >= p->lines.before + p->lines.size) {
        memset(to, p->zero_point, used * p->depth);
        return;
    }
    in += (line - p->lines.before) * p->lines.step;
    memset(to, p->zero_point, before * p->depth);
    to = copy_taps_s8(in, p->positions.step, p->depth, inside, to + before * p->depth);
    memset(to, p->zero_point, (room - inside) * p->depth);
}

ALWAYS_INLINE void depthwise_conv_2d_lines(const struct depthwise_conv_2d_lines_s8 *p, const int8_t *in, int8_t *out,
                                           int8_t *copies, line_function *outputs)
{
    const size_t line_bytes = p->positions_used * p->depth;

    for (size_t batch = 0; batch < p->batches; batch++, in += p->image_bytes, out += p->output_bytes) {
        size_t next = 0; /* line to be copied */

        for (size_t y = 0; y < p->lines.outputs; y++) {
            const size_t first = y * p->lines.stride;
            struct line_run run = {
                {NULL, NULL, NULL}, p->depth, out + y * p->lines.output_step, p->positions.output_step,
                p->positions.outputs,
            };

            next = next < first ? first : next;
            for (; next < first + LINES_FILTER; next++) {
                line_copy(p, in, next, copies + next % LINES_FILTER * line_bytes);
            }
            for (size_t i = 0; i < LINES_FILTER; i++) {
                run.lines[i] = copies + (first + i) % LINES_FILTER * line_bytes;
            }
            for (size_t channel = 0; channel < p->depth; channel++, run.out++) {
                outputs(&run, p->words + channel * LINES_CHANNEL_WORDS);
                for (size_t i = 0; i < LINES_FILTER; i++) {
                    run.lines[i]++;
                }
            }
        }
    }
}

/* `copies` is memory for three lines. */
static inline void depthwise_conv_2d_lines_s8(const struct depthwise_conv_2d_lines_s8 *layer, const int8_t *in,
                                              int8_t *out, int8_t *copies)
{
    depthwise_conv_2d_lines(layer, in, out, copies, line_signed);
}

static inline void depthwise_conv_2d_lines_stride_2_s8(const struct depthwise_conv_2d_lines_s8 *layer,
                                                       const int8_t *in, int8_t *out, int8_t *copies)
{
    depthwise_conv_2d_lines(layer, in, out, copies, line_stride_2_signed);
}

/* For layers whose lowest output is that of a sum of 0. */
static inline void depthwise_conv_2d_lines_relu_s8(const struct depthwise_conv_2d_lines_s8 *layer, const int8_t *in,
                                                   int8_t *out, int8_t *copies)
{
    depthwise_conv_2d_lines(layer, in, out, copies, line_unsigned);
}

static inline void depthwise_conv_2d_lines_stride_2_relu_s8(const struct depthwise_conv_2d_lines_s8 *layer,
                                                            const int8_t *in, int8_t *out, int8_t *copies)
{
    depthwise_conv_2d_lines(layer, in, out, copies, line_stride_2_unsigned);
}

#endif
