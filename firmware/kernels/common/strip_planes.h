/* SPDX-License-Identifier: MIT */
/* Depthwise filters of 3x3 on planes that hold every channel of a strip of rows, written by the layer before.
 *
 * Each channel has a plane of its own, as planes.h describes them, but with four words at each position: word p has lines
 * 2p (low half) and 2p + 1 (high half), so that no line is kept twice. Lines run along the rows of the image, eight to a
 * strip, or along its columns, if there are no more than eight with their padding. */
#ifndef KERNELS_STRIP_PLANES_H
#define KERNELS_STRIP_PLANES_H

#include "planes.h"

/* Pairs of lines, the words at a position. */
#define STRIP_PAIRS 4

/* Lines of outputs of every channel. The assembly copies the fields to the stack and knows their order; those that begin
 * at 0 are its own. Each channel has in `filters` the words of planes.h: its filter or, with stride 1, both, then
 * multiplier, offset and shift. */
struct strip_run {
    int32_t offset;
    int32_t multiplier;
    size_t pixel_step;   /* bytes from one output of a line to the next */
    int32_t shift;
    uint32_t end;        /* of the present line in the plane */
    size_t line_back;    /* bytes from there to the next line with the same filter */
    size_t out_back;     /* the same of outputs */
    uint32_t first_end;  /* of the last line with the first filter */
    const uint32_t *filters;
    const uint32_t *plane;
    int8_t *out;
    uint32_t second_end; /* of the last line with the second filter */
    uint32_t rest;       /* 0 to 2: how many more outputs would make threes of those of a line */
    uint32_t begin;      /* where the first turn of a line with the second filter begins, in `rest` one with the first */
    size_t first_bytes;  /* 4 for each line with the first filter */
    size_t second_bytes;
    size_t second_out;   /* bytes from the first line of outputs to the second */
    size_t plane_bytes;  /* of a channel */
    size_t line_bytes;   /* of the positions that a line of outputs needs */
    const uint32_t *filters_end;
};

#if DSP_LOOPS

/* Registers as in planes.h. */
#define STRIP_LOAD "ldrd r7,r8,[r0],#16\n\t"

#define STRIP_BEGIN(a, b, pair, half, side)                                                                            \
    STRIP_LOAD PLANE_FIRST(a, pair, half, side)                                                                        \
    STRIP_LOAD PLANE_FIRST(b, pair, half, side) PLANE_SECOND(a, pair, half, side)
#define STRIP_COLUMN(a, b, c, pair, half, side, output)                                                                \
    STRIP_LOAD PLANE_FIRST(c, pair, half, side) PLANE_SECOND(b, pair, half, side)                                      \
    PLANE_THIRD(a, pair, half, side) output(a)

/* From the end of a line to the next one's beginning at `line`, unless it was the last. r7 holds the end. */
#define STRIP_NEXT(last_end, line)                                                                                     \
    "ldrd r8,r12,[sp,#20]\n\t"                                                                                         \
    "add r0,r0,r8\n\t"                                                                                                 \
    "add r1,r1,r12\n\t"                                                                                                \
    "add r7,r7,#4\n\t"                                                                                                 \
    "str r7,[sp,#16]\n\t"                                                                                              \
    "ldr r8,[sp,#" last_end "]\n\t"                                                                                    \
    "cmp r7,r8\n\t"                                                                                                    \
    "bne.w " line "\n\t"

/* Lines with stride 1: as in planes.h, three outputs a turn, the first turn without `rest` of them. `n` numbers the
 * labels; `begin` is where the stack has the place at which the first turn begins. */
