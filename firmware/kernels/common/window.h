/* SPDX-License-Identifier: MIT */
/* The window of input values that one output value of a convolution sees. */
#ifndef KERNELS_WINDOW_H
#define KERNELS_WINDOW_H

#include <stdbool.h>

#include "port.h"

/* An image of `height` rows of `width` pixels of `depth` channels, and the window that slides over it. `top` and `left`
 * count the rows and columns of padding before the image. */
struct window {
    size_t height;
    size_t width;
    size_t depth;
    size_t filter_height;
    size_t filter_width;
    size_t stride_height;
    size_t stride_width;
    size_t dilation_height;
    size_t dilation_width;
    size_t top;
    size_t left;
    int8_t zero_point;
};

/* Whether no tap of the window of output pixel (y, x) lies outside the image. */
static inline bool window_is_inside(const struct window *w, size_t y, size_t x)
{
    const size_t row = y * w->stride_height, column = x * w->stride_width;

    return row >= w->top && column >= w->left &&
           row + (w->filter_height - 1) * w->dilation_height < w->top + w->height &&
           column + (w->filter_width - 1) * w->dilation_width < w->left + w->width;
}

/* Where the first tap of the window of (y, x) lies in the image; the window has to be inside. */
static inline size_t window_offset(const struct window *w, size_t y, size_t x)
{
    return ((y * w->stride_height - w->top) * w->width + x * w->stride_width - w->left) * w->depth;
}

/* How many of a row's taps lie before the image and inside it; the others lie after it. */
struct window_row {
    size_t before;
    size_t inside;
};

/* Of a row that begins at `column`, counted from the first padded one. */
static inline struct window_row window_row(const struct window *w, size_t column)
{
    struct window_row row = {0, 0};

    for (size_t tap = 0; tap < w->filter_width; tap++, column += w->dilation_width) {
        row.before += column < w->left;
        row.inside += column >= w->left && column < w->left + w->width;
    }
    return row;
}

/* Copies `taps` taps of `count` channels each, which lie `step` apart. */
static inline int8_t *copy_taps_s8(const int8_t *in, size_t step, size_t count, size_t taps, int8_t *patch)
{
    if (step == count) {
        memcpy(patch, in, taps * count);
        return patch + taps * count;
    }
    for (; taps > 0; taps--, in += step, patch += count) {
        memcpy(patch, in, count);
    }
    return patch;
}

/* Copies `count` channels of each tap of the window of (y, x) to `patch`; taps outside the image become the zero point.
 * `in` is the first of these channels. */
static inline void copy_window_s8(const struct window *w, const int8_t *in, size_t count, size_t y, size_t x,
                                  int8_t *patch)
{
    /* Counted from the first padded row and column, so that no number is below zero. */
    const size_t column = x * w->stride_width, step = w->dilation_width * w->depth;
    const struct window_row taps = window_row(w, column);
    const size_t before = taps.before * count, after = (w->filter_width - taps.before - taps.inside) * count;
    size_t row = y * w->stride_height;

    if (taps.inside > 0) {
        in += (column + taps.before * w->dilation_width - w->left) * w->depth;
    }
    for (size_t i = w->filter_height; i > 0; i--, row += w->dilation_height) {
        if (row < w->top || row >= w->top + w->height) {
            memset(patch, w->zero_point, w->filter_width * count);
            patch += w->filter_width * count;
            continue;
        }
        memset(patch, w->zero_point, before);
        patch = copy_taps_s8(in + (row - w->top) * w->width * w->depth, step, count, taps.inside, patch + before);
        memset(patch, w->zero_point, after);
        patch += after;
    }
}

#endif
