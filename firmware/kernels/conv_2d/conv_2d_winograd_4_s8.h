/* SPDX-License-Identifier: MIT */
/* Convolution on int8 by filters of 3x3 with stride 1, in tiles of 4x4 outputs (winograd.h).
 *
 *     B' =  4  0 -5  0  1  0     G =  6  0  0     A' =  1  4  4  1  1  0     (scaled by 24)
 *           0 -4 -4  1  1  0         -1 -1 -1           0  2 -2  1 -1  0     (12)
 *           0  4 -4 -1  1  0         -1  1 -1           0  1  1  1  1  0     (6)
 *           0 -2 -1  2  1  0          1  2  4           0  1 -1  2 -2  1     (6)
 *           0  2 -1 -2  1  0          1 -2  4
 *           0  4  0 -5  0  1          0  0  6
 *
 * V lies between -50 * 255 and 68 * 255, |U| is at most 49 * 128. */
#ifndef KERNELS_CONV_2D_WINOGRAD_4_S8_H
#define KERNELS_CONV_2D_WINOGRAD_4_S8_H

#include "../common/winograd_tiles.h"

#define WINOGRAD_4_SIZE 4
#define WINOGRAD_4_LIFT 12800u

/* The inverse of 9 modulo 2^32, times 2^2: 256 / (9 * 2^6). */
#define WINOGRAD_4_FACTOR 0xe38e38e4u

#if DSP_LOOPS

/* Registers: r0 the tile's row, r1 pixel_bytes, lr where the row's words go in the spare memory, 36 words of inputs 0
 * and 2, then 36 of 1 and 3. `half` selects a pair of inputs from a word, and `lift` is empty or WINOGRAD_4_LIFTED. */
#define WINOGRAD_4_LIFTED(d) "add " d "," d ",#12800\n\t"
#define WINOGRAD_4_PLAIN(d)
/* From pixels 1, 3 and 5 in `d1`, `d3` and `d5`: v5, and in `b` and in `d1` what is left of them. */
#define WINOGRAD_4_ODD(half, lift, d1, d3, d5, b, place)                                                               \
    "uxtb16 " d1 ",r2" half "\n\t"                                                                                     \
    "uxtb16 " d3 ",r3" half "\n\t"                                                                                     \
    "uxtb16 " d5 ",r4" half "\n\t" lift(d5)                                                                            \
    "sub " b "," d3 "," d1 ",lsl #2\n\t"                                                                               \
    "sub " d1 "," d3 "," d1 "\n\t"                                                                                     \
    "sub " d5 "," d5 "," d3 "\n\t"                                                                                     \
    "sub " d5 "," d5 "," d1 ",lsl #2\n\t"                                                                              \
    "str " d5 ",[lr,#120+" place "]\n\t"
/* From pixels 0, 2 and 4 in r2 to r4: v0 in `d2` (to be stored last), v1 to v4. */
#define WINOGRAD_4_EVEN(half, lift, d2, d4, b, e, place)                                                               \
    "uxtb16 " d2 ",r3" half "\n\t"                                                                                     \
    "uxtb16 " d4 ",r4" half "\n\t" lift(d4)                                                                            \
    "sub r12," d4 "," d2 ",lsl #2\n\t"                                                                                 \
    "sub " d4 "," d4 "," d2 "\n\t"                                                                                     \
    "sub " d2 ",r12," d2 "\n\t"                                                                                        \
    "add " b ",r12," b "\n\t"                                                                                          \
    "rsb r12," b ",r12,lsl #1\n\t"                                                                                     \
    "str " b ",[lr,#24+" place "]\n\t"                                                                                 \
    "str r12,[lr,#48+" place "]\n\t"                                                                                   \
    "uxtb16 " b ",r2" half "\n\t"                                                                                      \
    "add " d2 "," d2 "," b ",lsl #2\n\t"                                                                               \
    "add r12," d4 "," e ",lsl #1\n\t"                                                                                  \
    "sub " d4 "," d4 "," e ",lsl #1\n\t"                                                                               \
    "str r12,[lr,#72+" place "]\n\t"                                                                                   \
    "str " d4 ",[lr,#96+" place "]\n\t"
