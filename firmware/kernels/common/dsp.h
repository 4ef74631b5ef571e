/* SPDX-License-Identifier: MIT */
/* The DSP instructions of Cortex-M4, M7, M33 and M55 that the kernels use, and the same in C for every other machine.
 *
 * Assembly here has one of two forms, which no compiler flag can break: a single instruction whose operands may be any
 * register, or a block whose operands are in r0 to r3, r12 and lr, and that leaves r7 as it was, because it may be the
 * frame pointer. r9 stays untouched in both: position-independent firmware keeps its data's address there, also for
 * interrupts. */
#ifndef KERNELS_DSP_H
#define KERNELS_DSP_H

#include <stdbool.h>

#include "port.h"
#include "requantize.h"

#if defined(__ARM_FEATURE_DSP)
#define DSP_INSTRUCTIONS 1
#else
#define DSP_INSTRUCTIONS 0
#endif

/* Whole loops in assembly are written for Thumb. */
#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__)
#define DSP_LOOPS 1
#else
#define DSP_LOOPS 0
#endif

/* sum + low halves' product + high halves' product; wraps. */
static inline int32_t dual_multiply_add(uint32_t a, uint32_t b, int32_t sum)
{
#if DSP_INSTRUCTIONS
    __asm__("smlad %0, %1, %2, %0" : "+r"(sum) : "r"(a), "r"(b)); /* the sum's register is free afterwards */
    return sum;
#else
    const int32_t low = (int16_t)(a & 0xffffu) * (int16_t)(b & 0xffffu);
    const int32_t high = (int16_t)(a >> 16) * (int16_t)(b >> 16);

    return (int32_t)((uint32_t)sum + (uint32_t)low + (uint32_t)high);
#endif
}

/* Bytes 0 and 2, each with its sign spread over 16 bits. */
static inline uint32_t even_bytes(uint32_t x)
{
#if DSP_INSTRUCTIONS
    __asm__("sxtb16 %0, %1" : "=r"(x) : "r"(x));
    return x;
#else
    return (uint32_t)(uint16_t)(int8_t)(x & 0xffu) | (uint32_t)(uint16_t)(int8_t)(x >> 16 & 0xffu) << 16;
#endif
}

/* Bytes 1 and 3. */
static inline uint32_t odd_bytes(uint32_t x)
{
#if DSP_INSTRUCTIONS
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(x) : "r"(x));
    return x;
#else
    return even_bytes(x >> 8);
#endif
}

/* Bytes 0 and 2 added to the lanes of `sums`, each with its sign. */
static inline uint32_t add_even_bytes(uint32_t sums, uint32_t x)
{
#if DSP_INSTRUCTIONS
    __asm__("sxtab16 %0, %0, %1" : "+r"(sums) : "r"(x));
    return sums;
#else
    const uint32_t bytes = even_bytes(x);

    return ((sums + bytes) & 0xffffu) | ((sums & 0xffff0000u) + (bytes & 0xffff0000u));
#endif
}

/* Bytes 1 and 3. */
static inline uint32_t add_odd_bytes(uint32_t sums, uint32_t x)
{
#if DSP_INSTRUCTIONS
    __asm__("sxtab16 %0, %0, %1, ror #8" : "+r"(sums) : "r"(x));
    return sums;
#else
    return add_even_bytes(sums, x >> 8);
#endif
}

/* The low halves of two words, that of `a` below. */
static inline uint32_t low_halves(uint32_t a, uint32_t b)
{
#if DSP_INSTRUCTIONS
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(a) : "r"(a), "r"(b));
    return a;
#else
    return (a & 0xffffu) | b << 16;
#endif
}

/* The high halves. */
static inline uint32_t high_halves(uint32_t a, uint32_t b)
{
#if DSP_INSTRUCTIONS
    __asm__("pkhtb %0, %2, %1, asr #16" : "=r"(a) : "r"(a), "r"(b));
    return a;
#else
    return a >> 16 | (b & 0xffff0000u);
#endif
}

/* requantize() and a clamp to int8. */
static inline int8_t requantize_saturated(int32_t sum256, int32_t multiplier, int32_t offset, int32_t shift,
                                          bool is_signed)
{
#if DSP_INSTRUCTIONS
    int32_t x;
    __asm__("smmla %0, %1, %2, %3" : "=r"(x) : "r"(sum256), "r"(multiplier), "r"(offset));
    if (is_signed) {
        x += (sum256 >> 31) & -128;
    }
    x >>= shift;
    __asm__("ssat %0, #8, %0" : "+r"(x));
    return (int8_t)x;
#else
    return saturate_s8(requantize(sum256, multiplier, offset, shift, is_signed));
#endif
}

/* Where a layer takes its scales from: always the same words, or where `per_channel`, the next ones for each output. */
struct scale_source {
    const int32_t *words;
    bool per_channel;
};

/* The same with the layer's scale, or with the next one. */
ALWAYS_INLINE int8_t requantize_output(int32_t sum256, struct scale_source *scale, bool is_signed)
{
    const int32_t *const words = scale->words;

    scale->words += scale->per_channel ? SCALE_WORDS : 0;
    return requantize_saturated(sum256, words[0], words[1], words[2], is_signed);
}

#endif
