/* SPDX-License-Identifier: MIT */
/* chain.h with scales that the host has fitted: requantization in two instructions.
 *
 * A field times 2^10 is what a register keeps when it is shifted to its upper end, and the output is
 *
 *     saturate((high32(2^10 * field * multiplier) + offset) >> shift)
 *
 * with a multiplier and an offset that the host has searched for each channel, and compared with TFLM's double rounding
 * at each of the 255 steps between outputs (compiler/kernels/_fitted.py). Fields of the first channel stay below 2^21,
 * and the products of a window are one chunk. */
#ifndef KERNELS_CHAIN_FITTED_H
#define KERNELS_CHAIN_FITTED_H

#include "chain.h"

/* struct chain_run has, in `weights`, for each pair of channels where both accumulators start (low and high word of
 * each) and the words w0 + w1 * 2^22, then multiplier and offset of channel 0 and of channel 1, and the numbers of both;
 * in `shift` 14, 15 or 18. */

#if DSP_LOOPS

/* Fields in r10:r11 and r12:lr to six outputs. */
#define CHAIN_FITTED_OUTPUTS(shift, store)                                                                             \
    "lsr r6,r10,#22\n\t"                                                                                               \
    "bfi r6,r11,#10,#12\n\t"                                                                                           \
    "lsr r7,r12,#22\n\t"                                                                                               \
    "bfi r7,lr,#10,#12\n\t"                                                                                            \
    "lsl r10,r10,#10\n\t"                                                                                              \
    "lsl r12,r12,#10\n\t"                                                                                              \
    "lsr r11,r11,#12\n\t"                                                                                              \
    "lsl r11,r11,#10\n\t"                                                                                              \
    "lsr lr,lr,#12\n\t"                                                                                                \
    "lsl lr,lr,#10\n\t"                                                                                                \
    "rsb r6,r12,r6,lsl #10\n\t"                                                                                        \
    "rsb r7,r11,r7,lsl #10\n\t"                                                                                        \
    "ldmia.w r0!,{r2,r3,r4,r5}\n\t"                                                                                    \
    "smmla r10,r10,r2,r3\n\t"                                                                                          \
    "smmla r12,r12,r2,r3\n\t"                                                                                          \
    "smmla r7,r7,r2,r3\n\t"                                                                                            \
    "smmla r6,r6,r4,r5\n\t"                                                                                            \
    "smmla r11,r11,r4,r5\n\t"                                                                                          \
    "smmla lr,lr,r4,r5\n\t"                                                                                            \
    "ldm sp,{r4,r5,r8}\n\t"                                                                                            \
    "ldrd r2,r3,[r0],#8\n\t"                                                                                           \
    "ssat r10,#8,r10,asr #" shift "\n\t"                                                                               \
    "ssat r12,#8,r12,asr #" shift "\n\t"                                                                               \
    "ssat r7,#8,r7,asr #" shift "\n\t"                                                                                 \
    "ssat r6,#8,r6,asr #" shift "\n\t"                                                                                 \
    "ssat r11,#8,r11,asr #" shift "\n\t"                                                                               \
    "ssat lr,#8,lr,asr #" shift "\n\t"                                                                                 \
    store " r10,[r4,r2]\n\t"                                                                                           \
    store " r12,[r5,r2]\n\t"                                                                                           \
    store " r7,[r8,r2]\n\t"                                                                                            \
    store " r6,[r4,r3]\n\t"                                                                                            \
    store " r11,[r5,r3]\n\t"                                                                                           \
    store " lr,[r8,r3]\n\t"                                                                                            \
    "ldrd r3,r1,[sp,#12]\n\t"                                                                                          \
    "cmp r0,r3\n\t"                                                                                                    \
    "bne.w 2b\n\t"                                                                                                     \
    "b.w 9f\n\t"

/* On the stack: the pointers to outputs, weights_end, words, where the words end as they are read (three behind), where
 * the first pass enters the loop, where a pass goes on, where the last one does. */
