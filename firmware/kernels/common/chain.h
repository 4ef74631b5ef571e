/* SPDX-License-Identifier: MIT */
/* Six sums of products, two channels of three pixels, three of them in each 64-bit accumulator.
 *
 * With weights w0 and w1 of two channels in one word, and the inputs of two pixels in another,
 *
 *     (w0 + w1 * 2^22) * (x0 + x1 * 2^22) = w0*x0 + (w0*x1 + w1*x0) * 2^22 + w1*x1 * 2^44
 *
 * so one SMLAL adds four products to three fields. A second one, on pixels 1 and 2, makes the fields w0*x1, the sum of
 * w0*x2 and w1*x1, and w1*x2: with the first one's, every product of two channels and three pixels can be told apart.
 * Inputs count from 0 to 255, and each field starts at minus its least possible sum, so no field borrows from the next.
 * The host proves that none overflows into the next either: the sums of channel 1 stay below 2^20, those of both
 * channels together below 2^22. Sums of too many products are split into chunks, between which the fields are added to
 * six sums of 32 bits. */
#ifndef KERNELS_CHAIN_H
#define KERNELS_CHAIN_H

#include "dual_rows.h"

#define CHAIN_PIXELS 3

/* The weights of each pair of channels, in this order: for each chunk, where both accumulators start (low and high word
 * of each, the same for both) and the chunk's words w0 + w1 * 2^22; then for channel 0 and for channel 1 the bias (less
 * what the fields began with), multiplier, offset and shift; then the numbers of both channels. The assembly knows the
 * order of the fields. */
struct chain_run {
    int8_t *out[CHAIN_PIXELS];
    const uint32_t *weights;
    const uint32_t *weights_end;
    const uint32_t *words; /* of the inputs, two for each weight; three more may be read behind them */
    const uint32_t *words_end;
    const uint32_t *chunk_end; /* as it is read: three words behind the end of the present chunk */
    uint32_t entry;            /* where the first pass of a chunk enters the unrolled loop */
    uint32_t after;            /* where a chunk's sums are taken to */
    int32_t sums[6];           /* of the chunks before, zero at first */
    size_t first_pass_bytes;   /* of code: the groups of four weights that full passes leave over */
    size_t chunk_bytes;        /* of `words` */
    uint32_t shift;            /* of chain_fitted.h */
};

#if DSP_LOOPS

/* Four weights, in eleven instructions of four bytes: r0 weights, r1 inputs, fields in r10:r11 and r12:lr. The first
 * three inputs are loaded already, and those of the next group after the last two loads. */
#define CHAIN_GROUP                                                                                                    \
    "ldmia.w r0!, {r2, r3, r4, r5}\n\t"                                                                                \
    "smlal   r10, r11, r2, r6\n\t"                                                                                     \
    "smlal   r12, lr, r2, r7\n\t"                                                                                      \
    "smlal   r10, r11, r3, r8\n\t"                                                                                     \
    "ldmia.w r1!, {r2, r6, r7, r8}\n\t"                                                                                \
    "smlal   r12, lr, r3, r2\n\t"                                                                                      \
    "smlal   r10, r11, r4, r6\n\t"                                                                                     \
    "smlal   r12, lr, r4, r7\n\t"                                                                                      \
    "smlal   r10, r11, r5, r8\n\t"                                                                                     \
    "ldmia.w r1!, {r2, r6, r7, r8}\n\t"                                                                                \
    "smlal   r12, lr, r5, r2\n\t"
#define CHAIN_GROUP_BYTES 44
#define CHAIN_PASS_GROUPS 16

/* Fields to sums: channel 0 in r2, r3, r5, channel 1 in r4, r6, r7. */
#define CHAIN_SUMS                                                                                                     \
    "ubfx    r2, r10, #0, #22\n\t"                                                                                     \
    "ubfx    r3, r12, #0, #22\n\t"                                                                                     \
    "lsrs.w  r4, r10, #22\n\t"                                                                                         \
    "bfi     r4, r11, #10, #12\n\t"                                                                                    \
    "lsrs.w  r5, r12, #22\n\t"                                                                                         \
    "bfi     r5, lr, #10, #12\n\t"                                                                                     \
    "lsrs.w  r6, r11, #12\n\t"                                                                                         \
    "lsrs.w  r7, lr, #12\n\t"                                                                                          \
    "subs.w  r4, r4, r3\n\t"                                                                                           \
    "subs.w  r5, r5, r6\n\t"

