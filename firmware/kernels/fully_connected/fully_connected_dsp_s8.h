/* Dense layers on int8 with dual multiplies, two outputs in each (dual_rows.h).
 *
 * `weights`, for each four rows and four inputs: rows 0 and 1 with inputs 0 and 2, rows 0 and 1 with inputs 1 and 3,
 * then rows 2 and 3 likewise; one to three rows that are left follow with four weights a word. Rows are filled up with
 * zeros to four inputs a word. `starts` has where each sum begins: V of the first row of a pair, SB of the second. */
#ifndef KERNELS_FULLY_CONNECTED_DSP_S8_H
#define KERNELS_FULLY_CONNECTED_DSP_S8_H

#include "../common/dual_rows.h"

/* One scale for the whole layer. */
struct fully_connected_dsp_s8 {
    size_t inputs;
    size_t outputs;
    const uint32_t *weights;
    const int32_t *starts;
    int32_t multiplier;
    int32_t offset;
    int32_t shift;
};

/* `scales`: multiplier, offset and shift of each output. */
struct fully_connected_dsp_per_channel_s8 {
    size_t inputs;
    size_t outputs;
    const uint32_t *weights;
    const int32_t *starts;
    const int32_t *scales;
};

struct dsp_run {
    const uint32_t *weights;
    const int32_t *starts;
    struct scale_source scale;
    bool is_signed;
};

/* The rows that are left after the fours, one by one. */
ALWAYS_INLINE void dsp_rows(struct dsp_run run, const int8_t *in, size_t inputs, int8_t *out, const int8_t *end)
{
    const int8_t *const last = in + (inputs & ~(size_t)3);

    for (; out != end; out++) {
        int32_t sum = *run.starts++;
        for (const int8_t *four = in; four != last; four += 4) {
            sum = add_four(*run.weights++, load_four(four), sum);
        }
        if (inputs & 3u) {
            sum = add_four(*run.weights++, load_rest(last, inputs & 3u), sum);
        }
        *out = requantize_output(sum * 256, &run.scale, run.is_signed);
    }
}

ALWAYS_INLINE void dsp_run(struct dsp_run run, const int8_t *in, size_t inputs, int8_t *out, size_t outputs,
                           int32_t *lanes)
{
    const int8_t *const end = out + outputs;
    const size_t groups = (inputs + 3) / 4;

    if (outputs >= 4) {
        struct dual_quads quads = {
            run.weights,
            run.starts,
            NULL,
            out,
            out + (outputs & ~(size_t)3),
            lanes,
            lanes + 2 * (groups & 3u),
            lanes + 2 * groups,
        };
        spread_inputs(in, inputs, lanes);
        dual_quads(&quads, &run.scale, run.is_signed);
        run.weights = quads.weights;
        run.starts = quads.starts;
        out = quads.out;
    }
    dsp_rows(run, in, inputs, out, end);
}

ALWAYS_INLINE void dsp_per_tensor(const struct fully_connected_dsp_s8 *p, const int8_t *in, int8_t *out,
                                  int32_t *lanes, bool is_signed)
{
    const struct scale_source scale = {p->multiplier, p->offset, p->shift, NULL, false};
    const struct dsp_run run = {p->weights, p->starts, scale, is_signed};

    dsp_run(run, in, p->inputs, out, p->outputs, lanes);
}

ALWAYS_INLINE void dsp_per_channel(const struct fully_connected_dsp_per_channel_s8 *p, const int8_t *in, int8_t *out,
                                   int32_t *lanes, bool is_signed)
{
    const struct scale_source scale = {0, 0, 0, p->scales, true};
    const struct dsp_run run = {p->weights, p->starts, scale, is_signed};

    dsp_run(run, in, p->inputs, out, p->outputs, lanes);
}

/* `lanes` is memory for two bytes an input. */
static inline void fully_connected_dsp_s8(const struct fully_connected_dsp_s8 *layer, const int8_t *in, int8_t *out,
                                          int32_t *lanes)
{
    dsp_per_tensor(layer, in, out, lanes, true);
}

/* For layers whose lowest output is that of a sum of 0. */
static inline void fully_connected_dsp_relu_s8(const struct fully_connected_dsp_s8 *layer, const int8_t *in,
                                               int8_t *out, int32_t *lanes)
{
    dsp_per_tensor(layer, in, out, lanes, false);
}

static inline void fully_connected_dsp_per_channel_s8(const struct fully_connected_dsp_per_channel_s8 *layer,
                                                      const int8_t *in, int8_t *out, int32_t *lanes)
{
    dsp_per_channel(layer, in, out, lanes, true);
}

static inline void fully_connected_dsp_relu_per_channel_s8(const struct fully_connected_dsp_per_channel_s8 *layer,
                                                           const int8_t *in, int8_t *out, int32_t *lanes)
{
    dsp_per_channel(layer, in, out, lanes, false);
}

#endif
