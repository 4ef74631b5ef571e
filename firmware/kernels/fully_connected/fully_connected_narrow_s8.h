/* Dense layers on int8 with one or two inputs: both products of an output in one dual multiply.
 *
 * `rows` has two words for each output: its weights times 256 in 16-bit lanes, and where 256 times its sum begins.
 * Scaled so by the host, the sum is what requantize() takes. */
#ifndef KERNELS_FULLY_CONNECTED_NARROW_S8_H
#define KERNELS_FULLY_CONNECTED_NARROW_S8_H

#include "../common/dsp.h"

/* One scale for the whole layer. */
struct fully_connected_narrow_s8 {
    size_t inputs;
    size_t outputs;
    const int32_t *rows;
    int32_t multiplier;
    int32_t offset;
    int32_t shift;
};

/* `scales`: multiplier, offset and shift of each output. */
struct fully_connected_narrow_per_channel_s8 {
    size_t inputs;
    size_t outputs;
    const int32_t *rows;
    const int32_t *scales;
};

/* The next row's 256 * sum. */
static inline int32_t narrow_sum(const int32_t **row, uint32_t lanes)
{
#if DSP_INSTRUCTIONS
    int32_t sum;
    __asm__("ldmia %[row]!, {r3, r4}\n\t"
            "smlad %[sum], r3, %[lanes], r4"
            : [sum] "=r"(sum), [row] "+r"(*row)
            : [lanes] "r"(lanes), "m"(*(const int32_t(*)[2])*row)
            : "r3", "r4");
    return sum;
#else
    const int32_t *const words = *row;

    *row += 2;
    return dual_multiply_add((uint32_t)words[0], lanes, words[1]);
#endif
}

ALWAYS_INLINE void narrow_run(const int32_t *rows, struct scale_source scale, const int8_t *in, size_t inputs,
                              int8_t *out, size_t outputs, bool is_signed)
{
    const uint32_t lanes = (uint16_t)in[0] | (inputs > 1 ? (uint32_t)(uint16_t)in[1] << 16 : 0u);
    const int8_t *const end = out + outputs;

    if (outputs == 1) { /* a constant: all of it folds into a few instructions */
        const int32_t sum = dual_multiply_add((uint32_t)rows[0], lanes, rows[1]);
        *out = requantize_output(sum, &scale, is_signed);
        return;
    }
    while (out != end) {
        *out++ = requantize_output(narrow_sum(&rows, lanes), &scale, is_signed);
    }
}

ALWAYS_INLINE void narrow_per_tensor(const struct fully_connected_narrow_s8 *p, const int8_t *in, int8_t *out,
                                     bool is_signed)
{
    const struct scale_source scale = {p->multiplier, p->offset, p->shift, NULL, false};

    narrow_run(p->rows, scale, in, p->inputs, out, p->outputs, is_signed);
}

ALWAYS_INLINE void narrow_per_channel(const struct fully_connected_narrow_per_channel_s8 *p, const int8_t *in,
                                      int8_t *out, bool is_signed)
{
    const struct scale_source scale = {0, 0, 0, p->scales, true};

    narrow_run(p->rows, scale, in, p->inputs, out, p->outputs, is_signed);
}

static inline void fully_connected_narrow_s8(const struct fully_connected_narrow_s8 *layer, const int8_t *in,
                                             int8_t *out)
{
    narrow_per_tensor(layer, in, out, true);
}

/* For layers whose lowest output is that of a sum of 0. */
static inline void fully_connected_narrow_relu_s8(const struct fully_connected_narrow_s8 *layer, const int8_t *in,
                                                  int8_t *out)
{
    narrow_per_tensor(layer, in, out, false);
}

static inline void fully_connected_narrow_per_channel_s8(const struct fully_connected_narrow_per_channel_s8 *layer,
                                                         const int8_t *in, int8_t *out)
{
    narrow_per_channel(layer, in, out, true);
}

static inline void fully_connected_narrow_relu_per_channel_s8(
    const struct fully_connected_narrow_per_channel_s8 *layer, const int8_t *in, int8_t *out)
{
    narrow_per_channel(layer, in, out, false);
}

#endif
