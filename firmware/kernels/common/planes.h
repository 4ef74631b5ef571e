/* SPDX-License-Identifier: MIT */
/* Depthwise filters of 3x3, one channel at a time, on planes of pairs of lines.
 *
 * A plane holds channels of some lines of an image. At each position it has two words of each channel, of four values
 * that lie across the lines: word 0 has those of lines 0 (low half) and 1 (high half), word 1 those of lines 2 and 3.
 * A column of a filter on lines 0 to 2 is then a dual multiply by word 0 and a multiply by the low half of word 1; on
 * lines 1 to 3, a multiply by the high half of word 0 and a dual one by word 1: six multiplies for nine products. Each
 * column is loaded once, for up to three outputs. Lines may run along the rows of the image or along its columns.
 *
 * Weights are stored times 256, so that a sum is what requantize.h takes. */
#ifndef KERNELS_PLANES_H
#define KERNELS_PLANES_H

#include "dual_rows.h"

/* Channels that a plane interleaves, and words at each position. */
#define PLANE_CHANNELS 4
#define PLANE_WORDS 8

/* The words of a channel's filter: three for the dual multiplies of its columns, two that hold the third weights, and
 * where sums start, 256 times the bias. Stride 1 has a second filter, for lines 1 to 3, whose third weights are the
 * first ones. Then follow multiplier, offset and shift (with fitted scales, the multiplier alone counts, unless it is 0). */
#define PLANE_FILTER_WORDS 6

#define PLANE_FITTED_SHIFT 12

/* Lines of outputs of one channel; the assembly copies the fields to the stack and knows their order. */
struct plane_run {
    int32_t offset;
    int32_t multiplier;
    size_t pixel_step;    /* bytes from one output of a line to the next */
    int32_t shift;
    const uint32_t *end;  /* of the plane's first line */
    int8_t *out;          /* the first line of outputs */
    size_t lines;         /* of outputs, one at least */
    size_t line_step;     /* bytes from one of them to the next */
    size_t rest;          /* 0 to 2: how many more outputs would make threes of those of a line */
    const uint32_t *filters;
    const uint32_t *plane;
    size_t plane_step;    /* bytes from a pair of lines to the next */
};

#if DSP_LOOPS

/* Registers: r0 plane, r1 out, r2 to r6 the filter, lr where sums start; r7 and r8 a position's words, or anything. */

#define PLANE_LOAD "ldrd r7,r8,[r0],#32\n\t"

/* The first, second and third column of output `sum`. `pair` is the register of the dual multiply, `half` that of the
 * other, and `side` (b or t) which half of it. */
#define PLANE_FIRST(sum, pair, half, side)                                                                             \
    "smlad " sum "," pair ",r2,lr\n\t"                                                                                 \
    "smla" side "b " sum "," half ",r5," sum "\n\t"
#define PLANE_SECOND(sum, pair, half, side)                                                                            \
    "smlad " sum "," pair ",r3," sum "\n\t"                                                                            \
    "smla" side "t " sum "," half ",r5," sum "\n\t"
#define PLANE_THIRD(sum, pair, half, side)                                                                             \
    "smlad " sum "," pair ",r4," sum "\n\t"                                                                            \
    "smla" side "b " sum "," half ",r6," sum "\n\t"

/* requantize_saturated(), with offset, multiplier, pixel_step and shift on the stack. */
#define PLANE_STORE(sum)                                                                                               \
    "ldrd r8,r7,[sp,#8]\n\t"                                                                                           \
    "asr " sum "," sum ",r7\n\t"                                                                                       \
    "ssat " sum ",#8," sum "\n\t"                                                                                      \
    "strb " sum ",[r1]\n\t"                                                                                            \
    "add r1,r1,r8\n\t"

#define PLANE_UNSIGNED(sum)                                                                                            \
    "ldrd r8,r7,[sp]\n\t"                                                                                              \
    "smmla " sum "," sum ",r7,r8\n\t" PLANE_STORE(sum)
#define PLANE_SIGNED(sum)                                                                                              \
    "ldrd r8,r7,[sp]\n\t"                                                                                              \
    "smmla r8," sum ",r7,r8\n\t"                                                                                       \
    "asr r7," sum ",#31\n\t"                                                                                           \
    "add " sum ",r8,r7,lsl #7\n\t" PLANE_STORE(sum)

/* The same of sums whose start has the offset already, and a multiplier for PLANE_FITTED_SHIFT, both fitted by the host
 * so that each of the 255 steps between outputs is where TFLM takes it (compiler/kernels/_fitted.py). */
#define PLANE_FITTED(sum)                                                                                              \
    "ldrd r7,r8,[sp,#4]\n\t"                                                                                           \
    "smmul " sum "," sum ",r7\n\t"                                                                                     \
    "ssat " sum ",#8," sum ",asr #12\n\t"                                                                              \
    "strb " sum ",[r1]\n\t"                                                                                            \
    "add r1,r1,r8\n\t"

