/* SPDX-License-Identifier: MIT */
/* Sums of products, two rows of weights in one multiply.
 *
 * A lane of 16 bits holds the weights of two rows as 256 * wA + wB. One SMLAD on such a word adds two inputs' products
 * to V = 256 * SA + SB, and SXTB16 of the same word leaves wB for a second SMLAD that adds them to SB. In the end
 * 256 * SA = V - SB, exactly: what wraps on the way does not matter while SA and SB themselves fit 24 bits, which the
 * host proves from the weights. That is one load, one SXTB16 and two SMLADs for four products. */
#ifndef KERNELS_DUAL_ROWS_H
#define KERNELS_DUAL_ROWS_H

#include "dsp.h"

static inline uint32_t load_four(const int8_t *in)
{
    uint32_t four;
    memcpy(&four, in, sizeof four);
    return four;
}

/* One to three inputs, and zeros. */
static inline uint32_t load_rest(const int8_t *in, size_t count)
{
    uint32_t rest = 0;
    while (count--) {
        rest = rest << 8 | (uint8_t)in[count];
    }
    return rest;
}

/* Four inputs as two words of two 16-bit lanes: (0, 2) and (1, 3), the order in which SXTB16 takes them. */
static inline void spread_inputs(const int8_t *in, size_t inputs, int32_t *lanes)
{
    for (size_t groups = inputs / 4; groups; groups--, in += 4, lanes += 2) {
        const uint32_t four = load_four(in);
        lanes[0] = (int32_t)even_bytes(four);
        lanes[1] = (int32_t)odd_bytes(four);
    }
    if (inputs & 3u) {
        const uint32_t rest = load_rest(in, inputs & 3u);
        lanes[0] = (int32_t)even_bytes(rest);
        lanes[1] = (int32_t)odd_bytes(rest);
    }
}

/* Of sums that may have wrapped. */
static inline int32_t difference(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)a - (uint32_t)b);
}

/* What dual_quads() reads: for every four rows where the sums begin, V and SB of both pairs, and the weights; last the
 * layer's multiplier, offset and shift. Where each output has a scale of its own, those of four follow their weights. */
#if DSP_LOOPS

/* One group of four inputs: r0 words, r1 lanes, sums in r10, r11, r12 and lr. */
#define DUAL_GROUP                                                                                                     \
    "ldmia.w r0!, {r3, r4, r5, r6}\n\t"                                                                                \
    "ldrd    r7, r8, [r1], #8\n\t"                                                                                    \
    "smlad   r10, r3, r7, r10\n\t"                                                                                    \
    "sxtb16  r3, r3\n\t"                                                                                              \
    "smlad   r11, r3, r7, r11\n\t"                                                                                    \
    "smlad   r10, r4, r8, r10\n\t"                                                                                    \
    "sxtb16  r4, r4\n\t"                                                                                              \
    "smlad   r11, r4, r8, r11\n\t"                                                                                    \
    "smlad   r12, r5, r7, r12\n\t"                                                                                    \
    "sxtb16  r5, r5\n\t"                                                                                              \
    "smlad   lr, r5, r7, lr\n\t"                                                                                      \
    "smlad   r12, r6, r8, r12\n\t"                                                                                    \
    "sxtb16  r6, r6\n\t"                                                                                              \
    "smlad   lr, r6, r8, lr\n\t"
#define DUAL_GROUP_BYTES 56

/* requantize() of r6 with the scale in r3 to r5, and a clamp to int8. */
#define DUAL_SIGNED "asr r8, r6, #31\n\tadd r8, r4, r8, lsl #7\n\tsmmla r6, r6, r3, r8\n\t"
#define DUAL_UNSIGNED "smmla r6, r6, r3, r4\n\t"
#define DUAL_OUTPUT(next_scale, scaled)                                                                                \
    next_scale scaled "asrs r6, r6, r5\n\t"                                                                            \
                      "ssat r6, #8, r6\n\t"                                                                            \
                      "strb r6, [r7], #1\n\t"
#define DUAL_OUTPUTS(first_scale, next_scale, scaled)                                                                  \
    first_scale "sub r6, r10, r11\n\t" DUAL_OUTPUT(next_scale, scaled) "lsl r6, r11, #8\n\t" DUAL_OUTPUT(              \
        next_scale, scaled) "sub r6, r12, lr\n\t" DUAL_OUTPUT(next_scale, scaled) "lsl r6, lr, #8\n\t"                 \
        DUAL_OUTPUT(next_scale, scaled)
#define DUAL_SCALE "ldm r1, {r3, r4, r5}\n\t"
#define DUAL_NEXT_SCALE "ldmia r0!, {r3, r4, r5}\n\t"

/* r0 and lr where the words of rows begin and end, r1 and r2 likewise the lanes, r3 the bytes of the loop over groups that
 * are skipped at first, r12 the outputs. On the stack: lanes, where that loop is entered, r7, outputs, the words' end. No
 * .rept: the compiler counts lines to know how far its own branches reach. */
