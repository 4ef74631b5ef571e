/* Convolution on int8 with long multiplies, two channels of three pixels at once (chain.h).
 *
 * The windows of three pixels become two words an input; all channels of the three are made from these. The last
 * pixels of a number that three does not divide are computed with copies of themselves. */
#ifndef KERNELS_CONV_2D_CHAIN_S8_H
#define KERNELS_CONV_2D_CHAIN_S8_H

#include "../common/chain.h"
#include "../common/window.h"

/* `weights` are laid out as chain.h says. A window of `products` inputs is taken in `chunks` chunks of `chunk_groups`
 * groups of four. */
struct conv_2d_chain_s8 {
    struct window window;
    size_t batches;
    size_t output_height;
    size_t output_width;
    size_t channels;
    size_t products;
    size_t chunks;
    size_t chunk_groups;
    const uint32_t *weights;
    size_t weight_words;
};

/* The inputs of one output pixel, in one piece: where they are, or copied to `patch`. */
static inline const int8_t *chain_window(const struct window *w, const int8_t *in, size_t y, size_t x, int8_t *patch)
{
    if (w->filter_height * w->filter_width == 1 && window_is_inside(w, y, x)) {
        return in + window_offset(w, y, x);
    }
    copy_window_s8(w, in, w->depth, y, x, patch);
    return patch;
}

ALWAYS_INLINE void conv_2d_chain(const struct conv_2d_chain_s8 *p, const int8_t *in, int8_t *out, uint32_t *words,
                                 int8_t *patches, void (*run_channels)(struct chain_run *))
{
    const struct window *const w = &p->window;
    const size_t chunk_words = 8 * p->chunk_groups, words_used = p->chunks * chunk_words;
    const size_t pixels = p->output_height * p->output_width;
    struct chain_run run = {
        {NULL, NULL, NULL},
        p->weights,
        p->weights + p->weight_words,
        words,
        words + words_used,
        words + chunk_words + 3,
        0,
        0,
        {0, 0, 0, 0, 0, 0},
        ((p->chunk_groups - 1) % CHAIN_PASS_GROUPS + 1) * CHAIN_GROUP_BYTES,
        chunk_words * sizeof *words,
    };

    for (size_t batch = 0; batch < p->batches; batch++, in += w->height * w->width * w->depth) {
        size_t y = 0, x = 0;

        for (size_t pixel = 0; pixel < pixels;) {
            const int8_t *windows[CHAIN_PIXELS];

            for (size_t i = 0; i < CHAIN_PIXELS; i++) {
                windows[i] = chain_window(w, in, y, x, patches + i * p->products);
                run.out[i] = out;
                if (pixel + 1 < pixels) {
                    x = x + 1 < p->output_width ? x + 1 : 0;
                    y += x == 0;
                    out += p->channels;
                    pixel++;
                } else if (i + 1 == CHAIN_PIXELS) {
                    out += p->channels;
                    pixel++;
                }
            }
            chain_words(windows, p->products, words);
            run.weights = p->weights;
            run_channels(&run);
        }
    }
}

/* `words` is memory for eight bytes an input of a window, in whole chunks, and twelve; `patches` for three windows. */
static inline void conv_2d_chain_s8(const struct conv_2d_chain_s8 *layer, const int8_t *in, int8_t *out,
                                    uint32_t *words, int8_t *patches)
{
    conv_2d_chain(layer, in, out, words, patches, chain_run_signed);
}

/* For layers whose lowest output is that of a sum of 0. */
static inline void conv_2d_chain_relu_s8(const struct conv_2d_chain_s8 *layer, const int8_t *in, int8_t *out,
                                         uint32_t *words, int8_t *patches)
{
    conv_2d_chain(layer, in, out, words, patches, chain_run_unsigned);
}

#endif