#define WINOGRAD_4_INPUT_ROW(lift)                                                                                     \
    "add r12,r0,r1\n\t"                                                                                                \
    "ldr r2,[r12]\n\t"                                                                                                 \
    "ldr r3,[r12,r1,lsl #1]\n\t"                                                                                       \
    "ldr r4,[r12,r1,lsl #2]\n\t"                                                                                       \
    WINOGRAD_4_ODD("", lift, "r5", "r7", "r8", "r10", "0")                                                             \
    WINOGRAD_4_ODD(",ror #8", lift, "r6", "r7", "r8", "r11", "144")                                                    \
    "ldr r2,[r0]\n\t"                                                                                                  \
    "ldr r3,[r0,r1,lsl #1]\n\t"                                                                                        \
    "ldr r4,[r0,r1,lsl #2]\n\t"                                                                                        \
    WINOGRAD_4_EVEN("", lift, "r7", "r8", "r10", "r5", "0")                                                            \
    WINOGRAD_4_EVEN(",ror #8", lift, "r3", "r4", "r11", "r6", "144")                                                   \
    "str r3,[lr,#144]\n\t"                                                                                             \
    "str r7,[lr],#4\n\t"                                                                                               \
    "ldr r2,[sp,#4]\n\t"                                                                                               \
    "add r0,r0,r2\n\t"
/* r0 six words, r1 where the first goes, r8 the bytes to the next, r12 three times as many. */
#define WINOGRAD_4_INPUT_COLUMN                                                                                        \
    "ldmia.w r0!,{r2,r3,r4,r5,r6,r7}\n\t"                                                                              \
    "sub r10,r6,r4,lsl #2\n\t"                                                                                         \
    "sub r6,r6,r4\n\t"                                                                                                 \
    "sub r11,r5,r3,lsl #2\n\t"                                                                                         \
    "sub r3,r5,r3\n\t"                                                                                                 \
    "sub r7,r7,r5\n\t"                                                                                                 \
    "sub r7,r7,r3,lsl #2\n\t"                                                                                          \
    "sub r4,r10,r4\n\t"                                                                                                \
    "add r4,r4,r2,lsl #2\n\t"                                                                                          \
    "add r2,r10,r11\n\t"                                                                                               \
    "sub r10,r10,r11\n\t"                                                                                              \
    "add r11,r6,r3,lsl #1\n\t"                                                                                         \
    "sub r6,r6,r3,lsl #1\n\t"                                                                                          \
    "add lr,r1,r12\n\t"                                                                                                \
    "str r4,[r1]\n\t"                                                                                                  \
    "str r2,[r1,r8]\n\t"                                                                                               \
    "str r10,[r1,r8,lsl #1]\n\t"                                                                                       \
    "str r11,[lr]\n\t"                                                                                                 \
    "str r6,[lr,r8]\n\t"                                                                                               \
    "str r7,[lr,r8,lsl #1]\n\t"                                                                                        \
    "add r1,lr,r12\n\t"
/* No branch here or in the other function: see winograd_multiply(). */
NEVER_INLINE void winograd_4_transform_inputs(const struct winograd_tile *tile)
{
    __asm__ volatile("push {r4,r5,r6,r7,r8,r10,r11,lr}\n\t"
                     "mov r12,%[tile]\n\t"
                     "ldm r12,{r0,r1,r2,r3,r4,r5}\n\t"
                     "mov lr,r2\n\t"
                     "push {r2,r3,r4,r5}\n\t"
                     ".rept 4\n\t" WINOGRAD_4_INPUT_ROW(WINOGRAD_4_PLAIN) ".endr\n\t"
                     ".rept 2\n\t" WINOGRAD_4_INPUT_ROW(WINOGRAD_4_LIFTED) ".endr\n\t"
                     "ldr r0,[sp]\n\t"
                     "ldrd r1,r8,[sp,#8]\n\t"
                     "add r12,r8,r8,lsl #1\n\t"
                     ".rept 6\n\t" WINOGRAD_4_INPUT_COLUMN ".endr\n\t"
                     "ldr r1,[sp,#8]\n\t"
                     "add r1,r1,#8\n\t"
                     ".rept 6\n\t" WINOGRAD_4_INPUT_COLUMN ".endr\n\t"
                     "add sp,sp,#16\n\t"
                     "pop {r4,r5,r6,r7,r8,r10,r11,lr}"
                     :
                     : [tile] "r"(tile)
                     : "r0", "r1", "r2", "r3", "r12", "cc", "memory");
}

/* A' of r2 to r7: outputs 0, 2, 1 and 3 in r2, r5, r6 and r7. */
#define WINOGRAD_4_OUTPUTS                                                                                             \
    "add r3,r3,r4\n\t"                                                                                                 \
    "sub r4,r3,r4,lsl #1\n\t"                                                                                          \
    "add r5,r5,r6\n\t"                                                                                                 \
    "sub r6,r5,r6,lsl #1\n\t"                                                                                          \
    "add r2,r2,r5\n\t"                                                                                                 \
    "add r2,r2,r3,lsl #2\n\t"                                                                                          \
    "add r5,r3,r5\n\t"                                                                                                 \
    "add r7,r7,r4\n\t"                                                                                                 \
    "add r7,r7,r6,lsl #1\n\t"                                                                                          \
    "add r6,r6,r4,lsl #1\n\t"