#define STRIP_LINES_1(n, begin, last_end, pair, half, side, output)                                                    \
    "\n"                                                                                                               \
    n "3:\n\t" STRIP_BEGIN("r10", "r11", pair, half, side)                                                             \
    "ldr pc,[sp,#" begin "]\n\t"                                                                                       \
    ".balign 4\n"                                                                                                      \
    n "1:\n\t"                                                                                                         \
    "mov r12,r11\n\t"                                                                                                  \
    "mov r11,r10\n\t"                                                                                                  \
    "b " n "5f\n\t"                                                                                                    \
    ".balign 4\n"                                                                                                      \
    n "2:\n\t"                                                                                                         \
    "mov r12,r10\n\t"                                                                                                  \
    "mov r10,r11\n\t"                                                                                                  \
    "b " n "6f\n\t"                                                                                                    \
    ".balign 4\n"                                                                                                      \
    n "4:\n\t" STRIP_COLUMN("r10", "r11", "r12", pair, half, side, output)                                             \
    "\n"                                                                                                               \
    n "5:\n\t" STRIP_COLUMN("r11", "r12", "r10", pair, half, side, output)                                             \
    "\n"                                                                                                               \
    n "6:\n\t" STRIP_COLUMN("r12", "r10", "r11", pair, half, side, output) PLANE_UNLESS_END(n "4b")                    \
    STRIP_NEXT(last_end, n "3b")

/* Lines with stride 2. */
#define STRIP_LINES_2(output)                                                                                          \
    "\n"                                                                                                               \
    "11:\n\t" STRIP_LOAD PLANE_FIRST("r10", "r7", "r8", "b")                                                           \
    "\n"                                                                                                               \
    "14:\n\t" STRIP_LOAD PLANE_SECOND("r10", "r7", "r8", "b")                                                          \
    STRIP_LOAD PLANE_FIRST("r11", "r7", "r8", "b") PLANE_THIRD("r10", "r7", "r8", "b") output("r10")                   \
    "mov r10,r11\n\t" PLANE_UNLESS_END("14b")                                                                          \
    STRIP_NEXT("28", "11b")

/* The beginning and the end of the present channel's first line, the latter in r7 too. */
#define STRIP_PLANE                                                                                                    \
    "ldrd r0,r1,[sp,#36]\n\t"                                                                                          \
    "ldr r7,[sp,#72]\n\t"                                                                                              \
    "add r7,r7,r0\n\t"                                                                                                 \
    "str r7,[sp,#16]\n\t"

/* r7 points at multiplier, offset and shift, behind `skipped` bytes. */
#define STRIP_SCALE(skipped)                                                                                           \
    "ldr r8,[r7,#" skipped "]\n\t"                                                                                     \
    "ldr r10,[r7,#" skipped "+4]\n\t"                                                                                  \
    "ldr r11,[r7,#" skipped "+8]\n\t"                                                                                  \
    "strd r10,r8,[sp]\n\t"                                                                                             \
    "str r11,[sp,#12]\n\t"
#define STRIP_CHANNEL_1(output)                                                                                        \
    STRIP_SCALE("24")                                                                                                  \
    "str r7,[sp,#32]\n\t" STRIP_PLANE                                                                                  \
    "ldrd r8,r10,[sp,#56]\n\t"                                                                                         \
    "add r8,r8,r7\n\t"                                                                                                 \
    "add r10,r10,r7\n\t"                                                                                               \
    "str r8,[sp,#28]\n\t"                                                                                              \
    "str r10,[sp,#44]\n\t" STRIP_LINES_1("1", "48", "28", "r7", "r8", "b", output)                                     \
    "ldr r7,[sp,#32]\n\t"                                                                                              \
    "ldm r7!,{r2,r3,r4,r5,r6,lr}\n\t"                                                                                  \
    "add r7,r7,#12\n\t"                                                                                                \
    "str r7,[sp,#32]\n\t" STRIP_PLANE                                                                                  \
    "ldr r8,[sp,#64]\n\t"                                                                                              \
    "add r1,r1,r8\n\t"                                                                                                 \
    "ldr r8,[sp,#44]\n\t"                                                                                              \
    "cmp r7,r8\n\t"                                                                                                    \
    "beq.w 28f\n\t" STRIP_LINES_1("2", "52", "44", "r8", "r7", "t", output)                                            \
    "\n"                                                                                                               \
    "28:\n\t"
#define STRIP_CHANNEL_2(output)                                                                                        \
    STRIP_SCALE("0")                                                                                                   \
    "add r7,r7,#12\n\t"                                                                                                \
    "str r7,[sp,#32]\n\t" STRIP_PLANE                                                                                  \
    "ldr r8,[sp,#56]\n\t"                                                                                              \
    "add r8,r8,r7\n\t"                                                                                                 \
    "str r8,[sp,#28]\n\t" STRIP_LINES_2(output)

