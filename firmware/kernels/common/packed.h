/* SPDX-License-Identifier: MIT */
/* Eight sums of products in five words of 32 bits, for processors that multiply in one instruction and add in another.
 *
 * A word is a sum of fields, S0 + S1 * 2^20 say, so one multiply of such a word of weights by an input is a product for
 * each of its fields; all arithmetic is modulo 2^32. Each field starts at minus its least possible sum, and the host
 * proves that it ends below 2^20 for any inputs. What happens between does not matter.
 *
 * Of a word, the lowest 20 bits are one field, and the other 12 are bits of a field that several words share: where its
 * lower bits are known, they are subtracted from the next word, which then shows the next bits.
 *
 *     word 0 = S0 + S1 * 2^20                     bits 0 to 11 of S1
 *     word 1 = S2 + S1 * 2^8  + S3 * 2^28         12 to 19 of S1, 0 to 3 of S3
 *     word 2 = S4             + S3 * 2^16         4 to 15 of S3
 *     word 3 = S5 + S6 * 2^24 + S3 * 2^4          16 to 19 of S3, 0 to 7 of S6
 *     word 4 = S7 + S6 * 2^12                     8 to 19 of S6 */
#ifndef KERNELS_PACKED_H
#define KERNELS_PACKED_H

#include "port.h"

#define PACKED_FIELDS 8
#define PACKED_WORDS 5
#define PACKED_PIXELS 3

#define PACKED_FIELD_BITS 20
#define PACKED_LOWEST 0xfffffu

#if defined(__ARM_ARCH_6M__)

/* One of four inputs. */
#define PACKED_INPUT(offset)                                                                                           \
    "ldmia r0!, {r3, r4, r5, r6, r7}\n\t"                                                                              \
    "movs  r2, #" offset "\n\t"                                                                                        \
    "ldrsb r2, [r1, r2]\n\t"                                                                                           \
    "muls  r3, r2, r3\n\t"                                                                                             \
    "muls  r4, r2, r4\n\t"                                                                                             \
    "muls  r5, r2, r5\n\t"                                                                                             \
    "muls  r6, r2, r6\n\t"                                                                                             \
    "muls  r7, r2, r7\n\t"                                                                                             \
    "add   r8, r8, r3\n\t"                                                                                             \
    "add   r10, r10, r4\n\t"                                                                                           \
    "add   r11, r11, r5\n\t"                                                                                           \
    "add   r12, r12, r6\n\t"                                                                                           \
    "add   lr, lr, r7\n\t"

/* One pixel, which Cortex-M0 has registers for: r0 words, r1 and r2 the inputs' begin and end, r3 sums, which grow in
 * r8, r10, r11, r12 and lr. r7 may be the frame pointer, and r9 is never touched: see dsp.h. */
NEVER_INLINE void packed_pixel(const uint32_t *words, const int8_t *in, const int8_t *end, uint32_t *sums)
{
    register const uint32_t *r0 __asm__("r0") = words;
    register const int8_t *r1 __asm__("r1") = in;
    register const int8_t *r2 __asm__("r2") = end;
    register uint32_t *r3 __asm__("r3") = sums;

    __asm__ volatile(".syntax unified\n\t"
                     "push  {r2, r3, r7}\n\t"
                     "ldmia r0!, {r3, r4, r5, r6, r7}\n\t"
                     "mov   r8, r3\n\t"
                     "mov   r10, r4\n\t"
                     "mov   r11, r5\n\t"
                     "mov   r12, r6\n\t"
                     "mov   lr, r7\n"
                     "1:\n\t"
                     /* clang-format off */
                     PACKED_INPUT("0") PACKED_INPUT("1") PACKED_INPUT("2") PACKED_INPUT("3")
                     /* clang-format on */
                     "adds  r1, r1, #4\n\t"
                     "ldr   r2, [sp]\n\t"
                     "cmp   r1, r2\n\t"
                     "bne   1b\n\t"
                     "ldr   r3, [sp, #4]\n\t"
                     "mov   r4, r8\n\t"
                     "mov   r5, r10\n\t"
                     "mov   r6, r11\n\t"
                     "mov   r7, r12\n\t"
                     "stmia r3!, {r4, r5, r6, r7}\n\t"
                     "mov   r4, lr\n\t"
                     "str   r4, [r3]\n\t"
                     "pop   {r2, r3, r7}"
                     : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3)
                     :
                     : "r4", "r5", "r6", "r8", "r10", "r11", "r12", "lr", "cc", "memory");
}

#elif defined(__riscv) && __riscv_xlen == 32 && defined(__riscv_mul) && !defined(__riscv_32e)

/* Three products of a word of weights, and the next word, so that no instruction waits for what it loads. */
#define PACKED_WORD(word, next, offset, a, b, c)                                                                       \
    "lw  " next ", " offset "(a0)\n\t"                                                                                 \
    "mul a7, " word ", s9\n\t"                                                                                         \
    "add " a ", " a ", a7\n\t"                                                                                         \
    "mul a7, " word ", s10\n\t"                                                                                        \
    "add " b ", " b ", a7\n\t"                                                                                         \
    "mul " word ", " word ", s11\n\t"                                                                                  \
    "add " c ", " c ", " word "\n\t"

/* One of four inputs; the first word is there, and that of the next input will be. */
#define PACKED_INPUT(place, even, odd, word_1, word_2, word_3, word_4, word_5)                                         \
    "lb  s9, " place "(a1)\n\t"                                                                                        \
    "lb  s10, " place "(a2)\n\t"                                                                                       \
    "lb  s11, " place "(a3)\n\t" PACKED_WORD(even, odd, word_1, "t0", "t1", "t2")                                      \
        PACKED_WORD(odd, even, word_2, "t3", "t4", "t5") PACKED_WORD(even, odd, word_3, "t6", "s1", "s2")              \
            PACKED_WORD(odd, even, word_4, "s3", "s4", "s5") PACKED_WORD(even, odd, word_5, "s6", "s7", "s8")