/* r8 to r12: bias, multiplier, offset and shift. As requantize_saturated() of 256 * (bias + sum). */
#define CHAIN_SIGNED(sum)                                                                                              \
    "add.w   " sum ", r8, " sum ", lsl #8\n\t"                                                                         \
    "asr.w   lr, " sum ", #31\n\t"                                                                                     \
    "smmla   " sum ", " sum ", r10, r11\n\t"                                                                           \
    "add.w   " sum ", " sum ", lr, lsl #7\n\t"                                                                         \
    "asr.w   " sum ", " sum ", r12\n\t"                                                                                \
    "ssat    " sum ", #8, " sum "\n\t"
#define CHAIN_UNSIGNED(sum)                                                                                            \
    "add.w   " sum ", r8, " sum ", lsl #8\n\t"                                                                         \
    "smmla   " sum ", " sum ", r10, r11\n\t"                                                                           \
    "asr.w   " sum ", " sum ", r12\n\t"                                                                                \
    "ssat    " sum ", #8, " sum "\n\t"

/* The compiler counts an assembly's lines to know how far its own branches reach, and does not see what .rept makes of
 * them; the functions around this have no branch. */
#define CHAIN_RUN(run, requantize, store)                                                                              \
    __asm__ volatile("push    {r4, r5, r6, r7, r8, r10, r11, lr}\n\t"                                                  \
                     "mov     r0, %[chain]\n\t"                                                                        \
                     "ldm     r0, {r1, r2, r3}\n\t"                                                                    \
                     "mov     r4, r0\n\t"                                                                             \
                     "push    {r1, r2, r3, r4}\n\t"                                                                             \
                     "adr.w   r2, 4f\n\t"                                                                              \
                     "ldr     r3, [r0, #64]\n\t"                                                                       \
                     "subs    r2, r2, r3\n\t"                                                                          \
                     "orr     r2, r2, #1\n\t"                                                                          \
                     "str     r2, [r0, #32]\n\t"                                                                       \
                     "adr.w   r2, 5f\n\t"                                                                              \
                     "ldrd    r3, r4, [r0, #24]\n\t"                                                                   \
                     "adds    r3, r3, #12\n\t"                                                                         \
                     "cmp     r3, r4\n\t"                                                                              \
                     "beq     1f\n\t"                                                                                  \
                     "adr.w   r2, 7f\n"                                                                                \
                     "1:\n\t"                                                                                          \
                     "orr     r2, r2, #1\n\t"                                                                          \
                     "str     r2, [r0, #36]\n\t"                                                                       \
                     "mov     r2, r0\n\t"                                                                              \
                     "ldr     r0, [r2, #12]\n\t"                                                                     \
                     "ldr     r1, [r2, #20]\n"                                                                         \
                     "2:\n\t" /* the next chunk, or pair of channels */                                                                     \
                     "ldmia.w r0!, {r10, r11, r12, lr}\n\t"                                                                             \
                     "ldmia.w r1!, {r6, r7, r8}\n\t"                                                                   \
                     "ldr     pc, [r2, #32]\n\t"                                                                       \
                     ".balign 4\n"                                                                                     \
                     "3:\n\t"                                                                                          \
                     ".rept 16\n\t" CHAIN_GROUP ".endr\n"                                                             \
                     "4:\n\t"                                                                                          \
                     "ldr     r4, [sp, #12]\n\t"                                                                            \
                     "ldr     r5, [r4, #28]\n\t"                                                                       \
                     "cmp     r1, r5\n\t"                                                                              \
                     "bne.w   3b\n\t"                                                                                  \
                     "ldr     r8, [sp, #12]\n\t"                                                                            \
                     CHAIN_SUMS                                                                                        \
                     "ldr     pc, [r8, #36]\n\t"                                                                       \
                     ".balign 4\n"                                                                                     \
                     "5:\n\t" /* outputs */                                                                            \
                     "ldmia.w r0!, {r8, r10, r11, r12}\n\t"                                                            \
                     requantize("r2") requantize("r3") requantize("r5")                                                \
                     "ldmia.w r0!, {r8, r10, r11, r12}\n\t"                                                            \
                     requantize("r4") requantize("r6") requantize("r7")                                                \
                     "ldrd    r8, r10, [r0], #8\n\t"                                                                   \
                     "ldm     sp, {r11, r12, lr}\n\t"                                                                  \
                     store " r2, [r11, r8]\n\t"                                                                        \
                     store " r3, [r12, r8]\n\t"                                                                        \
                     store " r5, [lr, r8]\n\t"                                                                         \
                     store " r4, [r11, r10]\n\t"                                                                       \
                     store " r6, [r12, r10]\n\t"                                                                       \
                     store " r7, [lr, r10]\n\t"                                                                        \
                     "ldr     r2, [sp, #12]\n\t"                                                                            \
                     "ldrd    r3, r1, [r2, #16]\n\t"                                                                       \
                     "cmp     r0, r3\n\t"                                                                              \
                     "bne.w   2b\n\t"                                                                                  \
                     "b.w     9f\n\t"                                                                                  \
                     ".balign 4\n"                                                                                     \
                     "7:\n\t" /* one chunk of several: adds those before */                                            \
                     "add     r8, r8, #40\n\t"                                                                         \
                     "ldmia.w r8, {r10, r11, r12}\n\t"                                                                 \
                     "add     r2, r2, r10\n\t"                                                                         \
                     "add     r3, r3, r11\n\t"                                                                         \
                     "add     r4, r4, r12\n\t"                                                                         \
                     "stmia.w r8!, {r2, r3, r4}\n\t"                                                                   \
                     "ldmia.w r8, {r10, r11, r12}\n\t"                                                                 \
                     "add     r5, r5, r10\n\t"                                                                         \
                     "add     r6, r6, r11\n\t"                                                                         \
                     "add     r7, r7, r12\n\t"                                                                         \
                     "stmia.w r8!, {r5, r6, r7}\n\t"                                                                   \
                     "ldr     r10, [r8, #4]\n\t"                                                                       \
                     "ldrd    r11, r12, [r8, #-40]\n\t"                                                                \
                     "subs    r1, r1, #12\n\t"                                                                         \
                     "cmp     r1, r11\n\t"                                                                             \
                     "beq     8f\n\t"                                                                                  \
                     "add     r12, r12, r10\n\t"                                                                       \
                     "str     r12, [r8, #-36]\n\t"                                                                     \
                     "ldr     r2, [sp, #12]\n\t"                                                                            \
                     "b.w     2b\n"                                                                                    \
                     "8:\n\t" /* the last chunk: as it was before the first */                                         \
                     "ldr     r11, [r8, #-44]\n\t"                                                                     \
                     "add     r10, r10, r11\n\t"                                                                       \
                     "add     r10, r10, #12\n\t"                                                                       \
                     "str     r10, [r8, #-36]\n\t"                                                                     \
                     "mov     r10, #0\n\t"                                                                             \
                     "mov     r11, #0\n\t"                                                                             \
                     "mov     r12, #0\n\t"                                                                             \
                     "stmdb.w r8!, {r10, r11, r12}\n\t"                                                                \
                     "stmdb.w r8!, {r10, r11, r12}\n\t"                                                                \
                     "b.w     5b\n"                                                                                    \
                     "9:\n\t"                                                                                          \
                     "add     sp, sp, #16\n\t"                                                                            \
                     "pop     {r4, r5, r6, r7, r8, r10, r11, lr}"                                                      \
                     :                                                                                                 \
                     : [chain] "r"(run)                                                                                \
                     : "r0", "r1", "r2", "r3", "r12", "cc", "memory")

