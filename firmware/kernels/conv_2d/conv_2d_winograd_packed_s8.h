/* SPDX-License-Identifier: MIT */
/* Convolution on int8 by filters of 3x3 with stride 1 in tiles of 2x2 outputs (see winograd.h for how and why, and
 * conv_2d_winograd_2_s8.h for B', G and A'), with products for several channels in one multiply of 32 bits (packed.h).
 *
 * Three words hold four channels, in fields of 24 bits:
 *
 *     word 0 = S0 + S1 * 2^24     bits 0 to 7 of S1
 *     word 1 = S2 + S1 * 2^16          8 to 15
 *     word 2 = S3 + S1 * 2^8          16 to 23
 *
 * Everything from the weights to A' M A is linear, modulo 2^32, so that words go through it as they are, and fields
 * need hold only what comes out: four times the convolution's sum, which the host proves for a chunk of input channels.
 */
#ifndef KERNELS_CONV_2D_WINOGRAD_PACKED_S8_H
#define KERNELS_CONV_2D_WINOGRAD_PACKED_S8_H

#include "../common/requantize.h"
#include "../common/window.h"

#define TILE_POSITIONS 16
#define TILES_AT_ONCE 4
#define TILE_SIZE 2
#define TILE_FIELDS 4
#define TILE_WORDS 3
#define TILE_INPUTS 4 /* channels that are multiplied in one turn */

#define TILE_SUMS (TILE_POSITIONS * TILE_WORDS * TILES_AT_ONCE)
#define TILE_COLUMNS (TILE_SIZE * TILES_AT_ONCE)
#define TILE_TOTALS (TILE_SIZE * TILE_COLUMNS * TILE_FIELDS)
#define TILE_LOWEST 0xffffffu

/* Rows of the image are copied with padding, `row_bytes` each, of which `left_bytes` are before the image. For each
 * block of four channels, `words` hold how many input channels a chunk has (a multiple of four; the last may have
 * fewer), and how many chunks there are; for each chunk what its sums start at, three words, and three words for each
 * input channel of each position; then four times the bias, less the starts of all chunks, of each channel, and
 * multiplier, offset and shift of each. The last block is filled up with zeros, and so are the input channels, `turns`
 * times four. */
struct conv_2d_winograd_packed_s8 {
    size_t batches;
    size_t image_height;
    size_t image_row_bytes;
    size_t top;
    size_t left_bytes;
    size_t row_bytes;
    size_t output_height;
    size_t output_width;
    size_t depth;
    size_t turns;
    size_t channels;
    int8_t zero_point;
    const uint32_t *words;
};

/* The inputs of one channel, transformed: of each position for four tiles. */
struct tile_inputs {
    int16_t at[TILE_POSITIONS][TILES_AT_ONCE];
};

#if defined(__riscv) && __riscv_xlen == 32 && defined(__riscv_mul) && !defined(__riscv_32e)

/* Four products of a word of weights, and the next word, so that no instruction waits for what it loads. */
#define TILE_WORD(word, next, offset, a, b, c, d)                                                                      \
    "lw  " next ", " offset "(a0)\n\t"                                                                                 \
    "mul a7, " word ", s8\n\t"                                                                                         \
    "add " a ", " a ", a7\n\t"                                                                                         \
    "mul a7, " word ", s9\n\t"                                                                                         \
    "add " b ", " b ", a7\n\t"                                                                                         \
    "mul a7, " word ", s10\n\t"                                                                                        \
    "add " c ", " c ", a7\n\t"                                                                                         \
    "mul " word ", " word ", s11\n\t"                                                                                  \
    "add " d ", " d ", " word "\n\t"

/* One of four channels; the first word is there, and that of the next channel will be. */
#define TILE_CHANNEL(x0, x1, x2, x3, even, odd, word_1, word_2, word_3)                                                \
    "lh  s8, " x0 "(s6)\n\t"                                                                                           \
    "lh  s9, " x1 "(s6)\n\t"                                                                                           \
    "lh  s10, " x2 "(s6)\n\t"                                                                                          \
    "lh  s11, " x3 "(s6)\n\t" TILE_WORD(even, odd, word_1, "t0", "t1", "t2", "t3")                                     \
        TILE_WORD(odd, even, word_2, "t4", "t5", "t6", "s1") TILE_WORD(even, odd, word_3, "s2", "s3", "s4", "s5")

/* Sums of the products of `count` input channels, a multiple of four: at each position three words of four tiles. The
 * word behind `words` is read. In assembly: a0 words, a1 the position's first inputs, a2 the bytes to their end, a3
 * sums and a4 their end; s0 may be the frame pointer. */