/* a0 words, a1 to a3 the inputs of the pixels, a4 the end of the first's, a5 sums. s0 may be the frame pointer. */
NEVER_INLINE void packed_pixels(const uint32_t *words, const int8_t *const in[PACKED_PIXELS], size_t count,
                                uint32_t *sums)
{
    register const uint32_t *a0 __asm__("a0") = words;
    register const int8_t *a1 __asm__("a1") = in[0];
    register const int8_t *a2 __asm__("a2") = in[1];
    register const int8_t *a3 __asm__("a3") = in[2];
    register const int8_t *a4 __asm__("a4") = in[0] + count;
    register uint32_t *a5 __asm__("a5") = sums;

    __asm__ volatile("lw  t0, 0(a0)\n\t"
                     "lw  t3, 4(a0)\n\t"
                     "lw  t6, 8(a0)\n\t"
                     "lw  s3, 12(a0)\n\t"
                     "lw  s6, 16(a0)\n\t"
                     "lw  a6, 20(a0)\n\t"
                     "mv  t1, t0\n\t"
                     "mv  t2, t0\n\t"
                     "mv  t4, t3\n\t"
                     "mv  t5, t3\n\t"
                     "mv  s1, t6\n\t"
                     "mv  s2, t6\n\t"
                     "mv  s4, s3\n\t"
                     "mv  s5, s3\n\t"
                     "mv  s7, s6\n\t"
                     "mv  s8, s6\n"
                     "1:\n\t"
                     /* clang-format off */
                     PACKED_INPUT("0", "a6", "ra", "24", "28", "32", "36", "40")
                     PACKED_INPUT("1", "ra", "a6", "44", "48", "52", "56", "60")
                     PACKED_INPUT("2", "a6", "ra", "64", "68", "72", "76", "80")
                     PACKED_INPUT("3", "ra", "a6", "84", "88", "92", "96", "100")
                     /* clang-format on */
                     "addi a0, a0, 80\n\t"
                     "addi a1, a1, 4\n\t"
                     "addi a2, a2, 4\n\t"
                     "addi a3, a3, 4\n\t"
                     "bne a1, a4, 1b\n\t"
                     "sw  t0, 0(a5)\n\t"
                     "sw  t3, 4(a5)\n\t"
                     "sw  t6, 8(a5)\n\t"
                     "sw  s3, 12(a5)\n\t"
                     "sw  s6, 16(a5)\n\t"
                     "sw  t1, 20(a5)\n\t"
                     "sw  t4, 24(a5)\n\t"
                     "sw  s1, 28(a5)\n\t"
                     "sw  s4, 32(a5)\n\t"
                     "sw  s7, 36(a5)\n\t"
                     "sw  t2, 40(a5)\n\t"
                     "sw  t5, 44(a5)\n\t"
                     "sw  s2, 48(a5)\n\t"
                     "sw  s5, 52(a5)\n\t"
                     "sw  s8, 56(a5)"
                     : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3)
                     : "r"(a4), "r"(a5)
                     : "t0", "t1", "t2", "t3", "t4", "t5", "t6", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9",
                       "s10", "s11", "a6", "a7", "ra", "memory");
}

#define PACKED_PIXELS_AT_ONCE

#else

ALWAYS_INLINE void packed_pixel(const uint32_t *words, const int8_t *in, const int8_t *end, uint32_t *sums)
{
    memcpy(sums, words, PACKED_WORDS * sizeof *sums);
    while (in != end) {
        const uint32_t x = (uint32_t)*in++;

        words += PACKED_WORDS;
        for (size_t i = 0; i < PACKED_WORDS; i++) {
            sums[i] += words[i] * x;
        }
    }
}

#endif

#if !defined(PACKED_PIXELS_AT_ONCE)

/* Three pixels, from `count` inputs each, a multiple of four. `words` are what the sums start at, then five for each
 * input; the word behind them is read. The sums of a pixel are five words. */
static inline void packed_pixels(const uint32_t *words, const int8_t *const in[PACKED_PIXELS], size_t count,
                                 uint32_t *sums)
{
    for (size_t i = 0; i < PACKED_PIXELS; i++, sums += PACKED_WORDS) {
        packed_pixel(words, in[i], in[i] + count, sums);
    }
}

#endif

/* The eight fields of five words, each added to its value in `from`. */
ALWAYS_INLINE void packed_add_fields(const uint32_t *words, const uint32_t *from, uint32_t *sums)
{
    const uint32_t first = words[0], s1 = first >> 20;
    const uint32_t second = words[1] - (s1 << 8);
    const uint32_t third = words[2] - (second >> 28 << 16);
    const uint32_t s3 = second >> 28 | third >> 20 << 4;
    const uint32_t fourth = words[3] - (s3 << 4), s6 = fourth >> 24;
    const uint32_t fifth = words[4] - (s6 << 12);

    sums[0] = from[0] + (first & PACKED_LOWEST);
    sums[1] = from[1] + (s1 | (second >> 20 & 0xffu) << 12);
    sums[2] = from[2] + (second & PACKED_LOWEST);
    sums[3] = from[3] + (s3 | (fourth >> 20 & 0xfu) << 16);
    sums[4] = from[4] + (third & PACKED_LOWEST);
    sums[5] = from[5] + (fourth & PACKED_LOWEST);
    sums[6] = from[6] + (s6 | fifth >> 20 << 8);
    sums[7] = from[7] + (fifth & PACKED_LOWEST);
}

#endif