/* Where first turns begin, from `rest`. */
#define STRIP_BEGINNINGS                                                                                               \
    "ldr r7,[sp,#48]\n\t"                                                                                              \
    "adr.w r2,14f\n\t"                                                                                                 \
    "adr.w r3,24f\n\t"                                                                                                 \
    "cmp r7,#0\n\t"                                                                                                    \
    "beq 5f\n\t"                                                                                                       \
    "adr.w r2,11f\n\t"                                                                                                 \
    "adr.w r3,21f\n\t"                                                                                                 \
    "cmp r7,#1\n\t"                                                                                                    \
    "beq 5f\n\t"                                                                                                       \
    "adr.w r2,12f\n\t"                                                                                                 \
    "adr.w r3,22f\n"                                                                                                   \
    "5:\n\t"                                                                                                           \
    "orr r2,r2,#1\n\t"                                                                                                 \
    "orr r3,r3,#1\n\t"                                                                                                 \
    "strd r2,r3,[sp,#48]\n"
#define STRIP_RUN(run, beginnings, channel)                                                                            \
    __asm__ volatile("push {r4,r5,r6,r7,r8,r10,r11,lr}\n\t"                                                            \
                     "mov r0,%[strip]\n\t"                                                                             \
                     "sub sp,sp,#80\n\t"                                                                               \
                     "mov r12,sp\n\t"                                                                                  \
                     "ldm r0!,{r1,r2,r3,r4,r5,r6,r7,r8,r10,r11}\n\t"                                                   \
                     "stm r12!,{r1,r2,r3,r4,r5,r6,r7,r8,r10,r11}\n\t"                                                  \
                     "ldm r0,{r1,r2,r3,r4,r5,r6,r7,r8,r10,r11}\n\t"                                                    \
                     "stm r12,{r1,r2,r3,r4,r5,r6,r7,r8,r10,r11}\n\t" beginnings                                        \
                     "1:\n\t"                                                                                          \
                     "ldr r7,[sp,#32]\n\t"                                                                             \
                     "ldm r7!,{r2,r3,r4,r5,r6,lr}\n\t" channel                                                         \
                     "ldrd r0,r1,[sp,#36]\n\t"                                                                         \
                     "ldr r7,[sp,#68]\n\t"                                                                             \
                     "add r0,r0,r7\n\t"                                                                                \
                     "add r1,r1,#1\n\t"                                                                                \
                     "strd r0,r1,[sp,#36]\n\t"                                                                         \
                     "ldr r7,[sp,#32]\n\t"                                                                             \
                     "ldr r8,[sp,#76]\n\t"                                                                             \
                     "cmp r7,r8\n\t"                                                                                   \
                     "bne.w 1b\n\t"                                                                                    \
                     "add sp,sp,#80\n\t"                                                                               \
                     "pop {r4,r5,r6,r7,r8,r10,r11,lr}"                                                                 \
                     :                                                                                                 \
                     : [strip] "r"(run)                                                                                \
                     : "r0", "r1", "r2", "r3", "r12", "cc", "memory")

NEVER_INLINE void strip_run_1_signed(const struct strip_run *run)
{
    STRIP_RUN(run, STRIP_BEGINNINGS, STRIP_CHANNEL_1(PLANE_SIGNED));
}

NEVER_INLINE void strip_run_1_unsigned(const struct strip_run *run)
{
    STRIP_RUN(run, STRIP_BEGINNINGS, STRIP_CHANNEL_1(PLANE_UNSIGNED));
}

NEVER_INLINE void strip_run_1_fitted(const struct strip_run *run)
{
    STRIP_RUN(run, STRIP_BEGINNINGS, STRIP_CHANNEL_1(PLANE_FITTED));
}

NEVER_INLINE void strip_run_2_signed(const struct strip_run *run)
{
    STRIP_RUN(run, "", STRIP_CHANNEL_2(PLANE_SIGNED));
}

NEVER_INLINE void strip_run_2_unsigned(const struct strip_run *run)
{
    STRIP_RUN(run, "", STRIP_CHANNEL_2(PLANE_UNSIGNED));
}