/* requantize_saturated(), with multiplier, offset and shift in r10, r11 and r12. */
#define WINOGRAD_4_SIGNED(sum)                                                                                         \
    "asr r3," sum ",#31\n\t"                                                                                           \
    "smmla " sum "," sum ",r10,r11\n\t"                                                                                \
    "add " sum "," sum ",r3,lsl #7\n\t"                                                                                \
    "asr " sum "," sum ",r12\n\t"                                                                                      \
    "ssat " sum ",#8," sum "\n\t"
#define WINOGRAD_4_UNSIGNED(sum)                                                                                       \
    "smmla " sum "," sum ",r10,r11\n\t"                                                                                \
    "asr " sum "," sum ",r12\n\t"                                                                                      \
    "ssat " sum ",#8," sum "\n\t"
/* Four outputs from the words at `place` in each column: r0 out, r1 columns, r8 bias, lr the factor of the first. */
#define WINOGRAD_4_OUTPUT_ROW(place, requantize)                                                                       \
    "ldr r2,[r1,#" place "]\n\t"                                                                                       \
    "ldr r3,[r1,#24+" place "]\n\t"                                                                                    \
    "ldr r4,[r1,#48+" place "]\n\t"                                                                                    \
    "ldr r5,[r1,#72+" place "]\n\t"                                                                                    \
    "ldr r6,[r1,#96+" place "]\n\t"                                                                                    \
    "ldr r7,[r1,#120+" place "]\n\t"                                                                                   \
    WINOGRAD_4_OUTPUTS                                                                                                 \
    "mla r2,r2,lr,r8\n\t"                                                                                              \
    "lsl r3,lr,#1\n\t"                                                                                                 \
    "mla r6,r6,r3,r8\n\t"                                                                                              \
    "lsl r3,lr,#2\n\t"                                                                                                 \
    "mla r5,r5,r3,r8\n\t"                                                                                              \
    "mla r7,r7,r3,r8\n\t"                                                                                              \
    requantize("r2") requantize("r6") requantize("r5") requantize("r7")                                                \
    "ldrd r3,r4,[sp,#4]\n\t"                                                                                           \
    "strb r2,[r0]\n\t"                                                                                                 \
    "strb r6,[r0,r3]\n\t"                                                                                              \
    "strb r5,[r0,r3,lsl #1]\n\t"                                                                                       \
    "add r3,r3,r3,lsl #1\n\t"                                                                                          \
    "strb r7,[r0,r3]\n\t"                                                                                              \
    "add r0,r0,r4\n\t"
#define WINOGRAD_4_SUMS(outputs, requantize)                                                                           \
    __asm__ volatile("push {r4,r5,r6,r7,r8,r10,r11,lr}\n\t"                                                            \
                     "mov r0,%[tile]\n\t"                                                                              \
                     "ldm r0,{r1,r2,r3,r4,r5}\n\t"                                                                     \
                     "push {r2,r3,r4,r5}\n\t"                                                                          \
                     ".rept 6\n\t"                                                                                     \
                     "ldmia.w r1!,{r2,r3,r4,r5,r6,r7}\n\t" WINOGRAD_4_OUTPUTS                                          \
                     "stmdb r1,{r2,r5,r6,r7}\n\t"                                                                      \
                     ".endr\n\t"                                                                                       \
                     "sub r1,r1,#144\n\t"                                                                              \
                     "ldr r2,[sp,#12]\n\t"                                                                             \
                     "ldm r2,{r8,r10,r11,r12}\n\t"                                                                     \
                     "ldr r0,[sp]\n\t"                                                                                 \
                     "movw lr,#0x38e4\n\t" /* WINOGRAD_4_FACTOR */                                                     \
                     "movt lr,#0xe38e\n\t" WINOGRAD_4_OUTPUT_ROW("8", requantize)                                      \
                     "lsl lr,lr,#1\n\t" WINOGRAD_4_OUTPUT_ROW("16", requantize)                                        \
                     "lsl lr,lr,#1\n\t" WINOGRAD_4_OUTPUT_ROW("12", requantize)                                        \
                     WINOGRAD_4_OUTPUT_ROW("20", requantize)                                                           \
                     "add sp,sp,#16\n\t"                                                                               \
                     "pop {r4,r5,r6,r7,r8,r10,r11,lr}"                                                                 \
                     :                                                                                                 \
                     : [tile] "r"(outputs)                                                                             \
                     : "r0", "r1", "r2", "r3", "r12", "cc", "memory")

NEVER_INLINE void winograd_4_transform_signed(const struct winograd_outputs *outputs)
{
    WINOGRAD_4_SUMS(outputs, WINOGRAD_4_SIGNED);
}

NEVER_INLINE void winograd_4_transform_unsigned(const struct winograd_outputs *outputs)
{
    WINOGRAD_4_SUMS(outputs, WINOGRAD_4_UNSIGNED);
}

#else