NEVER_INLINE void chain_run_signed(struct chain_run *run)
{
    CHAIN_RUN(run, CHAIN_SIGNED, "strb");
}

NEVER_INLINE void chain_run_unsigned(struct chain_run *run)
{
    CHAIN_RUN(run, CHAIN_UNSIGNED, "strb");
}

/* The same with outputs of 16 bits, and their bytes from one channel to another in place of the channels' numbers. */
NEVER_INLINE void chain_run_signed_halves(struct chain_run *run)
{
    CHAIN_RUN(run, CHAIN_SIGNED, "strh");
}

NEVER_INLINE void chain_run_unsigned_halves(struct chain_run *run)
{
    CHAIN_RUN(run, CHAIN_UNSIGNED, "strh");
}

#else

#define CHAIN_GROUP_BYTES 1
#define CHAIN_PASS_GROUPS 16

static inline uint64_t chain_multiply_add(uint32_t a, uint32_t b, uint64_t fields)
{
    return fields + (uint64_t)((int64_t)(int32_t)a * (int32_t)b);
}

/* Adds the sums of one chunk; returns where the weights go on. */
static inline const uint32_t *chain_chunk(const uint32_t *weights, const uint32_t *words, const uint32_t *end,
                                          uint32_t sums[6])
{
    uint64_t a = (uint64_t)weights[1] << 32 | weights[0], b = a;

    for (weights += 4; words != end; words += 2, weights++) {
        a = chain_multiply_add(*weights, words[0], a);
        b = chain_multiply_add(*weights, words[1], b);
    }
    const uint32_t field = 0x3fffffu;
    const uint32_t a0 = (uint32_t)a & field, a1 = (uint32_t)(a >> 22) & field, a2 = (uint32_t)(a >> 44);
    const uint32_t b0 = (uint32_t)b & field, b1 = (uint32_t)(b >> 22) & field, b2 = (uint32_t)(b >> 44);

    sums[0] += a0;
    sums[1] += b0;
    sums[2] += b1 - a2;
    sums[3] += a1 - b0;
    sums[4] += a2;
    sums[5] += b2;
    return weights;
}

