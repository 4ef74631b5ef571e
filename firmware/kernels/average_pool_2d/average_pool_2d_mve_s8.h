/* SPDX-License-Identifier: MIT */
/* The mean of each channel over a window that slides over an int8 image, eight channels at a time with Helium: a window
 * has at most 255 pixels, so that sums fit lanes of 16 bits. Padding does not count. */
#ifndef KERNELS_AVERAGE_POOL_2D_MVE_S8_H
#define KERNELS_AVERAGE_POOL_2D_MVE_S8_H

#include "../common/mve.h"
#include "average_pool_2d_s8.h"

#if MVE_INSTRUCTIONS

#define POOL_MVE_LANES 8

/* Sums / count, to nearest, a half away from zero. With m = 2^24 / count, rounded up, n * m / 2^24 is less than 1 / count
 * above n / count for each n below 2^16, so both have the same whole part. */
static inline int32x4_t pool_mve_means(int32x4_t sums, int32_t count)
{
    const int32x4_t sign = vshrq_n_s32(sums, 31), rounded = vaddq_n_s32(vabsq_s32(sums), count / 2);
    const int32x4_t reciprocal = vdupq_n_s32(((1 << 24) + count - 1) / count);
    const int32x4_t means = vmulhq_s32(vshlq_n_s32(rounded, 8), reciprocal);

    return vsubq_s32(veorq_s32(means, sign), sign);
}

/* Of channels that `some` chooses, over the window's rows and columns inside the image. */
static inline void pool_mve_average(const struct pool_2d *p, const int8_t *row, size_t rows, size_t columns,
                                    mve_pred16_t some, int8_t *out)
{
    const int32_t count = (int32_t)(rows * columns);
    int16x8_t sums = vdupq_n_s16(0);

    for (size_t i = rows; i > 0; i--, row += p->input_width * p->depth) {
        const int8_t *value = row;

        for (size_t j = columns; j > 0; j--, value += p->depth) {
            sums = vaddq_s16(sums, vldrbq_z_s16(value, some));
        }
    }
    sums = vmovntq_s32(vmovnbq_s32(sums, pool_mve_means(vmovlbq_s16(sums), count)),
                       pool_mve_means(vmovltq_s16(sums), count));
    sums = vminq_s16(vmaxq_s16(sums, vdupq_n_s16(p->output_min)), vdupq_n_s16(p->output_max));
    vstrbq_p_s16(out, sums, some);
}

#endif

static inline void average_pool_2d_mve_s8(const struct pool_2d *layer, const int8_t *in, int8_t *out)
{
#if MVE_INSTRUCTIONS
    const struct pool_2d p = *layer;

    for (size_t batch = 0; batch < p.batches; batch++, in += p.input_height * p.input_width * p.depth) {
        for (size_t y = 0; y < p.output_height; y++) {
            const struct pool_range rows = pool_range(y * p.stride_height, p.top, p.input_height, p.filter_height);

            for (size_t x = 0; x < p.output_width; x++, out += p.depth) {
                const struct pool_range columns = pool_range(x * p.stride_width, p.left, p.input_width, p.filter_width);
                const int8_t *const first = in + (rows.first * p.input_width + columns.first) * p.depth;

                for (size_t channel = 0; channel < p.depth; channel += POOL_MVE_LANES) {
                    pool_mve_average(&p, first + channel, rows.count, columns.count,
                                     vctp16q((uint32_t)(p.depth - channel)), out + channel);
                }
            }
        }
    }
#else
    average_pool_2d_s8(layer, in, out);
#endif
}

#endif
