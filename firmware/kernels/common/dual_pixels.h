/* SPDX-License-Identifier: MIT */
/* Six sums of products, two channels of three pixels, with the weights of both channels in each lane (dual_rows.h).
 *
 * Three pixels share a word of weights: one SXTB16 and six SMLADs take it through twelve products. The weights take no
 * more flash than in bytes. */
#ifndef KERNELS_DUAL_PIXELS_H
#define KERNELS_DUAL_PIXELS_H

#include "chain_words.h"

/* struct chain_run has, in `weights`, for each pair of channels where the sums begin (V and SB, of all pixels), the words
 * 256 * w0 + w1 of inputs 0 and 2 and of 1 and 3 of each group, the scales, and the numbers of both channels. The scales
 * are multiplier, offset and shift of either channel; or, fitted, both multipliers and what is added to the second
 * channel's sums: that of the first is where V begins, and the shift is always the same. */
#define DUAL_FITTED_SHIFT 12

#if DSP_LOOPS

/* r0 weights, r1 inputs; V of the pixels in r7, r8 and r10, SB in r11, r12 and lr. */
#define DUAL_WORD(word)                                                                                                \
    "ldmia.w r1!, {r4, r5, r6}\n\t"                                                                                    \
    "smlad   r7, " word ", r4, r7\n\t"                                                                                 \
    "smlad   r8, " word ", r5, r8\n\t"                                                                                 \
    "smlad   r10, " word ", r6, r10\n\t"                                                                               \
    "sxtb16  " word ", " word "\n\t"                                                                                   \
    "smlad   r11, " word ", r4, r11\n\t"                                                                               \
    "smlad   r12, " word ", r5, r12\n\t"                                                                               \
    "smlad   lr, " word ", r6, lr\n\t"
#define DUAL_FOUR "ldrd    r2, r3, [r0], #8\n\t" DUAL_WORD("r2") DUAL_WORD("r3")
#define DUAL_FOUR_BYTES 68
#define DUAL_PASS_FOURS 8

/* 256 times the sums of the first channel in r7, r8 and r10, those of the second in r11, r12 and lr. */
#define DUAL_SIGNED_PIXEL(sum)                                                                                         \
    "asr     r5, " sum ", #31\n\t"                                                                                     \
    "smmla   " sum ", " sum ", r2, r3\n\t"                                                                             \
    "add     " sum ", " sum ", r5, lsl #7\n\t"                                                                         \
    "asr     " sum ", " sum ", r4\n\t"                                                                                 \
    "ssat    " sum ", #8, " sum "\n\t"
#define DUAL_SIGNED_PIXELS                                                                                             \
    "ldmia.w r0!, {r2, r3, r4}\n\t" DUAL_SIGNED_PIXEL("r7") DUAL_SIGNED_PIXEL("r8") DUAL_SIGNED_PIXEL("r10")           \
    "ldmia.w r0!, {r2, r3, r4}\n\t"                                                                                    \
    "lsl     r11, r11, #8\n\t" DUAL_SIGNED_PIXEL("r11")                                                                \
    "lsl     r12, r12, #8\n\t" DUAL_SIGNED_PIXEL("r12")                                                                \
    "lsl     lr, lr, #8\n\t" DUAL_SIGNED_PIXEL("lr")
#define DUAL_FITTED_PIXELS                                                                                             \
    "ldmia.w r0!, {r2, r3, r4}\n\t"                                                                                    \
    "add     r11, r4, r11, lsl #8\n\t"                                                                                 \
    "add     r12, r4, r12, lsl #8\n\t"                                                                                 \
    "add     lr, r4, lr, lsl #8\n\t"                                                                                   \
    "smmul   r7, r7, r2\n\t"                                                                                           \
    "smmul   r8, r8, r2\n\t"                                                                                           \
    "smmul   r10, r10, r2\n\t"                                                                                         \
    "smmul   r11, r11, r3\n\t"                                                                                         \
    "smmul   r12, r12, r3\n\t"                                                                                         \
    "smmul   lr, lr, r3\n\t"                                                                                           \
    "ssat    r7, #8, r7, asr #12\n\t"                                                                                  \
    "ssat    r8, #8, r8, asr #12\n\t"                                                                                  \
    "ssat    r10, #8, r10, asr #12\n\t"                                                                                \
    "ssat    r11, #8, r11, asr #12\n\t"                                                                                \
    "ssat    r12, #8, r12, asr #12\n\t"                                                                                \
    "ssat    lr, #8, lr, asr #12\n\t"

