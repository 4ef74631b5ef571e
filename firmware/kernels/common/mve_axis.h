/* SPDX-License-Identifier: MIT */
/* One of the two axes of an image that a window slides over: the lines of outputs, or the positions along them. */
#ifndef KERNELS_MVE_AXIS_H
#define KERNELS_MVE_AXIS_H

#include "port.h"

/* Of `size` rows or columns, `step` bytes apart, with `before` of padding before them. */
struct mve_axis {
    size_t size;
    size_t step;
    size_t before;
    size_t taps;
    size_t stride;
    size_t outputs;
    size_t output_step;
};

/* How many taps lie before the image, inside it (the first of them at `first`), and after it. */
struct mve_taps {
    size_t first;
    size_t before;
    size_t inside;
    size_t after;
};

/* Of `count` taps in a row, the first at `start`, counted from the first padded row or column. */
static inline struct mve_taps mve_taps(const struct mve_axis *axis, size_t start, size_t count)
{
    const size_t begin = start < axis->before ? axis->before : start, image_end = axis->before + axis->size;
    const size_t end = start + count < image_end ? start + count : image_end;
    struct mve_taps taps = {0, count, 0, 0};

    if (begin < end) {
        taps.first = begin - axis->before;
        taps.before = begin - start;
        taps.inside = end - begin;
        taps.after = start + count - end;
    }
    return taps;
}

#endif
