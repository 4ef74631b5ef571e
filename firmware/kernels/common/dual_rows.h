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
    const int8_t *const last = in + (inputs & ~(size_t)3);

    for (; in != last; in += 4, lanes += 2) {
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

/* Four rows at a time, as far as they go; the assembly knows the order of the fields. The pointers that move on end
 * where the rows begin that are left. */
struct dual_quads {
    const uint32_t *weights;
    const int32_t *starts;
    const int32_t *scales; /* three words for each output, or once for all */
    int8_t *out;
    int8_t *end;
    const int32_t *lanes;
    const int32_t *head; /* where the groups of four inputs begin that are taken four at a time */
    const int32_t *last;
};

#if DSP_LOOPS

/* One group of four inputs: r0 weights, r1 lanes, sums in r10, r11, r12 and lr. */
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

/* requantize() of r8 with the scale in r3 to r5, and a clamp to int8. */
#define DUAL_SIGNED "asr r6, r8, #31\n\tadd r6, r4, r6, lsl #7\n\tsmmla r8, r8, r3, r6\n\t"
#define DUAL_UNSIGNED "smmla r8, r8, r3, r4\n\t"
#define DUAL_OUTPUT(next_scale, scaled)                                                                                \
    next_scale scaled "asr r8, r8, r5\n\t"                                                                            \
                      "ssat r8, #8, r8\n\t"                                                                           \
                      "strb r8, [r2], #1\n\t"
#define DUAL_OUTPUTS(first_scale, next_scale, scaled)                                                                  \
    first_scale "sub r8, r10, r11\n\t" DUAL_OUTPUT(next_scale, scaled) "lsl r8, r11, #8\n\t" DUAL_OUTPUT(            \
        next_scale, scaled) "sub r8, r12, lr\n\t" DUAL_OUTPUT(next_scale, scaled) "lsl r8, lr, #8\n\t"               \
        DUAL_OUTPUT(next_scale, scaled)
#define DUAL_SCALE "ldm r1, {r3, r4, r5}\n\t"
#define DUAL_NEXT_SCALE "ldmia r1!, {r3, r4, r5}\n\t"

/* No .rept: the compiler counts lines to know how far its own branches reach. */
#define DUAL_QUADS(run, outputs)                                                                                       \
    __asm__ volatile("mov   r0, %[quads]\n\t"                                                                         \
                     "push  {r0, r3, r4, r5, r6, r7, r8, r10, r11, lr}\n\t"                                           \
                     "mov   r7, r0\n\t"                                                                               \
                     "ldr   r0, [r7]\n"                                                                               \
                     "1:\n\t"                                                                                         \
                     "ldr   r3, [r7, #4]\n\t"                                                                         \
                     "ldrd  r1, r2, [r7, #20]\n\t"                                                                    \
                     "ldmia.w r3!, {r10, r11, r12, lr}\n\t"                                                           \
                     "str   r3, [r7, #4]\n\t"                                                                         \
                     "cmp   r1, r2\n\t"                                                                               \
                     "beq   3f\n"                                                                                     \
                     "2:\n\t" DUAL_GROUP "cmp   r1, r2\n\t"                                                          \
                     "bne   2b\n"                                                                                     \
                     "3:\n\t"                                                                                         \
                     "ldr   r7, [sp]\n\t"                                                                             \
                     "ldr   r2, [r7, #28]\n\t"                                                                        \
                     "cmp   r1, r2\n\t"                                                                               \
                     "beq   5f\n"                                                                                     \
                     "4:\n\t" DUAL_GROUP DUAL_GROUP DUAL_GROUP DUAL_GROUP "cmp   r1, r2\n\t"                         \
                     "bne   4b\n"                                                                                     \
                     "5:\n\t"                                                                                         \
                     "ldr   r7, [sp]\n\t"                                                                             \
                     "ldrd  r1, r2, [r7, #8]\n\t" outputs "strd  r1, r2, [r7, #8]\n\t"                               \
                     "ldr   r3, [r7, #16]\n\t"                                                                        \
                     "cmp   r2, r3\n\t"                                                                               \
                     "bne   1b\n\t"                                                                                   \
                     "str   r0, [r7]\n\t"                                                                             \
                     "pop   {r0, r3, r4, r5, r6, r7, r8, r10, r11, lr}"                                                \
                     :                                                                                                 \
                     : [quads] "r"(run)                                                                                \
                     : "r0", "r1", "r2", "r3", "r12", "cc", "memory")

/* `run->out` is not at its end. */
ALWAYS_INLINE void dual_quads(struct dual_quads *run, struct scale_source *scale, bool is_signed)
{
    const int32_t words[SCALE_WORDS] = {scale->multiplier, scale->offset, scale->shift};

    run->scales = scale->per_channel ? scale->next : words;
    if (scale->per_channel && is_signed) {
        DUAL_QUADS(run, DUAL_OUTPUTS("", DUAL_NEXT_SCALE, DUAL_SIGNED));
    } else if (scale->per_channel) {
        DUAL_QUADS(run, DUAL_OUTPUTS("", DUAL_NEXT_SCALE, DUAL_UNSIGNED));
    } else if (is_signed) {
        DUAL_QUADS(run, DUAL_OUTPUTS(DUAL_SCALE, "", DUAL_SIGNED));
    } else {
        DUAL_QUADS(run, DUAL_OUTPUTS(DUAL_SCALE, "", DUAL_UNSIGNED));
    }
    scale->next = run->scales;
}

#else

/* Adds all groups of four inputs to the sums of four rows; returns where the next rows' weights begin. */
static inline const uint32_t *add_quad(const uint32_t *weights, const int32_t *lanes, const int32_t *last,
                                       int32_t sums[4])
{
    for (; lanes != last; lanes += 2) {
        for (size_t word = 0; word < 4; word++, weights++) {
            int32_t *const pair = &sums[word & 2u];
            const uint32_t inputs = (uint32_t)lanes[word & 1u];
            pair[0] = dual_multiply_add(*weights, inputs, pair[0]);
            pair[1] = dual_multiply_add(even_bytes(*weights), inputs, pair[1]);
        }
    }
    return weights;
}

/* `run->out` is not at its end. */
ALWAYS_INLINE void dual_quads(struct dual_quads *run, struct scale_source *scale, bool is_signed)
{
    while (run->out != run->end) {
        int32_t sums[4] = {run->starts[0], run->starts[1], run->starts[2], run->starts[3]};
        run->starts += 4;
        run->weights = add_quad(run->weights, run->lanes, run->last, sums);
        *run->out++ = requantize_output(difference(sums[0], sums[1]), scale, is_signed);
        *run->out++ = requantize_output(sums[1] * 256, scale, is_signed);
        *run->out++ = requantize_output(difference(sums[2], sums[3]), scale, is_signed);
        *run->out++ = requantize_output(sums[3] * 256, scale, is_signed);
    }
}

#endif

static inline int32_t add_four(uint32_t weights, uint32_t inputs, int32_t sum)
{
    sum = dual_multiply_add(even_bytes(weights), even_bytes(inputs), sum);
    return dual_multiply_add(odd_bytes(weights), odd_bytes(inputs), sum);
}

#endif
