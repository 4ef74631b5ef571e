/* SPDX-License-Identifier: MIT */
/* Sums of products of int8 with Helium, four channels of two pixels at a time, and their outputs.
 *
 * VMLADAVA adds sixteen products to a register, so that eight sums take eight of them and six loads. The outputs are
 * TFLM's for any sums of 32 bits: VQRDMULH is its high multiply, VRSHL its shift except for halves below zero, which
 * TFLM rounds down. `is_signed` takes one step from negative products, which turns exactly those; it may be left out
 * where outputs of negative sums are clamped away (any ReLU). */
#ifndef KERNELS_MVE_PRODUCTS_H
#define KERNELS_MVE_PRODUCTS_H

#include <stdbool.h>

#include "fixed_point.h"
#include "mve.h"

#define MVE_CHANNELS 4
#define MVE_PIXELS 2

/* For each block of four channels, `words` hold their biases; for each chunk of sixteen inputs the weights of channels
 * 0 to 3; their multipliers; and their shifts, none of which is above 0, or -1 of signed sums. Last chunks and blocks
 * are filled up with zeros: what is read as inputs there does not matter. The bias holds the input's zero point. */
struct mve_products {
    const uint32_t *words;
    size_t chunks;
    size_t channels;
    int8_t output_zero_point;
    int8_t output_min;
    int8_t output_max;
};

/* One or more blocks of one or two pixels; afterwards `words` and `out` have moved on. The assembly knows the order. */
struct mve_blocks {
    int8_t *out[MVE_PIXELS];
    size_t blocks;
    const int8_t *in[MVE_PIXELS];
    size_t chunks;
    const uint32_t *words;
    int32_t output_zero_point;
    int32_t output_min;
    int32_t output_max;
};

#if MVE_INSTRUCTIONS

/* Sums of pixel 0 in r4, r6, r8, r10, of pixel 1 in r0, r2, r12, lr: VMLADAVA takes even registers only. */
#define MVE_CHUNK                                                                                                      \
    "vldrb.8     q0, [r1], #16\n\t"                                                                                    \
    "vldrb.8     q2, [r5], #16\n\t"                                                                                    \
    "vmladava.s8 r4, q0, q2\n\t"                                                                                       \
    "vldrb.8     q1, [r3], #16\n\t"                                                                                    \
    "vmladava.s8 r0, q1, q2\n\t"                                                                                       \
    "vldrb.8     q3, [r5], #16\n\t"                                                                                    \
    "vmladava.s8 r6, q0, q3\n\t"                                                                                       \
    "vldrb.8     q2, [r5], #16\n\t"                                                                                    \
    "vmladava.s8 r2, q1, q3\n\t"                                                                                       \
    "vmladava.s8 r8, q0, q2\n\t"                                                                                       \
    "vldrb.8     q3, [r5], #16\n\t"                                                                                    \
    "vmladava.s8 r12, q1, q2\n\t"                                                                                      \
    "vmladava.s8 r10, q0, q3\n\t"                                                                                      \
    "vmladava.s8 lr, q1, q3\n\t"

/* The same of one pixel. */
#define MVE_CHUNK_OF_ONE                                                                                               \
    "vldrb.8     q0, [r1], #16\n\t"                                                                                    \
    "vldrb.8     q2, [r5], #16\n\t"                                                                                    \
    "vmladava.s8 r4, q0, q2\n\t"                                                                                       \
    "vldrb.8     q3, [r5], #16\n\t"                                                                                    \
    "vmladava.s8 r6, q0, q3\n\t"                                                                                       \
    "vldrb.8     q2, [r5], #16\n\t"                                                                                    \
    "vmladava.s8 r8, q0, q2\n\t"                                                                                       \
    "vldrb.8     q3, [r5], #16\n\t"                                                                                    \
    "vmladava.s8 r10, q0, q3\n\t"

#define MVE_ANY_SIGN ""
#define MVE_STEP_DOWN_ONE(q)                                                                                           \
    "vshr.s32    q2, " q ", #31\n\t"                                                                                   \
    "vadd.i32    " q ", " q ", q2\n\t"
#define MVE_STEP_DOWN MVE_STEP_DOWN_ONE("q0") MVE_STEP_DOWN_ONE("q1")