NEVER_INLINE void tile_multiply(const uint32_t *words, const struct tile_inputs *inputs, size_t count, uint32_t *sums)
{
    register const uint32_t *a0 __asm__("a0") = words;
    register const struct tile_inputs *a1 __asm__("a1") = inputs;
    register size_t a2 __asm__("a2") = count * sizeof *inputs;
    register uint32_t *a3 __asm__("a3") = sums;
    register const uint32_t *a4 __asm__("a4") = sums + TILE_SUMS;

    __asm__ volatile("lw  a6, 0(a0)\n"
                     "1:\n\t"
                     "li  t0, 0\n\t"
                     "li  t1, 0\n\t"
                     "li  t2, 0\n\t"
                     "li  t3, 0\n\t"
                     "li  t4, 0\n\t"
                     "li  t5, 0\n\t"
                     "li  t6, 0\n\t"
                     "li  s1, 0\n\t"
                     "li  s2, 0\n\t"
                     "li  s3, 0\n\t"
                     "li  s4, 0\n\t"
                     "li  s5, 0\n\t"
                     "mv  s6, a1\n\t"
                     "add a5, a1, a2\n"
                     "2:\n\t"
                     /* clang-format off */
                     TILE_CHANNEL("0", "2", "4", "6", "a6", "ra", "4", "8", "12")
                     TILE_CHANNEL("128", "130", "132", "134", "ra", "a6", "16", "20", "24")
                     TILE_CHANNEL("256", "258", "260", "262", "a6", "ra", "28", "32", "36")
                     TILE_CHANNEL("384", "386", "388", "390", "ra", "a6", "40", "44", "48")
                     /* clang-format on */
                     "addi a0, a0, 48\n\t"
                     "addi s6, s6, 512\n\t"
                     "bne s6, a5, 2b\n\t"
                     "sw  t0, 0(a3)\n\t"
                     "sw  t1, 4(a3)\n\t"
                     "sw  t2, 8(a3)\n\t"
                     "sw  t3, 12(a3)\n\t"
                     "sw  t4, 16(a3)\n\t"
                     "sw  t5, 20(a3)\n\t"
                     "sw  t6, 24(a3)\n\t"
                     "sw  s1, 28(a3)\n\t"
                     "sw  s2, 32(a3)\n\t"
                     "sw  s3, 36(a3)\n\t"
                     "sw  s4, 40(a3)\n\t"
                     "sw  s5, 44(a3)\n\t"
                     "addi a3, a3, 48\n\t"
                     "addi a1, a1, 8\n\t"
                     "bne a3, a4, 1b"
                     : "+r"(a0), "+r"(a1), "+r"(a3)
                     : "r"(a2), "r"(a4)
                     : "t0", "t1", "t2", "t3", "t4", "t5", "t6", "s1", "s2", "s3", "s4", "s5", "s6", "s8", "s9", "s10",
                       "s11", "a5", "a6", "a7", "ra", "memory");
}

#else

NEVER_INLINE void tile_multiply(const uint32_t *words, const struct tile_inputs *inputs, size_t count, uint32_t *sums)
{
    memset(sums, 0, TILE_SUMS * sizeof *sums);
    for (size_t position = 0; position < TILE_POSITIONS; position++, sums += TILE_WORDS * TILES_AT_ONCE) {
        for (size_t channel = 0; channel < count; channel++, words += TILE_WORDS) {
            const int16_t *const x = inputs[channel].at[position];

            for (size_t i = 0; i < TILE_WORDS * TILES_AT_ONCE; i++) {
                const uint32_t input = (uint32_t)x[i % TILES_AT_ONCE];

                sums[i] += words[i / TILES_AT_ONCE] * input;
            }
        }
    }
}

#endif

/* A column of inputs, transformed by B'. */
struct tile_column {
    int32_t a;
    int32_t b;
    int32_t c;
    int32_t d;
};

ALWAYS_INLINE struct tile_column tile_column(const int8_t *in, size_t row_bytes)
{
    const int32_t a = in[0], b = in[row_bytes], c = in[2 * row_bytes], d = in[3 * row_bytes];
    const struct tile_column column = {a - c, b + c, c - b, b - d};

    return column;
}

/* A row of four transformed columns, transformed by B'. */
ALWAYS_INLINE void tile_row(int32_t a, int32_t b, int32_t c, int32_t d, int16_t *to)
{
    to[0] = (int16_t)(a - c);
    to[4 * TILES_AT_ONCE] = (int16_t)(b + c);
    to[8 * TILES_AT_ONCE] = (int16_t)(c - b);
    to[12 * TILES_AT_ONCE] = (int16_t)(b - d);
}

