/* SPDX-License-Identifier: MIT */
/* The highest value of each channel under a window that slides over an int8 image, sixteen channels at a time with
 * Helium. */
#ifndef KERNELS_MAX_POOL_2D_MVE_S8_H
#define KERNELS_MAX_POOL_2D_MVE_S8_H

#include "../common/mve.h"
#include "max_pool_2d_s8.h"

static inline void max_pool_2d_mve_s8(const struct pool_2d *layer, const int8_t *in, int8_t *out)
{
#if MVE_INSTRUCTIONS
    const struct pool_2d p = *layer;

    for (size_t batch = 0; batch < p.batches; batch++, in += p.input_height * p.input_width * p.depth) {
        for (size_t y = 0; y < p.output_height; y++) {
            const struct pool_range rows = pool_range(y * p.stride_height, p.top, p.input_height, p.filter_height);

            for (size_t x = 0; x < p.output_width; x++, out += p.depth) {
                const struct pool_range columns = pool_range(x * p.stride_width, p.left, p.input_width, p.filter_width);
                const int8_t *const first = in + (rows.first * p.input_width + columns.first) * p.depth;

                for (size_t channel = 0; channel < p.depth; channel += MVE_BYTES) {
                    const mve_pred16_t some = vctp8q((uint32_t)(p.depth - channel));
                    const int8_t *row = first + channel;
                    int8x16_t highest = vdupq_n_s8(p.output_min);

                    for (size_t i = rows.count; i > 0; i--, row += p.input_width * p.depth) {
                        const int8_t *value = row;

                        for (size_t j = columns.count; j > 0; j--, value += p.depth) {
                            highest = vmaxq_s8(highest, vldrbq_z_s8(value, some));
                        }
                    }
                    vstrbq_p_s8(out + channel, vminq_s8(highest, vdupq_n_s8(p.output_max)), some);
                }
            }
        }
    }
#else
    max_pool_2d_s8(layer, in, out);
#endif
}

#endif
