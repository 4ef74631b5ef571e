/* SPDX-License-Identifier: MIT */
/* Dense layers on int8 with dual multiplies, two outputs in each (dual_rows.h). */
#ifndef KERNELS_FULLY_CONNECTED_DSP_S8_H
#define KERNELS_FULLY_CONNECTED_DSP_S8_H

#include "../common/dual_rows.h"

/* `words` hold, for each four rows, where the sums begin (V of the first row of a pair, SB of the second) and the weights:
 * for each four inputs, rows 0 and 1 with inputs 0 and 2, rows 0 and 1 with inputs 1 and 3, then rows 2 and 3 likewise.
 * Then follow the layer's multiplier, offset and shift, and where the sums of one to three rows begin that are left: the
 * weights of these are in `rows`, four a word. Rows are filled up with zeros to four inputs a word.
 *
 * With a scale for each output, those of a row or of four follow its words. */
struct fully_connected_dsp_s8 {
    size_t inputs;
    size_t outputs;
    const int32_t *words;
    const int32_t *rows;
};

/* The rows that are left after the fours, one by one. */
ALWAYS_INLINE void dsp_rows(const struct fully_connected_dsp_s8 *p, const int32_t *words, const int8_t *in, int8_t *out,
                            const int8_t *end, bool per_channel, bool is_signed)
{
    struct scale_source scale = {words, per_channel};
    const int32_t *weights = p->rows;

    words += per_channel ? 0 : SCALE_WORDS;
    while (out != end) {
        const int8_t *four = in;
        int32_t sum = *words++;
        for (size_t groups = p->inputs / 4; groups; groups--, four += 4) {
            sum = add_four((uint32_t)*weights++, load_four(four), sum);
        }
        if (p->inputs & 3u) {
            sum = add_four((uint32_t)*weights++, load_rest(four, p->inputs & 3u), sum);
        }
        if (per_channel) {
            scale.words = words;
            words += SCALE_WORDS;
        }
        *out++ = requantize_output(sum * 256, &scale, is_signed);
    }
}

ALWAYS_INLINE void dsp_run(const struct fully_connected_dsp_s8 *p, const int8_t *in, int8_t *out, int32_t *lanes,
                           bool per_channel, bool is_signed)
{
    const size_t quads = p->outputs / 4;
    const int32_t *words = p->words;

    if (quads) {
        spread_inputs(in, p->inputs, lanes);
        words = dual_quads(words, quads, lanes, (p->inputs + 3) / 4, out, per_channel, is_signed);
    }
    dsp_rows(p, words, in, out + 4 * quads, out + p->outputs, per_channel, is_signed);
}

/* `lanes` is memory for two bytes an input; layers of less than four outputs need none. */
static inline void fully_connected_dsp_s8(const struct fully_connected_dsp_s8 *layer, const int8_t *in, int8_t *out,
                                          int32_t *lanes)
{
    dsp_run(layer, in, out, lanes, false, true);
}

/* For layers whose lowest output is that of a sum of 0. */
static inline void fully_connected_dsp_relu_s8(const struct fully_connected_dsp_s8 *layer, const int8_t *in,
                                               int8_t *out, int32_t *lanes)
{
    dsp_run(layer, in, out, lanes, false, false);
}

static inline void fully_connected_dsp_per_channel_s8(const struct fully_connected_dsp_s8 *layer, const int8_t *in,
                                                      int8_t *out, int32_t *lanes)
{
    dsp_run(layer, in, out, lanes, true, true);
}

static inline void fully_connected_dsp_relu_per_channel_s8(const struct fully_connected_dsp_s8 *layer,
                                                           const int8_t *in, int8_t *out, int32_t *lanes)
{
    dsp_run(layer, in, out, lanes, true, false);
}

#endif