static inline void chain_store(int8_t *out, int8_t value, bool are_halves)
{
    if (are_halves) {
        const int16_t half = value;
        memcpy(out, &half, sizeof half);
    } else {
        *out = value;
    }
}

ALWAYS_INLINE void chain_run_portable(struct chain_run *run, bool is_signed, bool are_halves)
{
    while (run->weights != run->weights_end) {
        uint32_t sums[6] = {0, 0, 0, 0, 0, 0};
        const uint32_t *words = run->words;

        do {
            const uint32_t *const end = words + run->chunk_bytes / sizeof *words;
            run->weights = chain_chunk(run->weights, words, end, sums);
            words = end;
        } while (words != run->words_end);

        const uint32_t *const scales = run->weights, *const channels = scales + 8;
        for (size_t i = 0; i < 6; i++) {
            const uint32_t *const scale = &scales[i / CHAIN_PIXELS * 4];
            const int32_t sum256 = (int32_t)(scale[0] + (sums[i] << 8));
            const int8_t output =
                requantize_saturated(sum256, (int32_t)scale[1], (int32_t)scale[2], (int32_t)scale[3], is_signed);

            chain_store(run->out[i % CHAIN_PIXELS] + channels[i / CHAIN_PIXELS], output, are_halves);
        }
        run->weights += 10;
    }
}

NEVER_INLINE void chain_run_signed(struct chain_run *run)
{
    chain_run_portable(run, true, false);
}

NEVER_INLINE void chain_run_unsigned(struct chain_run *run)
{
    chain_run_portable(run, false, false);
}

NEVER_INLINE void chain_run_signed_halves(struct chain_run *run)
{
    chain_run_portable(run, true, true);
}

NEVER_INLINE void chain_run_unsigned_halves(struct chain_run *run)
{
    chain_run_portable(run, false, true);
}

#endif

#endif