/* r7 is `run`. The predicates stay as they are: no compiler takes them for changed by assembly. */
#define MVE_BLOCKS(run, step_down)                                                                                     \
    __asm__ volatile("push        {r4, r5, r6, r7, r8, r10, r11, lr}\n\t"                                              \
                     "mov         r7, %[blocks]\n\t"                                                                   \
                     "ldrd        r5, r0, [r7, #24]\n\t"                                                               \
                     "ldrd        r1, r2, [r7, #32]\n\t"                                                               \
                     "vdup.32     q4, r0\n\t"                                                                          \
                     "vdup.32     q5, r1\n\t"                                                                          \
                     "vdup.32     q6, r2\n"                                                                            \
                     "1:\n\t"                                                                                          \
                     "ldrd        r1, r3, [r7, #12]\n\t"                                                               \
                     "ldr         r11, [r7, #20]\n\t"                                                                  \
                     "ldmia.w     r5!, {r4, r6, r8, r10}\n\t"                                                          \
                     "mov         r0, r4\n\t"                                                                          \
                     "mov         r2, r6\n\t"                                                                          \
                     "mov         r12, r8\n\t"                                                                         \
                     "mov         lr, r10\n\t"                                                                         \
                     "lsrs.w      r11, r11, #1\n\t"                                                                    \
                     "bcc         2f\n\t" MVE_CHUNK /* one of an odd number */                                         \
                     "beq         3f\n"                                                                                \
                     "2:\n\t" MVE_CHUNK MVE_CHUNK                                                                      \
                     "subs.w      r11, r11, #1\n\t"                                                                    \
                     "bne         2b\n"                                                                                \
                     "3:\n\t"                                                                                          \
                     "vmov        q0[2], q0[0], r4, r8\n\t"                                                            \
                     "vmov        q0[3], q0[1], r6, r10\n\t"                                                           \
                     "vmov        q1[2], q1[0], r0, r12\n\t"                                                           \
                     "vmov        q1[3], q1[1], r2, lr\n\t"                                                            \
                     "vldrw.32    q2, [r5], #16\n\t"                                                                   \
                     "vldrw.32    q3, [r5], #16\n\t"                                                                   \
                     "vqrdmulh.s32 q0, q0, q2\n\t"                                                                     \
                     "vqrdmulh.s32 q1, q1, q2\n\t" step_down                                                           \
                     "vrshl.s32   q0, q0, q3\n\t"                                                                      \
                     "vrshl.s32   q1, q1, q3\n\t"                                                                      \
                     "vadd.i32    q0, q0, q4\n\t"                                                                      \
                     "vadd.i32    q1, q1, q4\n\t"                                                                      \
                     "vmax.s32    q0, q0, q5\n\t"                                                                      \
                     "vmax.s32    q1, q1, q5\n\t"                                                                      \
                     "ldmia.w     r7, {r2, r4, r6}\n\t"                                                                \
                     "vmin.s32    q0, q0, q6\n\t"                                                                      \
                     "vmin.s32    q1, q1, q6\n\t"                                                                      \
                     "vstrb.32    q0, [r2], #4\n\t"                                                                    \
                     "vstrb.32    q1, [r4], #4\n\t"                                                                    \
                     "subs        r6, r6, #1\n\t"                                                                      \
                     "stmia.w     r7, {r2, r4, r6}\n\t"                                                                \
                     "bne         1b\n\t"                                                                              \
                     "str         r5, [r7, #24]\n\t"                                                                   \
                     "pop         {r4, r5, r6, r7, r8, r10, r11, lr}\n\t"                                              \
                     :                                                                                                 \
                     : [blocks] "r"(run)                                                                               \
                     : "r0", "r1", "r2", "r3", "r12", "q0", "q1", "q2", "q3", "q4", "q5", "q6", "cc", "memory")

/* One pixel; `out` and `in` of the other are not used. */
#define MVE_ROW(run, step_down)                                                                                        \
    __asm__ volatile("push        {r4, r5, r6, r7, r8, r10, r11, lr}\n\t"                                              \
                     "mov         r7, %[blocks]\n\t"                                                                   \
                     "ldrd        r5, r0, [r7, #24]\n\t"                                                               \
                     "ldrd        r1, r2, [r7, #32]\n\t"                                                               \
                     "vdup.32     q4, r0\n\t"                                                                          \
                     "vdup.32     q5, r1\n\t"                                                                          \
                     "vdup.32     q6, r2\n"                                                                            \
                     "1:\n\t"                                                                                          \
                     "ldr         r1, [r7, #12]\n\t"                                                                   \
                     "ldr         lr, [r7, #20]\n\t"                                                                   \
                     "ldmia.w     r5!, {r4, r6, r8, r10}\n\t"                                                          \
                     "dls         lr, lr\n"                                                                            \
                     "2:\n\t" MVE_CHUNK_OF_ONE                                                                         \
                     "le          lr, 2b\n\t"                                                                          \
                     "vmov        q0[2], q0[0], r4, r8\n\t"                                                            \
                     "vmov        q0[3], q0[1], r6, r10\n\t"                                                           \
                     "vldrw.32    q2, [r5], #16\n\t"                                                                   \
                     "vldrw.32    q3, [r5], #16\n\t"                                                                   \
                     "vqrdmulh.s32 q0, q0, q2\n\t" step_down                                                           \
                     "vrshl.s32   q0, q0, q3\n\t"                                                                      \
                     "vadd.i32    q0, q0, q4\n\t"                                                                      \
                     "ldr         r2, [r7]\n\t"                                                                        \
                     "vmax.s32    q0, q0, q5\n\t"                                                                      \
                     "ldr         r6, [r7, #8]\n\t"                                                                    \
                     "vmin.s32    q0, q0, q6\n\t"                                                                      \
                     "vstrb.32    q0, [r2], #4\n\t"                                                                    \
                     "str         r2, [r7]\n\t"                                                                        \
                     "subs        r6, r6, #1\n\t"                                                                      \
                     "str         r6, [r7, #8]\n\t"                                                                    \
                     "bne         1b\n\t"                                                                              \
                     "str         r5, [r7, #24]\n\t"                                                                   \
                     "pop         {r4, r5, r6, r7, r8, r10, r11, lr}\n\t"                                              \
                     :                                                                                                 \
                     : [blocks] "r"(run)                                                                               \
                     : "r0", "r1", "r2", "r3", "r12", "q0", "q2", "q3", "q4", "q5", "q6", "cc", "memory")