NEVER_INLINE void strip_run_2_fitted(const struct strip_run *run)
{
    STRIP_RUN(run, "", STRIP_CHANNEL_2(PLANE_FITTED));
}

#else

/* Lines of one channel's outputs, from a line of the plane on; `is_second` as in plane_column(). */
static inline void strip_lines(const struct strip_run *run, const uint32_t *plane, const uint32_t *filter,
                               bool is_second, size_t stride, int8_t *out, plane_output *output)
{
    const struct plane_run scale = {
        run->offset, run->multiplier, 0, run->shift, NULL, NULL, 0, 0, 0, NULL, NULL, 0,
    };
    const size_t step = stride * STRIP_PAIRS, count = run->line_bytes / sizeof *plane;

    for (size_t bytes = is_second ? run->second_bytes : run->first_bytes; bytes > 0; bytes -= 4, plane++) {
        for (size_t word = 0; word + 2 * STRIP_PAIRS < count; word += step, out += run->pixel_step) {
            int32_t sum = (int32_t)filter[5];

            for (size_t column = 0; column < 3; column++) {
                sum = plane_column(plane + word + column * STRIP_PAIRS, filter, column, is_second, sum);
            }
            *out = output(&scale, sum);
        }
        out += (ptrdiff_t)run->out_back;
    }
}

ALWAYS_INLINE void strip_run_portable(const struct strip_run *given, size_t stride, plane_output *output)
{
    struct strip_run run = *given;

    while (run.filters != run.filters_end) {
        const uint32_t *const filters = run.filters, *const scale = filters + PLANE_FILTER_WORDS * (3 - stride);

        run.multiplier = (int32_t)scale[0];
        run.offset = (int32_t)scale[1];
        run.shift = (int32_t)scale[2];
        strip_lines(&run, run.plane, filters, false, stride, run.out, output);
        strip_lines(&run, run.plane, filters + PLANE_FILTER_WORDS, true, stride, run.out + run.second_out, output);
        run.plane += run.plane_bytes / sizeof *run.plane;
        run.out++;
        run.filters = scale + 3;
    }
}

NEVER_INLINE void strip_run_1_signed(const struct strip_run *run)
{
    strip_run_portable(run, 1, plane_signed);
}

NEVER_INLINE void strip_run_1_unsigned(const struct strip_run *run)
{
    strip_run_portable(run, 1, plane_unsigned);
}

NEVER_INLINE void strip_run_1_fitted(const struct strip_run *run)
{
    strip_run_portable(run, 1, plane_fitted);
}

NEVER_INLINE void strip_run_2_signed(const struct strip_run *run)
{
    strip_run_portable(run, 2, plane_signed);
}

NEVER_INLINE void strip_run_2_unsigned(const struct strip_run *run)
{
    strip_run_portable(run, 2, plane_unsigned);
}

NEVER_INLINE void strip_run_2_fitted(const struct strip_run *run)
{
    strip_run_portable(run, 2, plane_fitted);
}

#endif

/* What strip_fill() takes; the assembly knows the order of the fields. */
struct strip_fill {
    uint32_t *words;
    const uint32_t *end; /* a multiple of eight words behind, at least one */
    uint32_t word;
};

#if DSP_LOOPS

NEVER_INLINE void strip_fill(const struct strip_fill *fill)
{
    __asm__ volatile("push {r4,r5,r6,r7}\n\t"
                     "mov r12,%[fill]\n\t"
                     "ldm r12,{r0,r1,r2}\n\t"
                     "mov r3,r2\n\t"
                     "mov r4,r2\n\t"
                     "mov r5,r2\n"
                     "1:\n\t"
                     "stmia r0!,{r2,r3,r4,r5}\n\t"
                     "stmia r0!,{r2,r3,r4,r5}\n\t"
                     "cmp r0,r1\n\t"
                     "bne 1b\n\t"
                     "pop {r4,r5,r6,r7}"
                     :
                     : [fill] "r"(fill)
                     : "r0", "r1", "r2", "r3", "r12", "cc", "memory");
}

#else

NEVER_INLINE void strip_fill(const struct strip_fill *fill)
{
    for (uint32_t *word = fill->words; word != fill->end; word++) {
        *word = fill->word;
    }
}

#endif

#endif
