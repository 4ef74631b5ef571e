/* SPDX-License-Identifier: MIT */
/* The mean of each channel over a window that slides over an int8 image, four channels at a time, whose sums are lanes
 * of 16 bits: a window has at most 255 pixels. Padding does not count. */
#ifndef KERNELS_AVERAGE_POOL_2D_LANES_S8_H
#define KERNELS_AVERAGE_POOL_2D_LANES_S8_H

#include "../common/dual_rows.h"
#include "../common/fixed_point.h"
#include "../common/pool.h"

/* To nearest, a half away from zero. */
static inline int8_t pool_mean(uint32_t lane, int32_t count, const struct pool_2d *p)
{
    const int32_t sum = (int16_t)(lane & 0xffffu);

    return clamp_s8((sum > 0 ? sum + count / 2 : sum - count / 2) / count, p->output_min, p->output_max);
}

/* `depth` is a multiple of four. */
static inline void average_pool_2d_lanes_s8(const struct pool_2d *layer, const int8_t *in, int8_t *out)
{
    const struct pool_2d p = *layer;

    for (size_t batch = 0; batch < p.batches; batch++, in += p.input_height * p.input_width * p.depth) {
        for (size_t y = 0; y < p.output_height; y++) {
            const struct pool_range rows = pool_range(y * p.stride_height, p.top, p.input_height, p.filter_height);

            for (size_t x = 0; x < p.output_width; x++) {
                const struct pool_range columns = pool_range(x * p.stride_width, p.left, p.input_width, p.filter_width);
                const int32_t count = (int32_t)(rows.count * columns.count);
                const int8_t *const first = in + (rows.first * p.input_width + columns.first) * p.depth;

                for (size_t channel = 0; channel < p.depth; channel += 4, out += 4) {
                    const int8_t *row = first + channel;
                    uint32_t even = 0, odd = 0;

                    for (size_t i = rows.count; i > 0; i--, row += p.input_width * p.depth) {
                        const int8_t *value = row;
                        for (size_t j = columns.count; j > 0; j--, value += p.depth) {
                            const uint32_t four = load_four(value);

                            even = add_even_bytes(even, four);
                            odd = add_odd_bytes(odd, four);
                        }
                    }
                    out[0] = pool_mean(even, count, &p);
                    out[1] = pool_mean(odd, count, &p);
                    out[2] = pool_mean(even >> 16, count, &p);
                    out[3] = pool_mean(odd >> 16, count, &p);
                }
            }
        }
    }
}

#endif