#define PLANE_UNLESS_END(label)                                                                                        \
    "ldr r7,[sp,#16]\n\t"                                                                                              \
    "cmp r0,r7\n\t"                                                                                                    \
    "bne " label "\n\t"

/* Two columns before the first output. */
#define PLANE_BEGIN(a, b, pair, half, side)                                                                            \
    PLANE_LOAD PLANE_FIRST(a, pair, half, side)                                                                        \
    PLANE_LOAD PLANE_FIRST(b, pair, half, side) PLANE_SECOND(a, pair, half, side)
/* A column ends output `a`. */
#define PLANE_COLUMN(a, b, c, pair, half, side, output)                                                            \
    PLANE_LOAD PLANE_FIRST(c, pair, half, side) PLANE_SECOND(b, pair, half, side)                                      \
    PLANE_THIRD(a, pair, half, side) output(a)

/* Stride 1: three sums change roles from one output to the next, so the loop has three outputs; `rest` of them are left
 * out of the first turn. */
#define PLANE_LINE_1(pair, half, side, output)                                                                     \
    "ldr r7,[sp,#32]\n\t"                                                                                              \
    "cmp r7,#1\n\t"                                                                                                    \
    "bhi 3f\n\t"                                                                                                       \
    "beq 2f\n\t" PLANE_BEGIN("r10", "r11", pair, half, side)                                                           \
    "b 4f\n"                                                                                                           \
    "2:\n\t" PLANE_BEGIN("r11", "r12", pair, half, side)                                                               \
    "b 5f\n"                                                                                                           \
    "3:\n\t" PLANE_BEGIN("r12", "r10", pair, half, side)                                                               \
    "b 6f\n"                                                                                                           \
    "4:\n\t" PLANE_COLUMN("r10", "r11", "r12", pair, half, side, output)                                           \
    "5:\n\t" PLANE_COLUMN("r11", "r12", "r10", pair, half, side, output)                                           \
    "6:\n\t" PLANE_COLUMN("r12", "r10", "r11", pair, half, side, output) PLANE_UNLESS_END("4b")

/* Stride 2: two columns an output, of which the second is the first of the next one. */
#define PLANE_LINE_2(output)                                                                                       \
    PLANE_LOAD PLANE_FIRST("r10", "r7", "r8", "b")                                                                     \
    "4:\n\t" PLANE_LOAD PLANE_SECOND("r10", "r7", "r8", "b")                                                           \
    PLANE_LOAD PLANE_FIRST("r11", "r7", "r8", "b") PLANE_THIRD("r10", "r7", "r8", "b") output("r10")                                                                                                 \
    "mov r10,r11\n\t" PLANE_UNLESS_END("4b")

/* Where the lines of plane and outputs begin, and the filter at `offset`. */
#define PLANE_START(offset)                                                                                            \
    "ldr r0,[sp,#40]\n\t"                                                                                              \
    "ldr r1,[sp,#20]\n\t"                                                                                              \
    "ldr r7,[sp,#36]\n\t"                                                                                              \
    "add r7,r7,#" offset "\n\t"                                                                                        \
    "ldm r7,{r2,r3,r4,r5,r6,lr}\n\t"

/* Goes on to the next line of outputs, or ends after the last. */
#define PLANE_NEXT                                                                                                     \
    "ldrd r7,r8,[sp,#24]\n\t"                                                                                          \
    "ldr r1,[sp,#20]\n\t"                                                                                              \
    "add r1,r1,r8\n\t"                                                                                                 \
    "subs r7,r7,#1\n\t"                                                                                                \
    "strd r1,r7,[sp,#20]\n\t"                                                                                          \
    "beq.w 9f\n\t"

#define PLANE_RUN(run, lines)                                                                                          \
    __asm__ volatile("push {r4,r5,r6,r7,r8,r10,r11,lr}\n\t"                                                            \
                     "mov r0,%[plane]\n\t"                                                                             \
                     "ldm r0,{r1,r2,r3,r4,r5,r6,r7,r8,r10,r11,r12,lr}\n\t"                                             \
                     "sub sp,sp,#48\n\t"                                                                               \
                     "stm sp,{r1,r2,r3,r4,r5,r6,r7,r8,r10,r11,r12,lr}\n"                                               \
                     "1:\n\t" lines PLANE_NEXT                                                                         \
                     "ldrd r7,r8,[sp,#40]\n\t"                                                                         \
                     "ldr r1,[sp,#16]\n\t"                                                                             \
                     "add r7,r7,r8\n\t"                                                                                \
                     "add r1,r1,r8\n\t"                                                                                \
                     "str r7,[sp,#40]\n\t"                                                                             \
                     "str r1,[sp,#16]\n\t"                                                                             \
                     "b.w 1b\n"                                                                                        \
                     "9:\n\t"                                                                                          \
                     "add sp,sp,#48\n\t"                                                                               \
                     "pop {r4,r5,r6,r7,r8,r10,r11,lr}"                                                                 \
                     :                                                                                                 \
                     : [plane] "r"(run)                                                                                \
                     : "r0", "r1", "r2", "r3", "r12", "cc", "memory")

