/* SPDX-License-Identifier: MIT */
/* Depthwise convolution on int8: each input channel has filters of its own, and a scale for each output channel.
 *
 * The bias holds the input's zero point already. A window inside the image is read where it is; at the border, from a
 * copy whose taps outside the image are the zero point. */
#ifndef KERNELS_DEPTHWISE_CONV_2D_S8_H
#define KERNELS_DEPTHWISE_CONV_2D_S8_H

#include "../common/fixed_point.h"
#include "../common/window.h"

/* The arrays lie in FLASH. Input channel c makes output channels c * multiplier and on; `weights` hold for each tap a
 * row of all output channels. `scale_step` is 1, or 0 if all channels share multiplier and shift. */
struct depthwise_conv_2d_s8 {
    struct window window;
    size_t batches;
    size_t output_height;
    size_t output_width;
    size_t multiplier;
    const int8_t *weights;
    const int32_t *bias;
    const int32_t *multipliers;
    const int8_t *shifts;
    size_t scale_step;
    int8_t output_zero_point;
    int8_t output_min;
    int8_t output_max;
};

/* A window in memory: steps from one tap to the next, and from one row of taps to the next. */
struct depthwise_taps {
    const int8_t *first;
    size_t tap_step;
    size_t row_step;
};

static inline int8_t depthwise_output(const struct depthwise_conv_2d_s8 *p, int32_t sum, size_t channel)
{
    const int32_t scaled =
        multiply_by_quantized_multiplier(sum, flash_read_s32(&p->multipliers[channel * p->scale_step]),
                                         flash_read_s8(&p->shifts[channel * p->scale_step]));

    return clamp_s8(scaled + p->output_zero_point, p->output_min, p->output_max);
}

/* Four output channels, of four input channels. */
static inline void depthwise_four_channels(const struct depthwise_conv_2d_s8 *p, const struct depthwise_taps *taps,
                                           size_t channel, int8_t *out)
{
    const size_t output_depth = p->window.depth;
    const int8_t *row = taps->first + channel, *weights = p->weights + channel;
    int32_t sum0 = flash_read_s32(&p->bias[channel]), sum1 = flash_read_s32(&p->bias[channel + 1]);
    int32_t sum2 = flash_read_s32(&p->bias[channel + 2]), sum3 = flash_read_s32(&p->bias[channel + 3]);

    for (size_t y = p->window.filter_height; y > 0; y--, row += taps->row_step) {
        const int8_t *in = row;

        for (size_t x = p->window.filter_width; x > 0; x--, in += taps->tap_step, weights += output_depth) {
            sum0 += (int32_t)flash_read_s8(&weights[0]) * in[0];
            sum1 += (int32_t)flash_read_s8(&weights[1]) * in[1];
            sum2 += (int32_t)flash_read_s8(&weights[2]) * in[2];
            sum3 += (int32_t)flash_read_s8(&weights[3]) * in[3];
        }
    }
    out[0] = depthwise_output(p, sum0, channel);
    out[1] = depthwise_output(p, sum1, channel + 1);
    out[2] = depthwise_output(p, sum2, channel + 2);
    out[3] = depthwise_output(p, sum3, channel + 3);
}

static inline int8_t depthwise_one_channel(const struct depthwise_conv_2d_s8 *p, const struct depthwise_taps *taps,
                                           size_t input_channel, size_t channel)
{
    const size_t output_depth = p->window.depth * p->multiplier;
    const int8_t *row = taps->first + input_channel, *weights = p->weights + channel;
    int32_t sum = flash_read_s32(&p->bias[channel]);

    for (size_t y = p->window.filter_height; y > 0; y--, row += taps->row_step) {
        const int8_t *in = row;

        for (size_t x = p->window.filter_width; x > 0; x--, in += taps->tap_step, weights += output_depth) {
            sum += (int32_t)flash_read_s8(weights) * *in;
        }
    }
    return depthwise_output(p, sum, channel);
}

/* All channels of one pixel; returns where the next pixel's begin. */
static inline int8_t *depthwise_pixel(const struct depthwise_conv_2d_s8 *p, const struct depthwise_taps *taps,
                                      int8_t *out)
{
    const size_t output_depth = p->window.depth * p->multiplier;
    size_t channel = 0, input_channel = 0, next = p->multiplier;

    if (p->multiplier == 1) {
        for (; channel + 4 <= output_depth; channel += 4) {
            depthwise_four_channels(p, taps, channel, out + channel);
        }
        input_channel = channel;
        next = channel + 1;
    }
    for (size_t left = output_depth - channel; left > 0; left--, channel++) {
        if (channel == next) {
            input_channel++;
            next += p->multiplier;
        }
        out[channel] = depthwise_one_channel(p, taps, input_channel, channel);
    }
    return out + output_depth;
}

/* `patch` holds one window. */
static inline void depthwise_conv_2d_s8(const struct depthwise_conv_2d_s8 *layer, const int8_t *in, int8_t *out,
                                        int8_t *patch)
{
    struct depthwise_conv_2d_s8 p;
    flash_copy(&p, layer, sizeof p);

    const struct window *const w = &p.window;
    const size_t row_step = w->width * w->depth;

    for (size_t batch = 0; batch < p.batches; batch++, in += w->height * row_step) {
        for (size_t y = 0; y < p.output_height; y++) {
            for (size_t x = 0; x < p.output_width; x++) {
                struct depthwise_taps taps = {patch, w->depth, w->filter_width * w->depth};

                if (window_is_inside(w, y, x)) {
                    taps.first = in + window_offset(w, y, x);
                    taps.tap_step = w->dilation_width * w->depth;
                    taps.row_step = w->dilation_height * row_step;
                } else {
                    copy_window_s8(w, in, w->depth, y, x, patch);
                }
                out = depthwise_pixel(&p, &taps, out);
            }
        }
    }
}

#endif
