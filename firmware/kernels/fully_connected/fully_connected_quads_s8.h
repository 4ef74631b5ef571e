/* SPDX-License-Identifier: MIT */
/* Dense layers on int8, four outputs a pass: each input is loaded once for four products.
 *
 * `weights` hold rows in fours: the first weight of each, the second of each and so on; then one to three rows that
 * are left, one after the other. The bias holds the input's zero point, as in fully_connected.h; sums fit 24 bits. */
#ifndef KERNELS_FULLY_CONNECTED_QUADS_S8_H
#define KERNELS_FULLY_CONNECTED_QUADS_S8_H

#include "../common/port.h"
#include "../common/requantize.h"

/* One scale for the whole layer. */
struct fully_connected_quads_s8 {
    size_t inputs;
    size_t outputs;
    const int8_t *weights;
    const int32_t *bias;
    int32_t multiplier;
    int32_t offset;
    int32_t shift;
};

/* `scales`: multiplier, offset and shift of each output. */
struct fully_connected_quads_per_channel_s8 {
    size_t inputs;
    size_t outputs;
    const int8_t *weights;
    const int32_t *bias;
    const int32_t *scales;
};

struct quads_run {
    const int8_t *weights;
    const int32_t *bias;
    int32_t multiplier;
    int32_t offset;
    int32_t shift;
    const int32_t *scales; /* where `per_channel`, of the outputs to come */
    bool per_channel;
    bool is_signed;
};

ALWAYS_INLINE int8_t quads_output(struct quads_run *run, int32_t sum)
{
    int32_t x;

    if (run->per_channel) {
        x = requantize(sum * 256, run->scales[0], run->scales[1], run->scales[2], run->is_signed);
        run->scales += SCALE_WORDS;
    } else {
        x = requantize(sum * 256, run->multiplier, run->offset, run->shift, run->is_signed);
    }
    return saturate_s8(x);
}

/* Adds the products of one input with four weights. */
#define QUADS_ADD(x, weight)                                                                                           \
    do {                                                                                                               \
        a += (weight)[0] * (x);                                                                                        \
        b += (weight)[1] * (x);                                                                                        \
        c += (weight)[2] * (x);                                                                                        \
        d += (weight)[3] * (x);                                                                                        \
    } while (0)

/* `inputs_at_once` is 2 or 4: a constant. */
ALWAYS_INLINE void quads_pass(struct quads_run *run, const int8_t *in, size_t inputs, size_t inputs_at_once,
                              int8_t *out)
{
    const int8_t *weight = run->weights;
    const int8_t *const last = in + inputs / inputs_at_once * inputs_at_once;
    int32_t a = run->bias[0], b = run->bias[1], c = run->bias[2], d = run->bias[3];

    for (; in != last; in += inputs_at_once, weight += 4 * inputs_at_once) {
        QUADS_ADD(in[0], weight);
        QUADS_ADD(in[1], weight + 4);
        if (inputs_at_once == 4) {
            QUADS_ADD(in[2], weight + 8);
            QUADS_ADD(in[3], weight + 12);
        }
    }
    if (inputs_at_once == 2) {
        if (inputs & 1) {
            QUADS_ADD(in[0], weight);
        }
    } else {
        for (size_t left = inputs % inputs_at_once; left > 0; left--, in++, weight += 4) {
            QUADS_ADD(in[0], weight);
        }
    }
    run->weights += 4 * inputs;
    run->bias += 4;
    out[0] = quads_output(run, a);
    out[1] = quads_output(run, b);
    out[2] = quads_output(run, c);
    out[3] = quads_output(run, d);
}

ALWAYS_INLINE void quads_run(struct quads_run run, const int8_t *in, size_t inputs, size_t inputs_at_once, int8_t *out,
                             size_t outputs)
{
    int8_t *const end = out + outputs;

    for (; out + 4 <= end; out += 4) {
        quads_pass(&run, in, inputs, inputs_at_once, out);
    }
    while (out != end) {
        const int8_t *const row_end = run.weights + inputs, *x = in;
        int32_t sum = *run.bias++;
        while (run.weights != row_end) {
            sum += *run.weights++ * *x++;
        }
        *out++ = quads_output(&run, sum);
    }
}

ALWAYS_INLINE void quads_per_tensor(const struct fully_connected_quads_s8 *p, const int8_t *in, int8_t *out,
                                    size_t inputs_at_once, bool is_signed)
{
    const struct quads_run run = {p->weights, p->bias, p->multiplier, p->offset, p->shift, NULL, false, is_signed};

    quads_run(run, in, p->inputs, inputs_at_once, out, p->outputs);
}

ALWAYS_INLINE void quads_per_channel(const struct fully_connected_quads_per_channel_s8 *p, const int8_t *in,
                                     int8_t *out, size_t inputs_at_once, bool is_signed)
{
    const struct quads_run run = {p->weights, p->bias, 0, 0, 0, p->scales, true, is_signed};

    quads_run(run, in, p->inputs, inputs_at_once, out, p->outputs);
}

static inline void fully_connected_quads_s8(const struct fully_connected_quads_s8 *layer, const int8_t *in, int8_t *out)
{
    quads_per_tensor(layer, in, out, 2, true);
}

/* For layers whose lowest output is that of a sum of 0. */
static inline void fully_connected_quads_relu_s8(const struct fully_connected_quads_s8 *layer, const int8_t *in,
                                                 int8_t *out)
{
    quads_per_tensor(layer, in, out, 2, false);
}

static inline void fully_connected_quads_per_channel_s8(const struct fully_connected_quads_per_channel_s8 *layer,
                                                        const int8_t *in, int8_t *out)
{
    quads_per_channel(layer, in, out, 2, true);
}

static inline void fully_connected_quads_relu_per_channel_s8(const struct fully_connected_quads_per_channel_s8 *layer,
                                                             const int8_t *in, int8_t *out)
{
    quads_per_channel(layer, in, out, 2, false);
}

#endif