#define CHAIN_FITTED_RUN(run, store)                                                                                   \
    __asm__ volatile("push {r4,r5,r6,r7,r8,r10,r11,lr}\n\t"                                                            \
                     "mov r0,%[run]\n\t"                                                                               \
                     "ldm r0,{r1,r2,r3,r4,r5,r6,r7}\n\t"                                                               \
                     "ldr r8,[r0,#64]\n\t"                                                                             \
                     "ldr r10,[r0,#72]\n\t"                                                                            \
                     "mov r0,r4\n\t"                                                                                   \
                     "adr.w r4,4f\n\t"                                                                                 \
                     "sub r8,r4,r8\n\t"                                                                                \
                     "orr r8,r8,#1\n\t"                                                                                \
                     "adr.w r11,6f\n\t"                                                                                \
                     "cmp r10,#15\n\t"                                                                                 \
                     "beq 1f\n\t"                                                                                      \
                     "adr.w r11,7f\n\t"                                                                                \
                     "cmp r10,#14\n\t"                                                                                 \
                     "beq 1f\n\t"                                                                                      \
                     "adr.w r11,8f\n"                                                                                  \
                     "1:\n\t"                                                                                          \
                     "orr r11,r11,#1\n\t"                                                                              \
                     "mov r10,r11\n\t"                                                                                 \
                     "sub r12,r7,r6\n\t"                                                                               \
                     "add r7,r7,#12\n\t"                                                                               \
                     "cmp r12,#512\n\t" /* one pass, of 16 groups of 32 bytes */                                       \
                     "bls 1f\n\t"                                                                                      \
                     "adr.w r10,5f\n\t"                                                                                \
                     "orr r10,r10,#1\n"                                                                                \
                     "1:\n\t"                                                                                          \
                     "push {r1,r2,r3,r5,r6,r7,r8,r10,r11,lr}\n\t"                                                      \
                     "mov r1,r6\n"                                                                                     \
                     "2:\n\t"                                                                                          \
                     "ldmia.w r0!,{r10,r11,r12,lr}\n\t"                                                                \
                     "ldmia.w r1!,{r6,r7,r8}\n\t"                                                                      \
                     "ldr pc,[sp,#24]\n\t"                                                                             \
                     ".balign 4\n"                                                                                     \
                     "3:\n\t"                                                                                          \
                     ".rept 16\n\t" CHAIN_GROUP ".endr\n"                                                              \
                     "4:\n\t"                                                                                          \
                     "ldr pc,[sp,#28]\n\t"                                                                             \
                     ".balign 4\n"                                                                                     \
                     "5:\n\t"                                                                                          \
                     "ldr r5,[sp,#20]\n\t"                                                                             \
                     "cmp r1,r5\n\t"                                                                                   \
                     "bne.w 3b\n\t"                                                                                    \
                     "ldr pc,[sp,#32]\n\t"                                                                             \
                     ".balign 4\n"                                                                                     \
                     "6:\n\t" CHAIN_FITTED_OUTPUTS("15", store)                                                        \
                     ".balign 4\n"                                                                                     \
                     "7:\n\t" CHAIN_FITTED_OUTPUTS("14", store)                                                        \
                     ".balign 4\n"                                                                                     \
                     "8:\n\t" CHAIN_FITTED_OUTPUTS("18", store)                                                        \
                     "9:\n\t"                                                                                          \
                     "add sp,sp,#40\n\t"                                                                               \
                     "pop {r4,r5,r6,r7,r8,r10,r11,lr}"                                                                 \
                     :                                                                                                 \
                     : [run] "r"(run)                                                                                  \
                     : "r0", "r1", "r2", "r3", "r12", "cc", "memory")

NEVER_INLINE void chain_run_fitted(struct chain_run *run)
{
    CHAIN_FITTED_RUN(run, "strb");
}

/* As chain_run_signed_halves(). */
NEVER_INLINE void chain_run_fitted_halves(struct chain_run *run)
{
    CHAIN_FITTED_RUN(run, "strh");
}

#else

ALWAYS_INLINE void chain_run_fitted_portable(struct chain_run *run, bool are_halves)
{
    for (const uint32_t *weights = run->weights; weights != run->weights_end;) {
        uint32_t sums[6] = {0, 0, 0, 0, 0, 0};

        weights = chain_chunk(weights, run->words, run->words_end, sums);
        const uint32_t *const channels = weights + 4;
        for (size_t i = 0; i < 6; i++) {
            const uint32_t *const scale = &weights[i / CHAIN_PIXELS * 2];
            const int32_t fine = (int32_t)(sums[i] << 10);
            const int32_t scaled = multiply_high(fine, (int32_t)scale[0]) + (int32_t)scale[1];

            chain_store(run->out[i % CHAIN_PIXELS] + channels[i / CHAIN_PIXELS], saturate_s8(scaled >> run->shift),
                        are_halves);
        }
        weights += 6;
    }
}

NEVER_INLINE void chain_run_fitted(struct chain_run *run)
{
    chain_run_fitted_portable(run, false);
}

NEVER_INLINE void chain_run_fitted_halves(struct chain_run *run)
{
    chain_run_fitted_portable(run, true);
}

#endif

#endif
