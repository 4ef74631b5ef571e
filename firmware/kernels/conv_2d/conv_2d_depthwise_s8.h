/* SPDX-License-Identifier: MIT */
/* A convolution with long multiplies and the depthwise one of 3x3 behind it, a strip of rows at a time.
 *
 * The convolution (conv_2d_chain_s8.h) writes its outputs to the planes from which the depthwise one computes
 * (strip_planes.h), so nothing is spread, and the image between them is never in memory as a whole. Rows that the next
 * strip needs too are moved to where it begins. Padding is written once: no strip overwrites it. */
#ifndef KERNELS_CONV_2D_DEPTHWISE_S8_H
#define KERNELS_CONV_2D_DEPTHWISE_S8_H

#include "conv_2d_chain_s8.h"
#include "../common/strip_planes.h"

/* `height` rows of outputs are made from a strip, `first_height` from the first one; a plane has `columns` pixels of each
 * of its rows, padding included, `row_step` and `column_step` bytes apart. If lines run down the columns of the image,
 * a strip has the rows that its outputs need, otherwise as many as planes have lines. `filters`: the words of planes.h. */
struct strip_planes {
    size_t channels;
    size_t plane_bytes;
    size_t row_step;
    size_t column_step;
    size_t columns;
    size_t top;
    size_t left;
    size_t stride;
    size_t first_height;
    size_t height;
    size_t output_height;
    size_t output_width;
    bool runs_down;
    int8_t zero_point;
    const uint32_t *filters;
    size_t filter_words;
};

struct conv_2d_depthwise_s8 {
    struct conv_2d_chain_s8 conv;
    struct strip_planes planes;
};

/* Moves the rows from `row` on, `count` of them, to the beginning of every plane. */
static inline void strip_keep(const struct strip_planes *p, size_t row, size_t count, uint32_t *planes)
{
    const size_t plane_words = p->plane_bytes / sizeof *planes;
    uint32_t *const end = planes + p->channels * plane_words;

    if (p->runs_down) {
        for (uint32_t *plane = planes; plane != end; plane += plane_words) {
            uint32_t *to = plane;

            for (size_t i = 0; i < count; i++, to += STRIP_PAIRS) {
                const uint32_t *const from = to + row * STRIP_PAIRS;

                to[0] = from[0];
                to[1] = from[1];
                to[2] = from[2];
                to[3] = from[3];
            }
        }
        return;
    }
    for (; planes + 2 * STRIP_PAIRS <= end; planes += 2 * STRIP_PAIRS) {
        const uint32_t first = planes[STRIP_PAIRS - 1], second = planes[2 * STRIP_PAIRS - 1];

        planes[0] = first;
        planes[STRIP_PAIRS] = second;
    }
    if (planes != end) {
        planes[0] = planes[STRIP_PAIRS - 1];
    }
}

/* Writes padding to a row of every plane. */
static inline void strip_pad_row(const struct strip_planes *p, size_t row, uint32_t *planes)
{
    const int16_t outside = p->zero_point;
    int8_t *plane = (int8_t *)planes + row * p->row_step;

    for (size_t channel = 0; channel < p->channels; channel++, plane += p->plane_bytes) {
        int8_t *pixel = plane;

        for (size_t i = 0; i < p->columns; i++, pixel += p->column_step) {
            memcpy(pixel, &outside, sizeof outside);
        }
    }
}

/* `rows` rows of outputs of every channel. */
ALWAYS_INLINE void strip_outputs(const struct strip_planes *p, const uint32_t *planes, size_t rows, int8_t *out,
                                 void (*run_lines)(const struct strip_run *))
{
    const size_t row_bytes = p->output_width * p->channels;
    const size_t lines = p->runs_down ? p->output_width : rows, length = p->runs_down ? rows : p->output_width;
    const size_t line_step = p->runs_down ? p->channels : row_bytes, step = p->runs_down ? row_bytes : p->channels;
    const size_t second = p->stride == 1 ? lines / 2 : 0;
    const size_t line_bytes = ((length - 1) * p->stride + 3) * STRIP_PAIRS * sizeof *planes;
    const struct strip_run run = {
        0,
        0,
        step,
        0,
        0,
        sizeof *planes - line_bytes,
        (p->stride == 1 ? 2 * line_step : line_step) - length * step,
        0,
        p->filters,
        planes,
        out,
        0,
        (uint32_t)((3 - length % 3) % 3),
        0,
        (lines - second) * sizeof *planes,
        second * sizeof *planes,
        line_step,
        p->plane_bytes,
        line_bytes,
        p->filters + p->filter_words,
    };

    run_lines(&run);
}

/* One image. */
ALWAYS_INLINE void conv_2d_depthwise_image(const struct conv_2d_depthwise_s8 *layer, const int8_t *in, int8_t *out,
                                           uint32_t *planes, uint32_t *words, int8_t *copied,
                                           const struct chain_form *form, void (*run_lines)(const struct strip_run *))
{
    const struct strip_planes *const p = &layer->planes;
    const size_t height = layer->conv.output_height;
    size_t made = 0, begin = 0; /* rows of the convolution, and the first padded row in the planes */

    for (size_t row = 0, rows; row < p->output_height; row += rows) {
        const size_t left = p->output_height - row, most = row == 0 ? p->first_height : p->height;

        rows = left < most ? left : most;
        const size_t needed = row * p->stride + (rows - 1) * p->stride + 3; /* padded rows, from the first one */
        const size_t held = p->runs_down ? needed : row * p->stride + 2 * STRIP_PAIRS;
        const size_t end = held - p->top < height ? held - p->top : height;

        if (row > 0) {
            const size_t moved = row * p->stride - begin;

            strip_keep(p, moved, made + p->top - row * p->stride, planes);
            begin += moved;
        }
        if (made < end) {
            const struct chain_out to = {
                (int8_t *)planes + (made + p->top - begin) * p->row_step + p->left * p->column_step,
                p->row_step,
                p->column_step,
            };

            chain_output_rows(&layer->conv, in, made, end, to, words, copied, form);
            made = end;
        }
        for (size_t padded = made + p->top; row > 0 && padded < needed; padded++) {
            strip_pad_row(p, padded - begin, planes);
        }
        strip_outputs(p, planes, rows, out + row * p->output_width * p->channels, run_lines);
    }
}

/* `planes` is memory for the planes of all channels and up to 28 bytes more, in whole 32 bytes; `words` and `copied` as
 * in conv_2d_chain_s8.h. `run_channels` is a function of outputs of 16 bits. */
ALWAYS_INLINE void conv_2d_depthwise_s8(const struct conv_2d_depthwise_s8 *layer, const int8_t *in, int8_t *out,
                                        uint32_t *planes, size_t plane_words, uint32_t *words, int8_t *copied,
                                        void (*run_channels)(struct chain_run *),
                                        void (*run_lines)(const struct strip_run *))
{
    const struct chain_strip *const image = &layer->conv.strip;
    const struct strip_planes *const p = &layer->planes;
    const struct chain_form form = CHAIN_FORM(run_channels);
    const struct strip_fill fill = {
        planes, planes + plane_words, (uint32_t)(uint16_t)(int16_t)p->zero_point * 0x10001u,
    };

    for (size_t batch = 0; batch < layer->conv.batches; batch++) {
        strip_fill(&fill);
        conv_2d_depthwise_image(layer, in, out, planes, words, copied, &form, run_lines);
        in += image->image_height * image->image_row_bytes;
        out += p->output_height * p->output_width * p->channels;
    }
}

#endif