NEVER_INLINE void mve_blocks(struct mve_blocks *run)
{
    MVE_BLOCKS(run, MVE_ANY_SIGN);
}

NEVER_INLINE void mve_signed_blocks(struct mve_blocks *run)
{
    MVE_BLOCKS(run, MVE_STEP_DOWN);
}

NEVER_INLINE void mve_row(struct mve_blocks *run)
{
    MVE_ROW(run, MVE_ANY_SIGN);
}

NEVER_INLINE void mve_signed_row(struct mve_blocks *run)
{
    MVE_ROW(run, MVE_STEP_DOWN_ONE("q0"));
}

#else

/* Channels of one pixel. */
static inline void mve_block(const struct mve_blocks *run, size_t pixel)
{
    const uint32_t *const bias = run->words;
    const int8_t *const weights = (const int8_t *)(bias + MVE_CHANNELS);
    const uint32_t *const multipliers = bias + MVE_CHANNELS + run->chunks * MVE_BYTES;
    const uint32_t *const shifts = multipliers + MVE_CHANNELS;

    for (size_t channel = 0; channel < MVE_CHANNELS; channel++) {
        int32_t sum = (int32_t)bias[channel];

        for (size_t i = 0; i < run->chunks * MVE_BYTES; i++) {
            sum += weights[(i / MVE_BYTES * MVE_CHANNELS + channel) * MVE_BYTES + i % MVE_BYTES] * run->in[pixel][i];
        }
        sum = multiply_by_quantized_multiplier(sum, (int32_t)multipliers[channel],
                                               (int_fast8_t)(int32_t)shifts[channel]);
        run->out[pixel][channel] =
            clamp_s8(sum + run->output_zero_point, (int8_t)run->output_min, (int8_t)run->output_max);
    }
}

static inline void mve_any_blocks(struct mve_blocks *run, size_t pixels)
{
    for (; run->blocks > 0; run->blocks--) {
        for (size_t pixel = 0; pixel < pixels; pixel++) {
            mve_block(run, pixel);
            run->out[pixel] += MVE_CHANNELS;
        }
        run->words += 3 * MVE_CHANNELS + run->chunks * MVE_BYTES;
    }
}

NEVER_INLINE void mve_blocks(struct mve_blocks *run)
{
    mve_any_blocks(run, MVE_PIXELS);
}

NEVER_INLINE void mve_signed_blocks(struct mve_blocks *run)
{
    mve_any_blocks(run, MVE_PIXELS);
}

NEVER_INLINE void mve_row(struct mve_blocks *run)
{
    mve_any_blocks(run, 1);
}

NEVER_INLINE void mve_signed_row(struct mve_blocks *run)
{
    mve_any_blocks(run, 1);
}

#endif

/* All channels of one or two pixels. */
ALWAYS_INLINE void mve_outputs(struct mve_blocks *run, const struct mve_products *p, size_t pixels, bool is_signed)
{
    void (*const compute)(struct mve_blocks *) =
        pixels == 1 ? (is_signed ? mve_signed_row : mve_row) : (is_signed ? mve_signed_blocks : mve_blocks);
    const size_t rest = p->channels % MVE_CHANNELS;

    run->words = p->words;
    run->blocks = p->channels / MVE_CHANNELS;
    if (run->blocks > 0) {
        compute(run);
    }
    if (rest > 0) {
        int8_t *const out[MVE_PIXELS] = {run->out[0], run->out[1]};
        int8_t last[MVE_PIXELS][MVE_CHANNELS];

        run->out[0] = last[0];
        run->out[1] = last[1];
        run->blocks = 1;
        compute(run);
        for (size_t pixel = 0; pixel < pixels; pixel++) {
            memcpy(out[pixel], last[pixel], rest);
        }
    }
}

/* `count` pixels; inputs lie `in_step` bytes apart, outputs `out_step`. */
ALWAYS_INLINE void mve_pixels(const struct mve_products *p, const int8_t *in, size_t in_step, int8_t *out,
                              size_t out_step, size_t count, bool is_signed)
{
    struct mve_blocks run = {
        {out, out}, 0, {in, in}, p->chunks, p->words, p->output_zero_point, p->output_min, p->output_max,
    };

    for (; count >= MVE_PIXELS; count -= MVE_PIXELS, in += 2 * in_step, out += 2 * out_step) {
        run.in[0] = in;
        run.in[1] = in + in_step;
        run.out[0] = out;
        run.out[1] = out + out_step;
        mve_outputs(&run, p, MVE_PIXELS, is_signed);
    }
    if (count > 0) {
        run.in[0] = in;
        run.out[0] = out;
        mve_outputs(&run, p, 1, is_signed);
    }
}

#endif