/* On the stack: the pointers to outputs, weights_end, words, words_end, where the first pass enters the loop. */
#define DUAL_RUN(run, requantize)                                                                                      \
    __asm__ volatile("push    {r4, r5, r6, r7, r8, r10, r11, lr}\n\t"                                                  \
                     "mov     r0, %[dual]\n\t"                                                                         \
                     "ldm     r0, {r1, r2, r3, r4, r5, r6, r7}\n\t"                                                    \
                     "ldr     r8, [r0, #64]\n\t"                                                                       \
                     "mov     r0, r4\n\t"                                                                              \
                     "adr.w   r4, 4f\n\t"                                                                              \
                     "sub     r8, r4, r8\n\t"                                                                          \
                     "orr     r8, r8, #1\n\t"                                                                          \
                     "push    {r1, r2, r3, r5, r6, r7, r8, lr}\n"                                                      \
                     "2:\n\t"                                                                                          \
                     "ldrd    r7, r11, [r0], #8\n\t"                                                                   \
                     "ldr     r1, [sp, #16]\n\t"                                                                       \
                     "mov     r8, r7\n\t"                                                                              \
                     "mov     r10, r7\n\t"                                                                             \
                     "mov     r12, r11\n\t"                                                                            \
                     "mov     lr, r11\n\t"                                                                             \
                     "ldr     pc, [sp, #24]\n\t"                                                                       \
                     ".balign 4\n"                                                                                     \
                     "3:\n\t"                                                                                          \
                     ".rept 8\n\t" DUAL_FOUR ".endr\n"                                                                 \
                     "4:\n\t"                                                                                          \
                     "ldr     r2, [sp, #20]\n\t"                                                                       \
                     "cmp     r1, r2\n\t"                                                                              \
                     "bne.w   3b\n\t"                                                                                  \
                     "sub     r7, r7, r11\n\t"                                                                         \
                     "sub     r8, r8, r12\n\t"                                                                         \
                     "sub     r10, r10, lr\n\t" requantize                                                             \
                     "ldm     sp, {r4, r5, r6}\n\t"                                                                    \
                     "ldrd    r2, r3, [r0], #8\n\t"                                                                    \
                     "strb    r7, [r4, r2]\n\t"                                                                        \
                     "strb    r8, [r5, r2]\n\t"                                                                        \
                     "strb    r10, [r6, r2]\n\t"                                                                       \
                     "strb    r11, [r4, r3]\n\t"                                                                       \
                     "strb    r12, [r5, r3]\n\t"                                                                       \
                     "strb    lr, [r6, r3]\n\t"                                                                        \
                     "ldr     r2, [sp, #12]\n\t"                                                                       \
                     "cmp     r0, r2\n\t"                                                                              \
                     "bne.w   2b\n\t"                                                                                  \
                     "add     sp, sp, #32\n\t"                                                                         \
                     "pop     {r4, r5, r6, r7, r8, r10, r11, lr}"                                                      \
                     :                                                                                                 \
                     : [dual] "r"(run)                                                                                 \
                     : "r0", "r1", "r2", "r3", "r12", "cc", "memory")

NEVER_INLINE void dual_run_signed(struct chain_run *run)
{
    DUAL_RUN(run, DUAL_SIGNED_PIXELS);
}

NEVER_INLINE void dual_run_fitted(struct chain_run *run)
{
    DUAL_RUN(run, DUAL_FITTED_PIXELS);
}

/* Six words of each four inputs of three pixels: 0 and 2 of each pixel, then 1 and 3. r0 the struct, r1 to r3 the
 * pixels, r4 words, r8 the end of a row. */
NEVER_INLINE void dual_fours(struct chain_fours *run)
{
    __asm__ volatile("push {r4,r5,r6,r7,r8,r10,r11,lr}\n\t"
                     "mov r0,%[fours]\n\t"
                     "ldm r0,{r1,r2,r3,r4,r8}\n"
                     "1:\n\t"
                     "ldr r5,[r1],#4\n\t"
                     "ldr r6,[r2],#4\n\t"
                     "ldr r7,[r3],#4\n\t"
                     "sxtb16 r10,r5,ror #8\n\t"
                     "sxtb16 r11,r6,ror #8\n\t"
                     "sxtb16 r12,r7,ror #8\n\t"
                     "sxtb16 r5,r5\n\t"
                     "sxtb16 r6,r6\n\t"
                     "sxtb16 r7,r7\n\t"
                     "stmia r4!,{r5,r6,r7,r10,r11,r12}\n\t"
                     "cmp r1,r8\n\t"
                     "bne 1b\n\t"
                     "ldrd r5,r6,[r0,#20]\n\t" /* the next row */
                     "ldr r7,[r0,#28]\n\t"
                     "add r1,r1,r6\n\t"
                     "add r2,r2,r6\n\t"
                     "add r3,r3,r6\n\t"
                     "add r8,r1,r7\n\t"
                     "subs r5,r5,#1\n\t"
                     "str r5,[r0,#20]\n\t"
                     "bne 1b\n\t"
                     "str r4,[r0,#12]\n\t"
                     "pop {r4,r5,r6,r7,r8,r10,r11,lr}"
                     :
                     : [fours] "r"(run)
                     : "r0", "r1", "r2", "r3", "r12", "cc", "memory");
}