#define DUAL_QUADS(outputs)                                                                                            \
    __asm__ volatile("adr.w r4, 2f\n\t"                                                                                \
                     "add   r3, r3, r4\n\t"                                                                            \
                     "push  {r1, r3, r7, r12, lr}\n"                                                                   \
                     "1:\n\t"                                                                                          \
                     "ldrd  r1, r3, [sp]\n\t"                                                                          \
                     "ldmia.w r0!, {r10, r11, r12, lr}\n\t"                                                            \
                     "mov   pc, r3\n\t"                                                                                \
                     ".balign 4\n"                                                                                     \
                     "2:\n\t" DUAL_GROUP DUAL_GROUP DUAL_GROUP DUAL_GROUP "cmp   r1, r2\n\t"                           \
                     "bne   2b\n\t"                                                                                    \
                     "ldrd  r7, r1, [sp, #12]\n\t" outputs "str   r7, [sp, #12]\n\t"                                   \
                     "cmp   r0, r1\n\t"                                                                                \
                     "bne   1b\n\t"                                                                                    \
                     "ldr   r7, [sp, #8]\n\t"                                                                          \
                     "add   sp, sp, #20"                                                                               \
                     : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3), "+r"(r12), "+r"(lr)                                     \
                     :                                                                                                 \
                     : "r4", "r5", "r6", "r8", "r10", "r11", "cc", "memory")

/* `quads` times four rows, at least once, of `groups` of four inputs: returns what follows their words. */
ALWAYS_INLINE const int32_t *dual_quads(const int32_t *words, size_t quads, const int32_t *lanes, size_t groups,
                                        int8_t *out, bool per_channel, bool is_signed)
{
    const int32_t *const words_end = words + quads * (4 + 4 * groups + (per_channel ? 4 * SCALE_WORDS : 0));
    register const int32_t *r0 __asm__("r0") = words;
    register const int32_t *r1 __asm__("r1") = lanes;
    register const int32_t *r2 __asm__("r2") = lanes + 2 * groups;
    register size_t r3 __asm__("r3") = ((0u - groups) & 3u) * DUAL_GROUP_BYTES;
    register int8_t *r12 __asm__("r12") = out;
    register const int32_t *lr __asm__("lr") = words_end;

    if (per_channel && is_signed) {
        DUAL_QUADS(DUAL_OUTPUTS("", DUAL_NEXT_SCALE, DUAL_SIGNED));
    } else if (per_channel) {
        DUAL_QUADS(DUAL_OUTPUTS("", DUAL_NEXT_SCALE, DUAL_UNSIGNED));
    } else if (is_signed) {
        DUAL_QUADS(DUAL_OUTPUTS(DUAL_SCALE, "", DUAL_SIGNED));
    } else {
        DUAL_QUADS(DUAL_OUTPUTS(DUAL_SCALE, "", DUAL_UNSIGNED));
    }
    return words_end;
}

#else

/* Adds all groups of four inputs to the sums of four rows; returns what follows the weights. */
static inline const int32_t *add_quad(const int32_t *words, const int32_t *lanes, size_t groups, int32_t sums[4])
{
    for (; groups; groups--, lanes += 2) {
        for (size_t word = 0; word < 4; word++, words++) {
            int32_t *const pair = &sums[word & 2u];
            const uint32_t weights = (uint32_t)*words, inputs = (uint32_t)lanes[word & 1u];
            pair[0] = dual_multiply_add(weights, inputs, pair[0]);
            pair[1] = dual_multiply_add(even_bytes(weights), inputs, pair[1]);
        }
    }
    return words;
}

/* `quads` times four rows, at least once, of `groups` of four inputs: returns what follows their words. */
ALWAYS_INLINE const int32_t *dual_quads(const int32_t *words, size_t quads, const int32_t *lanes, size_t groups,
                                        int8_t *out, bool per_channel, bool is_signed)
{
    struct scale_source scale = {words + quads * (4 + 4 * groups), per_channel};

    while (quads--) {
        int32_t sums[4] = {words[0], words[1], words[2], words[3]};
        words = add_quad(words + 4, lanes, groups, sums);
        if (per_channel) {
            scale.words = words;
            words += 4 * SCALE_WORDS;
        }
        *out++ = requantize_output(difference(sums[0], sums[1]), &scale, is_signed);
        *out++ = requantize_output(sums[1] * 256, &scale, is_signed);
        *out++ = requantize_output(difference(sums[2], sums[3]), &scale, is_signed);
        *out++ = requantize_output(sums[3] * 256, &scale, is_signed);
    }
    return words;
}

#endif

static inline int32_t add_four(uint32_t weights, uint32_t inputs, int32_t sum)
{
    sum = dual_multiply_add(even_bytes(weights), even_bytes(inputs), sum);
    return dual_multiply_add(odd_bytes(weights), odd_bytes(inputs), sum);
}

#endif
