/* SPDX-License-Identifier: MIT */
/* Another height and width, interpolated between the four nearest pixels in steps of 1/1024, as TFLM does. */
#ifndef KERNELS_RESIZE_BILINEAR_S8_H
#define KERNELS_RESIZE_BILINEAR_S8_H

#include "../common/port.h"

/* `rows` holds three numbers for each row of the output, `columns` for each column: where the pixel before and the pixel
 * behind begin, in values of the input, and the weight of the one behind, 0 to 1023. */
struct resize_bilinear_s8 {
    size_t batches, in_size; /* values of the input per batch */
    size_t out_height, out_width, channels;
    const int32_t *rows, *columns;
};

static inline void resize_bilinear_s8(const struct resize_bilinear_s8 *layer, const int8_t *in, int8_t *out)
{
    struct resize_bilinear_s8 p;
    flash_copy(&p, layer, sizeof p);
    for (; p.batches > 0; p.batches--, in += p.in_size) {
        for (size_t y = 0; y < p.out_height; y++) {
            const int32_t *row = p.rows + 3 * y;
            const int8_t *above = in + flash_read_s32(row), *below = in + flash_read_s32(row + 1);
            const int32_t down = flash_read_s32(row + 2), up = 1024 - down;
            for (size_t x = 0; x < p.out_width; x++) {
                const int32_t *column = p.columns + 3 * x;
                const int32_t left = flash_read_s32(column), right = flash_read_s32(column + 1);
                const int32_t weight = flash_read_s32(column + 2), rest = 1024 - weight;
                const int8_t *above_left = above + left, *above_right = above + right;
                const int8_t *below_left = below + left, *below_right = below + right;
                for (size_t c = 0; c < p.channels; c++) {
                    /* Below 2^7 * 2^20. */
                    const int32_t sum = (above_left[c] * rest + above_right[c] * weight) * up +
                                        (below_left[c] * rest + below_right[c] * weight) * down;
                    const int32_t half = sum > 0 ? 524288 : -524288;
                    *out++ = (int8_t)((sum + half) / 1048576);
                }
            }
        }
    }
}

#endif