#else

#define DUAL_FOUR_BYTES 1
#define DUAL_PASS_FOURS 8

/* Adds all products to V of three pixels, then SB; returns what follows the weights. */
static inline const uint32_t *dual_pixels(const struct chain_run *run, int32_t sums[2 * CHAIN_PIXELS])
{
    const uint32_t *weights = run->weights;

    for (size_t i = 0; i < CHAIN_PIXELS; i++) {
        sums[i] = (int32_t)weights[0];
        sums[i + CHAIN_PIXELS] = (int32_t)weights[1];
    }
    weights += 2;
    for (const uint32_t *words = run->words; words != run->words_end; words += CHAIN_PIXELS, weights++) {
        for (size_t i = 0; i < CHAIN_PIXELS; i++) {
            sums[i] = dual_multiply_add(*weights, words[i], sums[i]);
            sums[i + CHAIN_PIXELS] = dual_multiply_add(even_bytes(*weights), words[i], sums[i + CHAIN_PIXELS]);
        }
    }
    for (size_t i = 0; i < CHAIN_PIXELS; i++) {
        sums[i] = difference(sums[i], sums[i + CHAIN_PIXELS]);
        sums[i + CHAIN_PIXELS] = (int32_t)((uint32_t)sums[i + CHAIN_PIXELS] << 8);
    }
    return weights;
}

NEVER_INLINE void dual_run_signed(struct chain_run *run)
{
    while (run->weights != run->weights_end) {
        int32_t sums[2 * CHAIN_PIXELS];
        const uint32_t *const scales = dual_pixels(run, sums), *const channels = scales + 2 * SCALE_WORDS;

        for (size_t i = 0; i < 2 * CHAIN_PIXELS; i++) {
            const uint32_t *const scale = &scales[i / CHAIN_PIXELS * SCALE_WORDS];

            run->out[i % CHAIN_PIXELS][channels[i / CHAIN_PIXELS]] =
                requantize_saturated(sums[i], (int32_t)scale[0], (int32_t)scale[1], (int32_t)scale[2], true);
        }
        run->weights = channels + 2;
    }
}

NEVER_INLINE void dual_run_fitted(struct chain_run *run)
{
    while (run->weights != run->weights_end) {
        int32_t sums[2 * CHAIN_PIXELS];
        const uint32_t *const scales = dual_pixels(run, sums), *const channels = scales + 3;

        for (size_t i = 0; i < 2 * CHAIN_PIXELS; i++) {
            const size_t channel = i / CHAIN_PIXELS;
            const int32_t fine = channel == 0 ? sums[i] : difference(sums[i], (int32_t)(0u - scales[2]));
            const int32_t scaled = multiply_high(fine, (int32_t)scales[channel]);

            run->out[i % CHAIN_PIXELS][channels[channel]] = saturate_s8(scaled >> DUAL_FITTED_SHIFT);
        }
        run->weights = channels + 2;
    }
}

NEVER_INLINE void dual_fours(struct chain_fours *run)
{
    for (; run->rows > 0; run->rows--) {
        for (size_t i = 0; i < run->count; i += 4, run->words += 2 * CHAIN_PIXELS) {
            const uint32_t fours[CHAIN_PIXELS] = {load_four(run->a + i), load_four(run->b + i), load_four(run->c + i)};

            for (size_t pixel = 0; pixel < CHAIN_PIXELS; pixel++) {
                run->words[pixel] = even_bytes(fours[pixel]);
                run->words[pixel + CHAIN_PIXELS] = odd_bytes(fours[pixel]);
            }
        }
        run->a += run->count + run->skip;
        run->b += run->count + run->skip;
        run->c += run->count + run->skip;
    }
}

#endif

#endif
