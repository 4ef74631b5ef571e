/* SPDX-License-Identifier: MIT */
/* Convolution on int8 with long multiplies, two channels of three pixels at once (chain.h).
 *
 * The windows of three pixels become two words an input; all channels of the three are made from these. The last
 * pixels of a number that three does not divide are computed with copies of themselves. A layer with padding, or whose
 * windows are read a little beyond their ends, copies the rows that a strip of output rows needs. */
#ifndef KERNELS_CONV_2D_CHAIN_S8_H
#define KERNELS_CONV_2D_CHAIN_S8_H

#include "../common/chain_fitted.h"
#include "../common/chain_words.h"

/* Where the rows lie that `height` rows of outputs need: in the image, or copied with `top` rows and `left_bytes`
 * before each row of padding. `filter_rows` are those of one row of outputs. */
struct chain_strip {
    size_t height;
    size_t top;
    size_t left_bytes;
    size_t row_bytes;
    size_t filter_rows;
    size_t image_height;
    size_t image_row_bytes;
    int8_t zero_point;
};

/* `weights` are laid out as chain.h says, of the channels that are not constant; `constants` has a pixel of those that
 * are, or is NULL. `shift` is that of fitted scales. A window's groups of four are taken in `chunks` chunks of
 * `chunk_groups`. `stride_bytes` and `stride_rows` lie between one window and the next. */
struct conv_2d_chain_s8 {
    struct chain_strip strip;
    struct chain_window window;
    size_t stride_bytes;
    size_t stride_rows;
    size_t batches;
    size_t output_height;
    size_t output_width;
    size_t channels;
    size_t chunks;
    size_t chunk_groups;
    const uint32_t *weights;
    size_t weight_words;
    uint32_t shift;
    const int8_t *constants;
};

/* Eight bytes a turn, whatever their alignment: some C libraries' memcpy() then copies single bytes. */
static inline void chain_copy_row(int8_t *to, const int8_t *from, size_t bytes)
{
    size_t i = 0;

    for (; i + 8 <= bytes; i += 8) {
        const uint32_t first = load_four(from + i), second = load_four(from + i + 4);

        memcpy(to + i, &first, sizeof first);
        memcpy(to + i + 4, &second, sizeof second);
    }
    for (; i < bytes; i++) {
        to[i] = from[i];
    }
}

/* How the products of three pixels are made: `spread` makes words of their windows, `run_channels` the outputs of all
 * channels from these. A group of four inputs takes `group_words` words, and `group_bytes` of code, of which there are
 * `pass_groups` in a row; `words_ahead` are read before they are needed. */
struct chain_form {
    void (*spread)(struct chain_fours *);
    void (*run_channels)(struct chain_run *);
    size_t group_words;
    size_t group_bytes;
    size_t pass_groups;
    size_t words_ahead;
};

/* Copies `count` rows from row `row` on, counted from the first padded one. */
static inline void chain_copy_strip(const struct chain_strip *p, const int8_t *in, size_t row, size_t count,
                                    int8_t *strip)
{
    const size_t room = p->row_bytes - p->left_bytes;
    const size_t inside = room < p->image_row_bytes ? room : p->image_row_bytes;

    for (; count > 0; count--, row++, strip += p->row_bytes) {
        if (row >= p->top && row < p->top + p->image_height) {
            memset(strip, p->zero_point, p->left_bytes);
            chain_copy_row(strip + p->left_bytes, in + (row - p->top) * p->image_row_bytes, inside);
            memset(strip + p->left_bytes + inside, p->zero_point, room - inside);
        } else {
            memset(strip, p->zero_point, p->row_bytes);
        }
    }
}

/* Where outputs go: the first one of a row of them, and the bytes to that of the next row and to the next pixel's. */
struct chain_out {
    int8_t *row;
    size_t row_step;
    size_t pixel_step;
};

/* `rows` rows of outputs, whose windows begin in `in`. */
ALWAYS_INLINE void chain_rows(const struct conv_2d_chain_s8 *p, struct chain_run *run, const int8_t *in, size_t rows,
                              struct chain_out to, uint32_t *words, const struct chain_form *form)
{
    const size_t width = p->output_width, row_step = p->stride_rows * p->strip.row_bytes;
    const int8_t *start = in;
    int8_t *out = to.row;

