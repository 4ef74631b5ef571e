/* SPDX-License-Identifier: MIT */
/* The tiles of a convolution by winograd.h: what does not depend on their size. */
#ifndef KERNELS_WINOGRAD_TILES_H
#define KERNELS_WINOGRAD_TILES_H

#include "winograd.h"

#define WINOGRAD_MOST_SIZE 4

/* Rows of the image, copied with padding: `row_words` words a row, of which `left_words` are padding, and bytes that
 * count from 0. `weights` has `pair_words` words for each two channels: those that winograd_multiply() takes for every
 * position of `chunks` chunks of `chunk_groups` groups; then for both channels the bias times 256 (less what counting
 * from 0 adds), multiplier, offset and shift. The last two channels of an odd number are computed together again. */
struct conv_2d_winograd_s8 {
    size_t batches;
    size_t image_height;
    size_t image_row_words;
    size_t top;
    size_t left_words;
    size_t row_words;
    size_t output_height;
    size_t output_width;
    size_t depth_words;
    size_t channels;
    size_t chunks;
    size_t chunk_groups;
    int8_t zero_point;
    const uint32_t *weights;
    size_t pair_words;
};

/* Four channels of a tile of inputs: where it begins in the copied rows, the bytes from one pixel and one row to the
 * next, `spare` memory for WINOGRAD_SPARE words, and where the transformed words go: of the first position, two words
 * two words apart, those of the next one `step` bytes behind. The assembly knows the order of the fields. */
struct winograd_tile {
    const uint32_t *tile;
    size_t pixel_bytes;
    uint32_t *spare;
    size_t row_bytes;
    uint32_t *inputs;
    size_t step;
};

#define WINOGRAD_SPARE 72

typedef void winograd_transform_inputs(const struct winograd_tile *tile);

/* One channel of a tile: its sums, which are overwritten, where its outputs go, and its bias, multiplier, offset and
 * shift. The assembly knows the order of the fields. */
struct winograd_outputs {
    uint32_t *sums;
    int8_t *out;
    size_t pixel_step;
    size_t row_step;
    const uint32_t *scale;
};

typedef void winograd_transform_sums(const struct winograd_outputs *outputs);

/* A row of the padded image. */
static inline void winograd_copy_row(const struct conv_2d_winograd_s8 *p, const int8_t *in, size_t row, uint32_t *to)
{
    const uint32_t outside = ((uint8_t)p->zero_point ^ 0x80u) * 0x01010101u;
    const size_t room = p->row_words - p->left_words;
    size_t left = p->left_words, inside = room < p->image_row_words ? room : p->image_row_words;

    if (row < p->top || row >= p->top + p->image_height) {
        left = p->row_words;
        inside = 0;
    } else {
        in += (row - p->top) * p->image_row_words * sizeof *to;
    }
    uint32_t *const end = to + p->row_words;

    for (; left > 0; left--) {
        *to++ = outside;
    }
    for (; inside > 0; inside--, in += sizeof *to) {
        *to++ = load_four(in) ^ 0x80808080u;
    }
    while (to != end) {
        *to++ = outside;
    }
}

/* One tile's inputs of all channels. */
ALWAYS_INLINE void winograd_tile(const struct conv_2d_winograd_s8 *p, const uint32_t *pixels, uint32_t *inputs,
                                 uint32_t *spare, size_t positions, winograd_transform_inputs *transform)
{
    const size_t step = p->chunk_groups * WINOGRAD_SUMS;
    struct winograd_tile tile = {
        pixels, p->depth_words * sizeof *pixels, spare, p->row_words * sizeof *pixels, inputs, step * sizeof *inputs,
    };

    for (size_t left = p->depth_words; left > 0; tile.inputs += (positions - 1) * step) {
        for (size_t group = 0; group < p->chunk_groups; group++, tile.inputs += WINOGRAD_SUMS) {
            if (left > 0) {
                transform(&tile);
                tile.tile++;
                left--;
            }
        }
    }
}

/* Sums of two channels and two tiles; each chunk after the first is summed behind them. */
ALWAYS_INLINE void winograd_pair(const struct conv_2d_winograd_s8 *p, const uint32_t *weights, const uint32_t *inputs,
                                 uint32_t *sums, size_t positions)
{
    const size_t chunk_inputs = positions * p->chunk_groups * WINOGRAD_SUMS;
    struct winograd_run run = {weights, inputs, sums, sums + positions, p->chunk_groups};

    winograd_multiply(&run);
    for (size_t chunk = 1; chunk < p->chunks; chunk++) {
        uint32_t *const more = sums + WINOGRAD_SUMS * WINOGRAD_POSITIONS; /* memory that only several chunks have */

        run.sums = more;
        run.end = more + positions;
        run.weights += chunk_inputs + positions * WINOGRAD_SUMS;
        run.inputs += chunk_inputs;
        winograd_multiply(&run);
        for (size_t i = 0; i < WINOGRAD_SUMS * WINOGRAD_POSITIONS; i++) {
            sums[i] += more[i];
        }
    }
}