#define PLANE_LINES_1(output)                                                                                      \
    PLANE_START("0") PLANE_LINE_1("r7", "r8", "b", output)                                                         \
    PLANE_NEXT PLANE_START("24") PLANE_LINE_1("r8", "r7", "t", output)
#define PLANE_LINES_2(output) PLANE_START("0") PLANE_LINE_2(output)

NEVER_INLINE void plane_run_1_signed(const struct plane_run *run)
{
    PLANE_RUN(run, PLANE_LINES_1(PLANE_SIGNED));
}

NEVER_INLINE void plane_run_1_unsigned(const struct plane_run *run)
{
    PLANE_RUN(run, PLANE_LINES_1(PLANE_UNSIGNED));
}

NEVER_INLINE void plane_run_2_signed(const struct plane_run *run)
{
    PLANE_RUN(run, PLANE_LINES_2(PLANE_SIGNED));
}

NEVER_INLINE void plane_run_2_unsigned(const struct plane_run *run)
{
    PLANE_RUN(run, PLANE_LINES_2(PLANE_UNSIGNED));
}

NEVER_INLINE void plane_run_1_fitted(const struct plane_run *run)
{
    PLANE_RUN(run, PLANE_LINES_1(PLANE_FITTED));
}

NEVER_INLINE void plane_run_2_fitted(const struct plane_run *run)
{
    PLANE_RUN(run, PLANE_LINES_2(PLANE_FITTED));
}

#else

/* The products of one position. */
static inline int32_t plane_column(const uint32_t *words, const uint32_t *filter, size_t column, bool is_second,
                                   int32_t sum)
{
    const uint32_t thirds = filter[3 + column / 2], third = column == 1 ? thirds >> 16 : thirds & 0xffffu;
    const uint32_t pair = words[is_second ? 1 : 0], half = is_second ? words[0] >> 16 : words[1] & 0xffffu;

    return dual_multiply_add(third, half, dual_multiply_add(filter[column], pair, sum));
}

typedef int8_t plane_output(const struct plane_run *run, int32_t sum);

static inline int8_t plane_signed(const struct plane_run *run, int32_t sum)
{
    return requantize_saturated(sum, run->multiplier, run->offset, run->shift, true);
}

static inline int8_t plane_unsigned(const struct plane_run *run, int32_t sum)
{
    return requantize_saturated(sum, run->multiplier, run->offset, run->shift, false);
}

static inline int8_t plane_fitted(const struct plane_run *run, int32_t sum)
{
    return saturate_s8(multiply_high(sum, run->multiplier) >> PLANE_FITTED_SHIFT);
}

ALWAYS_INLINE void plane_run_portable(const struct plane_run *run, size_t stride, plane_output *output)
{
    for (size_t line = 0; line < run->lines; line++) {
        const bool is_second = stride == 1 && line % 2 == 1;
        const size_t skipped = line / (3 - stride) * (run->plane_step / sizeof(uint32_t));
        const uint32_t *const filter = run->filters + (is_second ? PLANE_FILTER_WORDS : 0);
        const uint32_t *const end = run->end + skipped;
        int8_t *out = run->out + line * run->line_step;

        for (const uint32_t *words = run->plane + skipped; words + 2 * PLANE_WORDS < end; out += run->pixel_step) {
            int32_t sum = (int32_t)filter[5];
            for (size_t column = 0; column < 3; column++) {
                sum = plane_column(words + column * PLANE_WORDS, filter, column, is_second, sum);
            }
            *out = output(run, sum);
            words += stride * PLANE_WORDS;
        }
    }
}

NEVER_INLINE void plane_run_1_signed(const struct plane_run *run)
{
    plane_run_portable(run, 1, plane_signed);
}

NEVER_INLINE void plane_run_1_unsigned(const struct plane_run *run)
{
    plane_run_portable(run, 1, plane_unsigned);
}

NEVER_INLINE void plane_run_2_signed(const struct plane_run *run)
{
    plane_run_portable(run, 2, plane_signed);
}

NEVER_INLINE void plane_run_2_unsigned(const struct plane_run *run)
{
    plane_run_portable(run, 2, plane_unsigned);
}

NEVER_INLINE void plane_run_1_fitted(const struct plane_run *run)
{
    plane_run_portable(run, 1, plane_fitted);
}

