/* SPDX-License-Identifier: MIT */
/* Dense layers on int8 with one or two inputs: both products of an output in one dual multiply. */
#ifndef KERNELS_FULLY_CONNECTED_NARROW_S8_H
#define KERNELS_FULLY_CONNECTED_NARROW_S8_H

#include "../common/dsp.h"

/* `words` begin with the layer's scale: multiplier, offset and shift. Then for each output: its weights times 256 in
 * 16-bit lanes, and where 256 times its sum begins. Scaled so by the host, the sum is what requantize() takes. With a
 * scale for each output, it follows these two words, and none comes first. */
struct fully_connected_narrow_s8 {
    size_t inputs;
    size_t outputs;
    const int32_t *words;
};

/* One output; returns the words of the next. */
ALWAYS_INLINE const int32_t *narrow_output(const int32_t *words, struct scale_source scale, uint32_t lanes,
                                           int8_t *out, bool is_signed)
{
    const int32_t sum = dual_multiply_add((uint32_t)words[0], lanes, words[1]);

    words += 2;
    if (scale.per_channel) {
        scale.words = words;
        words += SCALE_WORDS;
    }
    *out = requantize_output(sum, &scale, is_signed);
    return words;
}

#if DSP_LOOPS

/* r0 words, r1 lanes, r2 and r3 where the outputs go and end; a row in r4 and r5, its scale in r6, r12 and lr. */
#define NARROW_SCALE "ldmia.w r0!, {r6, r12, lr}\n"
#define NARROW_ROW "ldmia r0!, {r4, r5}\n\t"
#define NARROW_ROW_AND_SCALE "ldmia.w r0!, {r4, r5, r6, r12, lr}\n\t"
#define NARROW_SIGNED "asrs r5, r4, #31\n\tadd r5, r12, r5, lsl #7\n\tsmmla r4, r4, r6, r5\n\t"
#define NARROW_UNSIGNED "smmla r4, r4, r6, r12\n\t"
#define NARROW_ROWS(first_scale, row, scaled)                                                                          \
    __asm__ volatile(first_scale "1:\n\t" row "smlad r4, r4, r1, r5\n\t" scaled "asr   r4, r4, lr\n\t"                 \
                     "ssat  r4, #8, r4\n\t"                                                                            \
                     "strb  r4, [r2], #1\n\t"                                                                          \
                     "cmp   r2, r3\n\t"                                                                                \
                     "bne   1b"                                                                                        \
                     : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3)                                                          \
                     :                                                                                                 \
                     : "r4", "r5", "r6", "r12", "lr", "cc", "memory")

/* `out` is not at its end. */
ALWAYS_INLINE void narrow_rows(const int32_t *words, bool per_channel, uint32_t lanes, int8_t *out, const int8_t *end,
                               bool is_signed)
{
    register const int32_t *r0 __asm__("r0") = words;
    register uint32_t r1 __asm__("r1") = lanes;
    register int8_t *r2 __asm__("r2") = out;
    register const int8_t *r3 __asm__("r3") = end;

    if (per_channel && is_signed) {
        NARROW_ROWS("", NARROW_ROW_AND_SCALE, NARROW_SIGNED);
    } else if (per_channel) {
        NARROW_ROWS("", NARROW_ROW_AND_SCALE, NARROW_UNSIGNED);
    } else if (is_signed) {
        NARROW_ROWS(NARROW_SCALE, NARROW_ROW, NARROW_SIGNED);
    } else {
        NARROW_ROWS(NARROW_SCALE, NARROW_ROW, NARROW_UNSIGNED);
    }
}

#else

ALWAYS_INLINE void narrow_rows(const int32_t *words, bool per_channel, uint32_t lanes, int8_t *out, const int8_t *end,
                               bool is_signed)
{
    const struct scale_source scale = {words, per_channel};

    for (words += per_channel ? 0 : SCALE_WORDS; out != end; out++) {
        words = narrow_output(words, scale, lanes, out, is_signed);
    }
}

#endif

ALWAYS_INLINE void narrow_run(const struct fully_connected_narrow_s8 *p, const int8_t *in, int8_t *out,
                              bool per_channel, bool is_signed)
{
    /* One input has weights of 0 in the upper lane. */
    const uint32_t lanes = p->inputs > 1 ? low_halves((uint32_t)in[0], (uint32_t)in[1]) : (uint32_t)in[0];

    if (p->outputs > 2) {
        narrow_rows(p->words, per_channel, lanes, out, out + p->outputs, is_signed);
    } else { /* without a loop, all of it folds into a few instructions */
        const struct scale_source scale = {p->words, per_channel};
        const int32_t *words = p->words + (per_channel ? 0 : SCALE_WORDS);
        words = narrow_output(words, scale, lanes, out, is_signed);
        if (p->outputs == 2) {
            narrow_output(words, scale, lanes, out + 1, is_signed);
        }
    }
}

static inline void fully_connected_narrow_s8(const struct fully_connected_narrow_s8 *layer, const int8_t *in,
                                             int8_t *out)
{
    narrow_run(layer, in, out, false, true);
}

/* For layers whose lowest output is that of a sum of 0. */
static inline void fully_connected_narrow_relu_s8(const struct fully_connected_narrow_s8 *layer, const int8_t *in,
                                                  int8_t *out)
{
    narrow_run(layer, in, out, false, false);
}

static inline void fully_connected_narrow_per_channel_s8(const struct fully_connected_narrow_s8 *layer,
                                                         const int8_t *in, int8_t *out)
{
    narrow_run(layer, in, out, true, true);
}

static inline void fully_connected_narrow_relu_per_channel_s8(const struct fully_connected_narrow_s8 *layer,
                                                              const int8_t *in, int8_t *out)
{
    narrow_run(layer, in, out, true, false);
}

#endif
