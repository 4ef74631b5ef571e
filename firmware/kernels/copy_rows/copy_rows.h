/* SPDX-License-Identifier: MIT */
/* Copies rows of bytes that lie at equal distances, in the input and in the output. */
#ifndef KERNELS_COPY_ROWS_H
#define KERNELS_COPY_ROWS_H

#include "../common/port.h"

/* `rows` rows of `width` bytes; `in_step` and `out_step` bytes lie between the beginnings of two. */
static inline void copy_rows(const void *in, ptrdiff_t in_step, void *out, ptrdiff_t out_step, size_t width, size_t rows)
{
    const uint8_t *from = (const uint8_t *)in;
    uint8_t *to = (uint8_t *)out;
    for (; rows > 0; rows--, from += in_step, to += out_step) {
        memcpy(to, from, width);
    }
}

/* The same for rows of a constant. */
static inline void copy_flash_rows(const void *in, ptrdiff_t in_step, void *out, ptrdiff_t out_step, size_t width,
                                   size_t rows)
{
    const uint8_t *from = (const uint8_t *)in;
    uint8_t *to = (uint8_t *)out;
    for (; rows > 0; rows--, from += in_step, to += out_step) {
        flash_copy(to, from, width);
    }
}

#endif