    for (size_t left = rows * width, x = 0; left > 0;) {
        const int8_t *starts[CHAIN_PIXELS];
        const bool is_in_row = p->constants == NULL && x + CHAIN_PIXELS < width;

        for (size_t i = 0; is_in_row && i < CHAIN_PIXELS; i++) { /* most of them, and quickly */
            starts[i] = start;
            run->out[i] = out;
            start += p->stride_bytes;
            out += to.pixel_step;
        }
        if (is_in_row) {
            left -= CHAIN_PIXELS;
            x += CHAIN_PIXELS;
        }
        for (size_t i = 0; !is_in_row && i < CHAIN_PIXELS; i++) {
            starts[i] = start;
            run->out[i] = out;
            if (p->constants != NULL) {
                memcpy(out, p->constants, p->channels);
            }
            if (left > 1) { /* else the last pixel again */
                left--;
                x++;
                start += p->stride_bytes;
                out += to.pixel_step;
                if (x == width) {
                    x = 0;
                    in += row_step;
                    start = in;
                    to.row += to.row_step;
                    out = to.row;
                }
            } else if (i + 1 == CHAIN_PIXELS) {
                left = 0;
            }
        }
        chain_words(&p->window, starts, words, form->spread);
        run->weights = p->weights;
        form->run_channels(run);
    }
}

/* Rows `row` to `end` of the outputs of one image. */
ALWAYS_INLINE void chain_output_rows(const struct conv_2d_chain_s8 *p, const int8_t *in, size_t row, size_t end,
                                     struct chain_out to, uint32_t *words, int8_t *copied,
                                     const struct chain_form *form)
{
    const size_t chunk_words = form->group_words * p->chunk_groups;
    struct chain_run run = {
        {NULL, NULL, NULL},
        p->weights,
        p->weights + p->weight_words,
        words,
        words + p->chunks * chunk_words,
        words + chunk_words + form->words_ahead,
        0,
        0,
        {0, 0, 0, 0, 0, 0},
        ((p->chunk_groups - 1) % form->pass_groups + 1) * form->group_bytes,
        chunk_words * sizeof *words,
        p->shift,
    };

    for (size_t rows; row < end; row += rows, to.row += rows * to.row_step) {
        const size_t left = end - row, first = row * p->stride_rows;

        rows = left < p->strip.height ? left : p->strip.height;
        if (copied != NULL) {
            chain_copy_strip(&p->strip, in, first, (rows - 1) * p->stride_rows + p->strip.filter_rows, copied);
        }
        chain_rows(p, &run, copied != NULL ? copied : in + first * p->strip.row_bytes, rows, to, words, form);
    }
}

ALWAYS_INLINE void conv_2d_chain(const struct conv_2d_chain_s8 *p, const int8_t *in, int8_t *out, uint32_t *words,
                                 int8_t *copied, const struct chain_form *form)
{
    struct chain_out to = {out, p->output_width * p->channels, p->channels};

    for (size_t batch = 0; batch < p->batches; batch++, in += p->strip.image_height * p->strip.image_row_bytes) {
        chain_output_rows(p, in, 0, p->output_height, to, words, copied, form);
        to.row += p->output_height * to.row_step;
    }
}

/* By long multiplies. */
#define CHAIN_FORM(run_channels) {chain_fours, run_channels, 8, CHAIN_GROUP_BYTES, CHAIN_PASS_GROUPS, 3}

ALWAYS_INLINE void conv_2d_long(const struct conv_2d_chain_s8 *p, const int8_t *in, int8_t *out, uint32_t *words,
                                int8_t *copied, void (*run_channels)(struct chain_run *))
{
    const struct chain_form form = CHAIN_FORM(run_channels);

    conv_2d_chain(p, in, out, words, copied, &form);
}

/* `words` is memory for 32 bytes a group of all chunks, and twelve; `copied` for the rows of a strip and three bytes,
 * or NULL where they are read from the image. */
static inline void conv_2d_chain_s8(const struct conv_2d_chain_s8 *layer, const int8_t *in, int8_t *out,
                                    uint32_t *words, int8_t *copied)
{
    conv_2d_long(layer, in, out, words, copied, chain_run_signed);
}

/* For layers whose lowest output is that of a sum of 0. */
static inline void conv_2d_chain_relu_s8(const struct conv_2d_chain_s8 *layer, const int8_t *in, int8_t *out,
                                         uint32_t *words, int8_t *copied)
{
    conv_2d_long(layer, in, out, words, copied, chain_run_unsigned);
}

/* The same, for layers whose scales chain_fitted.h can use. */
static inline void conv_2d_chain_fitted_s8(const struct conv_2d_chain_s8 *layer, const int8_t *in, int8_t *out,
                                           uint32_t *words, int8_t *copied)
{
    conv_2d_long(layer, in, out, words, copied, chain_run_fitted);
}

#endif