/* B' d. */
static inline void winograd_4_inputs(const uint32_t d[6], uint32_t *v, size_t step)
{
    const uint32_t a = d[4] - (d[2] << 2), b = d[3] - (d[1] << 2), c = d[4] - d[2], e = (d[3] - d[1]) << 1;

    v[0] = a + (d[0] << 2) - d[2];
    v[step] = a + b;
    v[2 * step] = a - b;
    v[3 * step] = c + e;
    v[4 * step] = c - e;
    v[5 * step] = d[5] - (e << 1) - d[3];
}

/* A' m. */
static inline void winograd_4_outputs(const uint32_t *m, uint32_t *y, size_t step)
{
    const uint32_t a = m[1] + m[2], b = m[1] - m[2], c = m[3] + m[4], d = m[3] - m[4];

    y[0] = m[0] + c + (a << 2);
    y[step] = d + (b << 1);
    y[2 * step] = a + c;
    y[3 * step] = m[5] + b + (d << 1);
}

NEVER_INLINE void winograd_4_transform_inputs(const struct winograd_tile *p)
{
    uint32_t *const even = p->spare, *const odd = even + 36, *inputs = p->inputs;
    const size_t step = p->step / sizeof *inputs;
    const uint32_t *row = p->tile;

    for (size_t y = 0; y < 6; y++, row += p->row_bytes / sizeof *row) {
        const uint32_t *from = row;
        uint32_t d[6], e[6];

        for (size_t x = 0; x < 6; x++, from += p->pixel_bytes / sizeof *from) {
            d[x] = even_unsigned(*from);
            e[x] = odd_unsigned(*from);
        }
        if (y >= 4) { /* inputs 4 and 5: each row of B' has one of them, times 1 */
            d[4] += WINOGRAD_4_LIFT;
            d[5] += WINOGRAD_4_LIFT;
            e[4] += WINOGRAD_4_LIFT;
            e[5] += WINOGRAD_4_LIFT;
        }
        winograd_4_inputs(d, &even[y], 6);
        winograd_4_inputs(e, &odd[y], 6);
    }
    for (size_t x = 0; x < 36; x += 6, inputs += 6 * step) {
        winograd_4_inputs(&even[x], inputs, step);
        winograd_4_inputs(&odd[x], inputs + 2, step);
    }
}

ALWAYS_INLINE void winograd_4_transform_sums(const struct winograd_outputs *outputs, bool is_signed)
{
    const uint32_t bias = outputs->scale[0];
    const int32_t multiplier = (int32_t)outputs->scale[1], offset = (int32_t)outputs->scale[2];
    const int32_t shift = (int32_t)outputs->scale[3];
    const size_t step = outputs->pixel_step;
    int8_t *row = outputs->out;
    uint32_t lines[24], factor = WINOGRAD_4_FACTOR;

    for (size_t x = 0; x < 6; x++) {
        winograd_4_outputs(&outputs->sums[6 * x], &lines[x], 6);
    }
    for (size_t i = 0; i < 4; i++, row += outputs->row_step) {
        const uint32_t factors[4] = {factor, factor << 1, factor << 2, factor << 2};
        int8_t *to = row;
        uint32_t y[4];

        winograd_4_outputs(&lines[6 * i], y, 1);
        for (size_t x = 0; x < 4; x++, to += step) {
            *to = requantize_saturated((int32_t)(y[x] * factors[x] + bias), multiplier, offset, shift, is_signed);
        }
        factor <<= i < 2;
    }
}

NEVER_INLINE void winograd_4_transform_signed(const struct winograd_outputs *outputs)
{
    winograd_4_transform_sums(outputs, true);
}

NEVER_INLINE void winograd_4_transform_unsigned(const struct winograd_outputs *outputs)
{
    winograd_4_transform_sums(outputs, false);
}

#endif

/* `strip` is memory for six rows, `inputs` for 36 positions of two tiles in all chunks, and two words, `sums` for 144
 * words, or twice as many if there are several chunks. */
static inline void conv_2d_winograd_4_s8(const struct conv_2d_winograd_s8 *layer, const int8_t *in, int8_t *out,
                                         uint32_t *strip, uint32_t *inputs, uint32_t *sums)
{
    conv_2d_winograd(layer, in, out, strip, inputs, sums, WINOGRAD_4_SIZE, winograd_4_transform_inputs,
                     winograd_4_transform_signed);
}

/* For layers whose lowest output is that of a sum of 0. */
static inline void conv_2d_winograd_4_relu_s8(const struct conv_2d_winograd_s8 *layer, const int8_t *in, int8_t *out,
                                              uint32_t *strip, uint32_t *inputs, uint32_t *sums)
{
    conv_2d_winograd(layer, in, out, strip, inputs, sums, WINOGRAD_4_SIZE, winograd_4_transform_inputs,
                     winograd_4_transform_unsigned);
}

#endif