NEVER_INLINE void plane_run_2_fitted(const struct plane_run *run)
{
    plane_run_portable(run, 2, plane_fitted);
}

#endif

/* Four channels of a pair of lines: pixels of both, the bytes from one to the next, and where the words of a position
 * go, also to the words before `end`. The assembly knows the order of the fields. */
struct plane_pair {
    const int8_t *low;
    const int8_t *high;
    size_t low_step;
    size_t high_step;
    uint32_t *first;
    uint32_t *second;
    const uint32_t *end; /* of `first` */
};

/* Where unaligned words may not be loaded, the compiler has to know of each. */
#if DSP_LOOPS && defined(__ARM_FEATURE_UNALIGNED)

/* r0 and r1 pixels, r2 and r3 steps: words in r10, r11, r7 and r5. */
#define PLANE_SPREAD                                                                                                   \
    "ldr r5,[r0]\n\t"                                                                                                  \
    "ldr r6,[r1]\n\t"                                                                                                  \
    "add r0,r0,r2\n\t"                                                                                                 \
    "add r1,r1,r3\n\t"                                                                                                 \
    "sxtb16 r7,r5\n\t"                                                                                                 \
    "sxtb16 r8,r6\n\t"                                                                                                 \
    "sxtb16 r5,r5,ror #8\n\t"                                                                                          \
    "sxtb16 r6,r6,ror #8\n\t"                                                                                          \
    "pkhbt r10,r7,r8,lsl #16\n\t"                                                                                      \
    "pkhtb r7,r8,r7,asr #16\n\t"                                                                                       \
    "pkhbt r11,r5,r6,lsl #16\n\t"                                                                                      \
    "pkhtb r5,r6,r5,asr #16\n\t"
#define PLANE_STORE_WORDS(to)                                                                                          \
    "str r11,[" to ",#8]\n\t"                                                                                          \
    "str r7,[" to ",#16]\n\t"                                                                                          \
    "str r5,[" to ",#24]\n\t"                                                                                          \
    "str r10,[" to "],#32\n\t"
#define PLANE_PAIR(pair, stores)                                                                                       \
    __asm__ volatile("push {r4,r5,r6,r7,r8,r10,r11,lr}\n\t"                                                            \
                     "mov r12,%[plane]\n\t"                                                                            \
                     "ldm r12,{r0,r1,r2,r3,r4,lr}\n\t"                                                                 \
                     "ldr r12,[r12,#24]\n"                                                                              \
                     "1:\n\t" PLANE_SPREAD stores "cmp r4,r12\n\t"                                                     \
                     "bne 1b\n\t"                                                                                      \
                     "pop {r4,r5,r6,r7,r8,r10,r11,lr}"                                                                 \
                     :                                                                                                 \
                     : [plane] "r"(pair)                                                                               \
                     : "r0", "r1", "r2", "r3", "r12", "cc", "memory")

/* At least one position, to `first` alone. */
NEVER_INLINE void plane_spread_once(const struct plane_pair *pair)
{
    PLANE_PAIR(pair, PLANE_STORE_WORDS("r4"));
}

/* To `first` and, the same, to `second`. */
NEVER_INLINE void plane_spread_twice(const struct plane_pair *pair)
{
    PLANE_PAIR(pair, PLANE_STORE_WORDS("r4") PLANE_STORE_WORDS("lr"));
}

#else

ALWAYS_INLINE void plane_spread_portable(struct plane_pair pair, bool is_twice)
{
    for (; pair.first != pair.end; pair.first += PLANE_WORDS, pair.second += is_twice ? PLANE_WORDS : 0) {
        const uint32_t a = load_four(pair.low), b = load_four(pair.high);

        pair.first[0] = low_halves(even_bytes(a), even_bytes(b));
        pair.first[2] = low_halves(odd_bytes(a), odd_bytes(b));
        pair.first[4] = high_halves(even_bytes(a), even_bytes(b));
        pair.first[6] = high_halves(odd_bytes(a), odd_bytes(b));
        for (size_t i = 0; is_twice && i < PLANE_WORDS; i += 2) {
            pair.second[i] = pair.first[i];
        }
        pair.low += pair.low_step;
        pair.high += pair.high_step;
    }
}

NEVER_INLINE void plane_spread_once(const struct plane_pair *pair)
{
    plane_spread_portable(*pair, false);
}

NEVER_INLINE void plane_spread_twice(const struct plane_pair *pair)
{
    plane_spread_portable(*pair, true);
}

#endif

/* The same word for `count` positions of four channels. */
static inline void plane_spread_word(uint32_t word, size_t count, uint32_t *to)
{
    for (; count > 0; count--, to += PLANE_WORDS) {
        to[0] = word;
        to[2] = word;
        to[4] = word;
        to[6] = word;
    }
}

#endif
