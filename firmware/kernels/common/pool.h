/* SPDX-License-Identifier: MIT */
/* What the pools share: a window that slides over an image and counts only what lies inside. */
#ifndef KERNELS_POOL_H
#define KERNELS_POOL_H

#include "port.h"

/* `top` and `left` count the rows and columns of padding before the image. */
struct pool_2d {
    size_t batches;
    size_t input_height;
    size_t input_width;
    size_t depth;
    size_t output_height;
    size_t output_width;
    size_t filter_height;
    size_t filter_width;
    size_t stride_height;
    size_t stride_width;
    size_t top;
    size_t left;
    int8_t output_min;
    int8_t output_max;
};

/* The rows, or columns, of the image under a window. */
struct pool_range {
    size_t first;
    size_t count;
};

/* `start` counts from the first padded row; the window has at least one row inside the image of `size` rows. */
static inline struct pool_range pool_range(size_t start, size_t before, size_t size, size_t filter)
{
    const size_t first = start > before ? start - before : 0;
    const size_t end = start + filter < before + size ? start + filter - before : size;
    const struct pool_range range = {first, end - first};

    return range;
}

#endif