/* Of one channel for four tiles; a tile's last two columns are the first two of the next. */
NEVER_INLINE void tile_transform_inputs(const int8_t *in, size_t depth, size_t row_bytes, struct tile_inputs *inputs)
{
    struct tile_column first = tile_column(in, row_bytes), second = tile_column(in + depth, row_bytes);
    int16_t *to = inputs->at[0];

    for (size_t left = TILES_AT_ONCE; left > 0; left--, to++) {
        in += 2 * depth;
        const struct tile_column third = tile_column(in, row_bytes), fourth = tile_column(in + depth, row_bytes);

        tile_row(first.a, second.a, third.a, fourth.a, to);
        tile_row(first.b, second.b, third.b, fourth.b, to + TILES_AT_ONCE);
        tile_row(first.c, second.c, third.c, fourth.c, to + 2 * TILES_AT_ONCE);
        tile_row(first.d, second.d, third.d, fourth.d, to + 3 * TILES_AT_ONCE);
        first = third;
        second = fourth;
    }
}

/* A column of sums, transformed by A'. */
struct tile_pair {
    uint32_t upper;
    uint32_t lower;
};

ALWAYS_INLINE struct tile_pair tile_pair(const uint32_t *sums)
{
    const size_t step = TILE_WORDS * TILES_AT_ONCE;
    const uint32_t a = sums[0], b = sums[step], c = sums[2 * step], d = sums[3 * step];
    const struct tile_pair pair = {a + b + c, b - c - d};

    return pair;
}

/* A' M A for one word of one tile: two outputs of the first row, then of the second. What sums start at is added to the
 * second of the second column, which adds to all four outputs. */
ALWAYS_INLINE void tile_outputs(const uint32_t *sums, uint32_t start, uint32_t *outputs)
{
    const size_t step = 4 * TILE_WORDS * TILES_AT_ONCE;
    const struct tile_pair a = tile_pair(sums), c = tile_pair(sums + 2 * step), d = tile_pair(sums + 3 * step);
    struct tile_pair b = tile_pair(sums + step);

    b.upper += start;
    b.lower += start;
    outputs[0] = a.upper + b.upper + c.upper;
    outputs[1] = b.upper - c.upper - d.upper;
    outputs[2] = a.lower + b.lower + c.lower;
    outputs[3] = b.lower - c.lower - d.lower;
}

/* The four fields of three words, each added to its value in `from`. */
ALWAYS_INLINE void tile_add_fields(uint32_t first, uint32_t second, uint32_t third, const uint32_t *from,
                                   uint32_t *totals)
{
    uint32_t s1 = first >> 24;

    second -= s1 << 16;
    s1 |= second >> 24 << 8;
    third -= s1 << 8;
    s1 |= third >> 24 << 16;
    totals[0] = from[0] + (first & TILE_LOWEST);
    totals[1] = from[1] + s1;
    totals[2] = from[2] + (second & TILE_LOWEST);
    totals[3] = from[3] + (third & TILE_LOWEST);
}

/* Outputs of all tiles: `totals` are of four channels for each pixel, row by row. `from`, with the same step, is what
 * they are added to: the totals themselves, or the same for all pixels, with a step of 0. */
NEVER_INLINE void tile_transform_sums(const uint32_t *sums, const uint32_t *starts, const uint32_t *from, size_t step,
                                      uint32_t *totals)
{
    for (size_t left = TILES_AT_ONCE; left > 0; left--, sums++) {
        uint32_t first[4], second[4], third[4];

        tile_outputs(sums, starts[0], first);
        tile_outputs(sums + TILES_AT_ONCE, starts[1], second);
        tile_outputs(sums + 2 * TILES_AT_ONCE, starts[2], third);
        for (size_t i = 0; i < TILE_SIZE; i++, from += step, totals += TILE_FIELDS) {
            tile_add_fields(first[i], second[i], third[i], from, totals);
            tile_add_fields(first[TILE_SIZE + i], second[TILE_SIZE + i], third[TILE_SIZE + i],
                            from + TILE_COLUMNS * step, totals + TILE_COLUMNS * TILE_FIELDS);
        }
    }
}

/* The outputs of one channel in `rows` rows of `columns` pixels. */
ALWAYS_INLINE void tile_store(const uint32_t *totals, const uint32_t *scale, size_t rows, size_t columns, int8_t *out,
                              size_t pixel_step, size_t row_step, bool is_signed)
{
    const int32_t multiplier = (int32_t)scale[0], offset = (int32_t)scale[1], shift = (int32_t)scale[2];

    for (; rows > 0; rows--, totals += TILE_COLUMNS * TILE_FIELDS, out += row_step) {
        const uint32_t *total = totals;
        int8_t *to = out;

        for (size_t left = columns; left > 0; left--, total += TILE_FIELDS, to += pixel_step) {
            *to = saturate_in_line_s8(requantize((int32_t)(*total << 6), multiplier, offset, shift, is_signed));
        }
    }
}

