/* SPDX-License-Identifier: MIT */
/* Convolution on int8 with products for several channels in one multiply of 32 bits (packed.h), for processors without
 * a multiply-accumulate: eight channels of three pixels at once. */
#ifndef KERNELS_CONV_2D_PACKED_S8_H
#define KERNELS_CONV_2D_PACKED_S8_H

#include "../common/packed.h"
#include "../common/requantize.h"
#include "../common/window.h"

/* For each block of eight channels, `words` hold how many inputs a chunk has (the last may have fewer), and how many
 * chunks there are; for each chunk the words that packed_pixels() takes; then eight biases, and multiplier, offset and
 * shift of each channel. The last block is filled up with zeros, and so are the inputs, to a multiple of four: what is
 * read there does not matter. The biases take off what the sums of all chunks start at. */
struct conv_2d_packed_s8 {
    struct window window;
    size_t batches;
    size_t output_height;
    size_t output_width;
    size_t channels;
    const uint32_t *words;
};

/* `count` outputs of three pixels. */
ALWAYS_INLINE void packed_store(const uint32_t *sums, const uint32_t *scales, size_t count, bool is_signed,
                                int8_t *const outs[PACKED_PIXELS])
{
    int8_t *a = outs[0], *b = outs[1], *c = outs[2];

    for (; count > 0; count--, scales += SCALE_WORDS, sums++) {
        const int32_t multiplier = (int32_t)scales[0], offset = (int32_t)scales[1], shift = (int32_t)scales[2];
        const int32_t sum_a = (int32_t)(sums[0] << 8), sum_b = (int32_t)(sums[PACKED_FIELDS] << 8);
        const int32_t sum_c = (int32_t)(sums[2 * PACKED_FIELDS] << 8);

        *a++ = saturate_in_line_s8(requantize(sum_a, multiplier, offset, shift, is_signed));
        *b++ = saturate_in_line_s8(requantize(sum_b, multiplier, offset, shift, is_signed));
        *c++ = saturate_in_line_s8(requantize(sum_c, multiplier, offset, shift, is_signed));
    }
}

/* A block's sums of three pixels, whose windows have `count` inputs; returns the words behind its biases. */
static inline const uint32_t *packed_block(const uint32_t *words, const int8_t *const windows[PACKED_PIXELS],
                                           size_t count, uint32_t *sums)
{
    const size_t chunk = (size_t)words[0], chunks = (size_t)words[1];
    const uint32_t *const bias = words + 2 + PACKED_WORDS * (chunks + count);
    const int8_t *in[PACKED_PIXELS] = {windows[0], windows[1], windows[2]};
    uint32_t packed[PACKED_PIXELS * PACKED_WORDS];

    words += 2;
    for (size_t left = count; left > 0;) {
        const size_t taken = left < chunk ? left : chunk;

        packed_pixels(words, in, taken, packed);
        for (size_t i = 0; i < PACKED_PIXELS; i++) {
            uint32_t *const to = sums + i * PACKED_FIELDS;

            packed_add_fields(packed + i * PACKED_WORDS, left == count ? bias : to, to);
            in[i] += taken;
        }
        words += PACKED_WORDS * (1 + taken);
        left -= taken;
    }
    return bias + PACKED_FIELDS;
}

/* All channels of three pixels. */
ALWAYS_INLINE void packed_channels(const struct conv_2d_packed_s8 *p, const int8_t *const windows[PACKED_PIXELS],
                                   size_t count, bool is_signed, int8_t *outs[PACKED_PIXELS])
{
    const uint32_t *words = p->words;
    uint32_t sums[PACKED_PIXELS * PACKED_FIELDS];

    for (size_t left = p->channels; left > 0;) {
        const size_t block = left < PACKED_FIELDS ? left : PACKED_FIELDS;

        words = packed_block(words, windows, count, sums);
        packed_store(sums, words, block, is_signed, outs);
        words += SCALE_WORDS * PACKED_FIELDS;
        for (size_t i = 0; i < PACKED_PIXELS; i++) {
            outs[i] += block;
        }
        left -= block;
    }
}

/* A window of one pixel inside the image is read where it is, if no inputs have to be filled up. */
ALWAYS_INLINE void conv_2d_packed_run(const struct conv_2d_packed_s8 *p, const int8_t *in, int8_t *out,
                                      int8_t *patches, bool is_signed)
{
    const struct window *const w = &p->window;
    const size_t inputs = w->filter_height * w->filter_width * w->depth, count = (inputs + 3) & ~(size_t)3;

    for (size_t batch = 0; batch < p->batches; batch++, in += w->height * w->width * w->depth) {
        size_t y = 0, x = 0;

        for (size_t left = p->output_height * p->output_width; left > 0;) {
            const int8_t *windows[PACKED_PIXELS];
            int8_t *outs[PACKED_PIXELS];

            for (size_t i = 0; i < PACKED_PIXELS; i++) {
                if (left == 0) { /* the last pixel once more */
                    windows[i] = windows[i - 1];
                    outs[i] = outs[i - 1];
                    continue;
                }
                if (count == w->depth && window_is_inside(w, y, x)) {
                    windows[i] = in + window_offset(w, y, x);
                } else {
                    copy_window_s8(w, in, w->depth, y, x, patches + i * count);
                    windows[i] = patches + i * count;
                }
                outs[i] = out;
                out += p->channels;
                x = x + 1 < p->output_width ? x + 1 : 0;
                y += x == 0;
                left--;
            }
            packed_channels(p, windows, count, is_signed, outs);
        }
    }
}

/* `patches` holds the windows of three pixels, each filled up to a multiple of four inputs. */
static inline void conv_2d_packed_s8(const struct conv_2d_packed_s8 *layer, const int8_t *in, int8_t *out,
                                     int8_t *patches)
{
    conv_2d_packed_run(layer, in, out, patches, true);
}

/* For layers whose lowest output is that of a sum of 0. */
static inline void conv_2d_packed_relu_s8(const struct conv_2d_packed_s8 *layer, const int8_t *in, int8_t *out,
                                          int8_t *patches)
{
    conv_2d_packed_run(layer, in, out, patches, false);
}

#endif
