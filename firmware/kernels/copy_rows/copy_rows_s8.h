/* Joins int8 arrays: one call for each part. */
#ifndef KERNELS_COPY_ROWS_S8_H
#define KERNELS_COPY_ROWS_S8_H

#include "../common/port.h"

/* Copies `rows` rows of `width` values to where rows of `out_width` values begin. */
static inline void copy_rows_s8(const int8_t *in, size_t width, int8_t *out, size_t out_width, size_t rows)
{
    for (; rows > 0; rows--, in += width, out += out_width) {
        memcpy(out, in, width);
    }
}

/* The same for rows of a constant. */
static inline void copy_flash_rows_s8(const int8_t *in, size_t width, int8_t *out, size_t out_width, size_t rows)
{
    for (; rows > 0; rows--, in += width, out += out_width) {
        flash_copy(out, in, width);
    }
}

#endif