/* A row of the padded image. */
static inline void tile_copy_row(const struct conv_2d_winograd_packed_s8 *p, const int8_t *in, size_t row, int8_t *to)
{
    const size_t room = p->row_bytes - p->left_bytes;
    const size_t inside = room < p->image_row_bytes ? room : p->image_row_bytes;

    if (row < p->top || row >= p->top + p->image_height) {
        memset(to, p->zero_point, p->row_bytes);
        return;
    }
    memset(to, p->zero_point, p->left_bytes);
    memcpy(to + p->left_bytes, in + (row - p->top) * p->image_row_bytes, inside);
    memset(to + p->left_bytes + inside, p->zero_point, room - inside);
}

/* All channels of four tiles, of which `rows` rows and `columns` columns are outputs. */
ALWAYS_INLINE void tile_channels(const struct conv_2d_winograd_packed_s8 *p, const struct tile_inputs *inputs,
                                 uint32_t *sums, size_t rows, size_t columns, int8_t *out, bool is_signed)
{
    uint32_t *const totals = sums + TILE_SUMS;
    const uint32_t *words = p->words;

    for (size_t channel = 0; channel < p->channels; channel += TILE_FIELDS) {
        const size_t left = p->channels - channel, block = left < TILE_FIELDS ? left : TILE_FIELDS;
        const size_t count = p->turns * TILE_INPUTS, chunk = (size_t)words[0], chunks = (size_t)words[1];
        const uint32_t *const from = words + 2 + TILE_WORDS * (chunks + TILE_POSITIONS * count);

        words += 2;
        for (size_t next = 0; next < count; next += chunk) {
            const size_t taken = count - next < chunk ? count - next : chunk;

            tile_multiply(words + TILE_WORDS, inputs + next, taken, sums);
            tile_transform_sums(sums, words, next == 0 ? from : totals, next == 0 ? 0 : TILE_FIELDS, totals);
            words += TILE_WORDS * (1 + TILE_POSITIONS * taken);
        }
        words += TILE_FIELDS;
        for (size_t i = 0; i < block; i++) {
            tile_store(totals + i, words + i * SCALE_WORDS, rows, columns, out + channel + i, p->channels,
                       p->output_width * p->channels, is_signed);
        }
        words += TILE_FIELDS * SCALE_WORDS;
    }
}

/* Tiles that leave the image on the right or below are computed as a whole. Two rows of inputs are kept for the next
 * row of tiles. */
ALWAYS_INLINE void conv_2d_winograd_packed_run(const struct conv_2d_winograd_packed_s8 *p, const int8_t *in,
                                               int8_t *out, int8_t *strip, int16_t *transformed, uint32_t *sums,
                                               bool is_signed)
{
    struct tile_inputs *const inputs = (struct tile_inputs *)(void *)transformed;

    for (size_t batch = 0; batch < p->batches; batch++, in += p->image_height * p->image_row_bytes) {
        for (size_t y = 0; y < p->output_height; y += TILE_SIZE) {
            const size_t below = p->output_height - y, rows = below < TILE_SIZE ? below : TILE_SIZE;
            const size_t kept = y > 0 ? 2 : 0;

            memcpy(strip, strip + 2 * p->row_bytes, kept * p->row_bytes);
            for (size_t row = kept; row < 4; row++) {
                tile_copy_row(p, in, y + row, strip + row * p->row_bytes);
            }
            for (size_t x = 0; x < p->output_width; x += TILE_COLUMNS) {
                const size_t right = p->output_width - x, columns = right < TILE_COLUMNS ? right : TILE_COLUMNS;

                for (size_t channel = 0; channel < p->depth; channel++) {
                    tile_transform_inputs(strip + x * p->depth + channel, p->depth, p->row_bytes, &inputs[channel]);
                }
                tile_channels(p, inputs, sums, rows, columns, out + x * p->channels, is_signed);
            }
            out += rows * p->output_width * p->channels;
        }
    }
}

/* `strip` is memory for four rows, `inputs` for the transformed channels of all turns, `sums` for TILE_SUMS and
 * TILE_TOTALS words. */
static inline void conv_2d_winograd_packed_s8(const struct conv_2d_winograd_packed_s8 *layer, const int8_t *in,
                                              int8_t *out, int8_t *strip, int16_t *inputs, uint32_t *sums)
{
    conv_2d_winograd_packed_run(layer, in, out, strip, inputs, sums, true);
}

/* For layers whose lowest output is that of a sum of 0. */
static inline void conv_2d_winograd_packed_relu_s8(const struct conv_2d_winograd_packed_s8 *layer, const int8_t *in,
                                                   int8_t *out, int8_t *strip, int16_t *inputs, uint32_t *sums)
{
    conv_2d_winograd_packed_run(layer, in, out, strip, inputs, sums, false);
}

#endif