/* One channel of one tile, of which only `rows` rows lie in the image. */
ALWAYS_INLINE void winograd_store(const struct winograd_outputs *outputs, size_t rows, size_t size,
                                  winograd_transform_sums *transform)
{
    int8_t square[WINOGRAD_MOST_SIZE * WINOGRAD_MOST_SIZE];
    const struct winograd_outputs whole = {outputs->sums, square, 1, size, outputs->scale};
    int8_t *row = outputs->out;

    if (rows == size) {
        transform(outputs);
        return;
    }
    transform(&whole);
    for (size_t y = 0; y < rows; y++, row += outputs->row_step) {
        for (size_t x = 0; x < size; x++) {
            row[x * outputs->pixel_step] = square[y * size + x];
        }
    }
}

/* All channels of `count` tiles, whose outputs begin at `outs`. */
ALWAYS_INLINE void winograd_channels(const struct conv_2d_winograd_s8 *p, int8_t *const outs[WINOGRAD_TILES],
                                     size_t count, size_t rows, const uint32_t *inputs, uint32_t *sums, size_t size,
                                     winograd_transform_sums *transform)
{
    const uint32_t *weights = p->weights;

    for (size_t next = 0; next < p->channels; next += 2, weights += p->pair_words) {
        const size_t channel = next + 2 <= p->channels ? next : p->channels - 2;
        const uint32_t *const scales = weights + p->pair_words - 2 * 4;

        winograd_pair(p, weights, inputs, sums, (size + 2) * (size + 2));
        for (size_t i = 0; i < 2; i++) {
            for (size_t tile = 0; tile < count; tile++) {
                const struct winograd_outputs outputs = {
                    sums + (i * WINOGRAD_TILES + tile) * WINOGRAD_POSITIONS,
                    outs[tile] + channel + i,
                    p->channels,
                    p->output_width * p->channels,
                    scales + i * 4,
                };
                winograd_store(&outputs, rows, size, transform);
            }
        }
    }
}

/* Tiles of `size` x `size` outputs, two at a time; those that would leave the image on the right begin further left. A
 * row of tiles keeps the last two rows of its inputs for the next one, so `out` may be `in` if both have one size. */
ALWAYS_INLINE void conv_2d_winograd(const struct conv_2d_winograd_s8 *p, const int8_t *in, int8_t *out, uint32_t *strip,
                                    uint32_t *inputs, uint32_t *sums, size_t size, winograd_transform_inputs *transform,
                                    winograd_transform_sums *transform_sums)
{
    const size_t positions = (size + 2) * (size + 2), last = p->output_width - size;

    if (p->chunks > 1) { /* the last chunk may have fewer groups, and tiles fewer positions */
        memset(inputs, 0, p->chunks * positions * p->chunk_groups * WINOGRAD_SUMS * sizeof *inputs);
        memset(sums, 0, 2 * WINOGRAD_SUMS * WINOGRAD_POSITIONS * sizeof *sums);
    }
    for (size_t batch = 0; batch < p->batches; batch++) {
        for (size_t y = 0; y < p->output_height; y += size) {
            const size_t left = p->output_height - y, rows = left < size ? left : size, kept = y > 0 ? 2 : 0;

            memcpy(strip, strip + size * p->row_words, kept * p->row_words * sizeof *strip);
            for (size_t row = kept; row < size + 2; row++) {
                winograd_copy_row(p, in, y + row, strip + row * p->row_words);
            }
            for (size_t x = 0; x < p->output_width; x += WINOGRAD_TILES * size) {
                int8_t *outs[WINOGRAD_TILES];

                for (size_t i = 0; i < WINOGRAD_TILES; i++) {
                    const size_t next = x + i * size, column = next < last ? next : last;

                    outs[i] = out + column * p->channels;
                    winograd_tile(p, strip + column * p->depth_words, inputs + i, sums, positions, transform);
                }
                winograd_channels(p, outs, x + size < p->output_width ? 2 : 1, rows, inputs, sums, size,
                                  transform_sums);
            }
            out += rows * p->output_width * p->channels;
        }
        in += p->image_height * p->image_row_words * sizeof *strip;
    }
}

#endif
