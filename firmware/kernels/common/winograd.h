/* SPDX-License-Identifier: MIT */
/* Sums of products in Winograd's domain, for filters of 3x3 with stride 1, exactly.
 *
 * Instead of 9 products for each of its outputs, a tile of inputs d is transformed to V = B' d B, the filter g to
 * U = G g G' by the host; their products element by element, summed over the input channels to M, give the outputs
 * A' M A. (Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2015.) A tile of 4x4 outputs has 36
 * products for 144, one of 2x2 has 16 for 36.
 *
 * All of it is exact in integers. The rows of G are scaled until they are whole, so that the outputs come scaled by
 * 9 * 2^n, or by 4. Inputs count from 0 to 255, and the sums of absolute values of the transforms keep U and V within
 * 16 bits for any inputs and any int8 weights. Sums wrap at 32 bits: that leaves 256 times the output right, because
 * 9 is odd, so a product with its inverse modulo 2^32 divides by it, and the host proves that sums fit 24 bits.
 *
 * V is made of two channels at once: the lanes of a word are added and subtracted as one number, v0 + v1 * 2^16. Adding
 * WINOGRAD_..._LIFT to each keeps v0 from borrowing of v1; the host takes the lift's products off where sums start. */
#ifndef KERNELS_WINOGRAD_H
#define KERNELS_WINOGRAD_H

#include "dual_rows.h"

/* Products are of two channels and two tiles: channel 0 of tiles 0 and 1, then channel 1. */
#define WINOGRAD_TILES 2
#define WINOGRAD_SUMS 4

/* Words from the sums of one of these four to those of the next. */
#define WINOGRAD_POSITIONS 36

/* Sums of the products of two channels and two tiles at `end - sums` positions.
 *
 * At each position, the weights are four words where the sums start, and for each group of four input channels the
 * weights of inputs 0 and 2 for channel 0 and for channel 1, then those of inputs 1 and 3. The inputs are, for each
 * group, channels 0 and 2 of tiles 0 and 1, then 1 and 3. Two words behind the inputs are read. The assembly knows the
 * order of the fields. */
struct winograd_run {
    const uint32_t *weights;
    const uint32_t *inputs;
    uint32_t *sums;
    const uint32_t *end;
    size_t groups; /* 1 to WINOGRAD_MOST_GROUPS */
};

#define WINOGRAD_MOST_GROUPS 16

#if DSP_LOOPS

/* A group in ten instructions of four bytes: r0 weights, r1 inputs, of which the first two are loaded already; sums in
 * r10, r11, r12 and lr. */
#define WINOGRAD_GROUP                                                                                                 \
    "ldmia.w r0!,{r2,r3,r4,r5}\n\t"                                                                                    \
    "smlad r10,r2,r6,r10\n\t"                                                                                          \
    "smlad r11,r2,r7,r11\n\t"                                                                                          \
    "smlad r12,r3,r6,r12\n\t"                                                                                          \
    "smlad lr,r3,r7,lr\n\t"                                                                                            \
    "ldmia.w r1!,{r2,r3,r6,r7}\n\t"                                                                                    \
    "smlad r10,r4,r2,r10\n\t"                                                                                          \
    "smlad r11,r4,r3,r11\n\t"                                                                                          \
    "smlad r12,r5,r2,r12\n\t"                                                                                          \
    "smlad lr,r5,r3,lr\n\t"

/* The function has no branch of its own: the compiler counts lines, and does not see what .rept makes of them. */
NEVER_INLINE void winograd_multiply(const struct winograd_run *run)
{
    __asm__ volatile("push {r4,r5,r6,r7,r8,r10,r11,lr}\n\t"
                     "mov r0,%[run]\n\t"
                     "ldm r0,{r2,r3,r4,r5,r6}\n\t"
                     "mov r0,r2\n\t"
                     "mov r1,r3\n\t"
                     "mov r8,r4\n\t"
                     "adr.w r2,3f\n\t"
                     "mov r3,#40\n\t"
                     "mls r2,r6,r3,r2\n\t" /* where so many groups are left */
                     "orr r6,r2,#1\n\t"
                     "push {r5,r6}\n\t"
                     "ldmia.w r1!,{r6,r7}\n"
                     "1:\n\t"
                     "ldmia.w r0!,{r10,r11,r12,lr}\n\t"
                     "ldr pc,[sp,#4]\n\t"
                     ".balign 4\n"
                     "2:\n\t"
                     ".rept 16\n\t" WINOGRAD_GROUP ".endr\n"
                     "3:\n\t"
                     "str r11,[r8,#144]\n\t"
                     "str r12,[r8,#288]\n\t"
                     "str lr,[r8,#432]\n\t"
                     "str r10,[r8],#4\n\t"
                     "ldr r2,[sp]\n\t"
                     "cmp r8,r2\n\t"
                     "bne.w 1b\n\t"
                     "add sp,sp,#8\n\t"
                     "pop {r4,r5,r6,r7,r8,r10,r11,lr}"
                     :
                     : [run] "r"(run)
                     : "r0", "r1", "r2", "r3", "r12", "cc", "memory");
}

#else

NEVER_INLINE void winograd_multiply(const struct winograd_run *run)
{
    const uint32_t *weights = run->weights, *inputs = run->inputs;

    for (uint32_t *to = run->sums; to != run->end; to++) {
        int32_t sums[WINOGRAD_SUMS];

        for (size_t i = 0; i < WINOGRAD_SUMS; i++) {
            sums[i] = (int32_t)*weights++;
        }
        for (size_t half = 2 * run->groups; half > 0; half--, weights += 2, inputs += 2) {
            for (size_t i = 0; i < WINOGRAD_SUMS; i++) {
                sums[i] = dual_multiply_add(weights[i / 2], inputs[i % 2], sums[i]);
            }
        }
        for (size_t i = 0; i < WINOGRAD_SUMS; i++) {
            to[i * WINOGRAD_POSITIONS] = (uint32_t)sums[i];
        }
    }
}

#endif

/* Bytes 0 and 2, and bytes 1 and 3, in 16 bits each. */
static inline uint32_t even_unsigned(uint32_t x)
{
    return x & 0x00ff00ffu;
}

static inline uint32_t odd_unsigned(uint32_t x)
{
    return x >> 8 & 0x00ff00ffu;
}

#endif
