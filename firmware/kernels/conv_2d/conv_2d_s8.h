/* SPDX-License-Identifier: MIT */
/* Convolution on int8: out = clamp(scale * (weights * window + bias) + output_zero_point), a scale for each channel.
 *
 * The bias holds the input's zero point already, and a window's taps outside the image are the zero point, so that the
 * sums take input bytes as they are. Eight sums grow at once, of four channels and two pixels: each weight is read once
 * for two products, each input once for four. */
#ifndef KERNELS_CONV_2D_S8_H
#define KERNELS_CONV_2D_S8_H

#include "../common/fixed_point.h"
#include "../common/window.h"

/* The arrays lie in FLASH. Each group of `depth` input channels makes `channels` output channels. Its weights come as
 * blocks of four channels, tap by tap: the four weights of the first tap and input channel, then those of the next;
 * one to three last channels follow as rows. `scale_step` is 1, or 0 if all channels share multiplier and shift. */
struct conv_2d_s8 {
    struct window window;
    size_t batches;
    size_t output_height;
    size_t output_width;
    size_t groups;
    size_t depth;
    size_t channels;
    const int8_t *weights;
    const int32_t *bias;
    const int32_t *multipliers;
    const int8_t *shifts;
    size_t scale_step;
    int8_t output_zero_point;
    int8_t output_min;
    int8_t output_max;
};

/* Where the outputs of two pixels go, and the channel that is next. */
struct conv_2d_outputs {
    int8_t *a;
    int8_t *b;
    size_t channel;
};

/* Stores `count` outputs of one pixel, of the channels from `channel` on; returns where the next one goes. */
NEVER_INLINE int8_t *conv_2d_store(const struct conv_2d_s8 *p, const int32_t *sums, size_t count, size_t channel,
                                   int8_t *out)
{
    const size_t step = p->scale_step;
    const int32_t *multiplier = &p->multipliers[channel * step];
    const int8_t *shift = &p->shifts[channel * step];
    const int32_t zero_point = p->output_zero_point;
    const int8_t min = p->output_min, max = p->output_max;

    for (; count > 0; count--, multiplier += step, shift += step) {
        const int32_t scaled =
            multiply_by_quantized_multiplier(*sums++, flash_read_s32(multiplier), flash_read_s8(shift));
        *out++ = clamp_s8(scaled + zero_point, min, max);
    }
    return out;
}

/* Four channels of two pixels, from `count` inputs each: four sums of pixel a, then four of pixel b. */
NEVER_INLINE void conv_2d_four_channels(const int8_t *weights, const int32_t *bias, const int8_t *a, const int8_t *b,
                                        size_t count, int32_t *sums)
{
    const int8_t *const end = a + count;
    int32_t a0 = flash_read_s32(&bias[0]), a1 = flash_read_s32(&bias[1]);
    int32_t a2 = flash_read_s32(&bias[2]), a3 = flash_read_s32(&bias[3]);
    int32_t b0 = a0, b1 = a1, b2 = a2, b3 = a3;

    for (; a != end; weights += 4) {
        const int32_t xa = *a++, xb = *b++;
        int32_t weight = flash_read_s8(&weights[0]);
        a0 += weight * xa;
        b0 += weight * xb;
        weight = flash_read_s8(&weights[1]);
        a1 += weight * xa;
        b1 += weight * xb;
        weight = flash_read_s8(&weights[2]);
        a2 += weight * xa;
        b2 += weight * xb;
        weight = flash_read_s8(&weights[3]);
        a3 += weight * xa;
        b3 += weight * xb;
    }
    sums[0] = a0;
    sums[1] = a1;
    sums[2] = a2;
    sums[3] = a3;
    sums[4] = b0;
    sums[5] = b1;
    sums[6] = b2;
    sums[7] = b3;
}

/* One channel of two pixels: sums[0] and sums[4]. */
static inline void conv_2d_one_channel(const int8_t *weights, const int32_t *bias, const int8_t *a, const int8_t *b,
                                       size_t count, int32_t *sums)
{
    int32_t sum_a = flash_read_s32(bias), sum_b = sum_a;

    for (size_t i = 0; i < count; i++) {
        const int32_t weight = flash_read_s8(&weights[i]);
        sum_a += weight * a[i];
        sum_b += weight * b[i];
    }
    sums[0] = sum_a;
    sums[4] = sum_b;
}

/* The channels of one group for two pixels, whose windows are `a` and `b`; returns where the next weights begin. */
static inline const int8_t *conv_2d_group(const struct conv_2d_s8 *p, const int8_t *weights, const int8_t *a,
                                          const int8_t *b, size_t count, struct conv_2d_outputs *out)
{
    int32_t sums[8];

    for (size_t left = p->channels, done; left > 0; left -= done, weights += done * count) {
        const int32_t *const bias = &p->bias[out->channel];

        if (left >= 4) {
            done = 4;
            conv_2d_four_channels(weights, bias, a, b, count, sums);
        } else {
            done = 1;
            conv_2d_one_channel(weights, bias, a, b, count, sums);
        }
        out->a = conv_2d_store(p, sums, done, out->channel, out->a);
        out->b = conv_2d_store(p, sums + 4, done, out->channel, out->b);
        out->channel += done;
    }
    return weights;
}

/* `patches` holds the windows of two pixels of one group. A window of one pixel inside the image is read where it is. */
static inline void conv_2d_s8(const struct conv_2d_s8 *layer, const int8_t *in, int8_t *out, int8_t *patches)
{
    struct conv_2d_s8 p;
    flash_copy(&p, layer, sizeof p);

    const struct window *const w = &p.window;
    const size_t count = w->filter_height * w->filter_width * p.depth;
    const bool is_one_pixel = w->filter_height * w->filter_width == 1;
    const size_t pixels = p.output_height * p.output_width, output_depth = p.groups * p.channels;

    for (size_t batch = 0; batch < p.batches; batch++) {
        size_t y = 0, x = 0;

        for (size_t pixel = 0; pixel < pixels; pixel += 2) {
            const size_t ya = y, xa = x;
            struct conv_2d_outputs to = {out, out, 0};
            const int8_t *weights = p.weights;

            /* The last pixel of an odd number is its own partner. */
            if (pixel + 1 < pixels) {
                x = x + 1 < p.output_width ? x + 1 : 0;
                y += x == 0;
                to.b = out + output_depth;
            }
            for (size_t group = 0; group < p.groups; group++) {
                const int8_t *const from = in + group * p.depth;
                const int8_t *a = patches, *b = patches + count;

                if (is_one_pixel && window_is_inside(w, ya, xa) && window_is_inside(w, y, x)) {
                    a = from + window_offset(w, ya, xa);
                    b = from + window_offset(w, y, x);
                } else {
                    copy_window_s8(w, from, p.depth, ya, xa, patches);
                    copy_window_s8(w, from, p.depth, y, x, patches + count);
                }
                weights = conv_2d_group(&p, weights, a, b, count, &to);
            }
            x = x + 1 < p.output_width ? x + 1 : 0;
            y += x == 0;
            out = to.b;
        }
        in += w->height * w->width * w->depth;
    }
}

#endif
