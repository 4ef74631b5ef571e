/* SPDX-License-Identifier: MIT */
/* Depthwise convolution on int8 by filters of 3x3 with Helium.
 *
 * Outputs are computed along lines: down the columns of an image, or along its rows. A strip holds for each of eight
 * channels, position by position, the three bytes across the line that a filter sees there, so that the nine bytes under
 * a filter follow one another, and one VMLADAVA sums their products: two outputs from each load, with filters at two
 * places of a vector. A new line takes the place of the oldest: line i of the padded image is byte i % 3 of a position,
 * and filters are turned to match. */
#ifndef KERNELS_DEPTHWISE_CONV_2D_MVE_S8_H
#define KERNELS_DEPTHWISE_CONV_2D_MVE_S8_H

#include <stdbool.h>

#include "../common/fixed_point.h"
#include "../common/mve.h"
#include "../common/mve_axis.h"

#define DEPTHWISE_MVE_CHANNELS 8
#define DEPTHWISE_MVE_TAPS 3
#define DEPTHWISE_MVE_OUTPUTS 4

/* `filters` hold for each channel nine weights, three of each position, and a zero; `scales` its bias, multiplier and
 * shift, which is not above 0, or -1 of signed sums. `pitch` is the bytes of a strip for each channel: those of
 * `positions_used`, and some that are read and multiplied by zero. */
struct depthwise_conv_2d_mve_s8 {
    struct mve_axis lines;
    struct mve_axis positions;
    size_t batches;
    size_t image_bytes;
    size_t output_bytes;
    size_t depth;
    size_t positions_used;
    size_t pitch;
    const int8_t *filters;
    const int32_t *scales;
    int8_t zero_point;
    int8_t output_zero_point;
    int8_t output_min;
    int8_t output_max;
};

#define DEPTHWISE_MVE_WEIGHTS 10
#define DEPTHWISE_MVE_SCALE_WORDS 3

/* Which byte of a filter meets each byte of a window whose first line is byte 0, 1 or 2 of a position; 9 is the zero.
 * Read from 6 on, they are for an output of which the window is the first in a vector; from 6 - step, for the next one. */
#define DEPTHWISE_MVE_FIRST 6
static const uint8_t depthwise_mve_turns[DEPTHWISE_MVE_TAPS][22] = {
    {9, 9, 9, 9, 9, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9, 9, 9, 9},
    {9, 9, 9, 9, 9, 9, 2, 0, 1, 5, 3, 4, 8, 6, 7, 9, 9, 9, 9, 9, 9, 9},
    {9, 9, 9, 9, 9, 9, 1, 2, 0, 4, 5, 3, 7, 8, 6, 9, 9, 9, 9, 9, 9, 9},
};

/* Puts `count` positions of at most eight channels into one byte of the strip's positions. */
static inline void depthwise_mve_spread(const int8_t *in, size_t in_step, size_t count, size_t channels, int8_t *strip,
                                        size_t pitch)
{
#if MVE_INSTRUCTIONS
    const uint16x8_t places = vmulq_n_u16(vidupq_n_u16(0, 1), (uint16_t)pitch);

    if (channels >= DEPTHWISE_MVE_CHANNELS) {
        for (; count > 0; count--, in += in_step, strip += DEPTHWISE_MVE_TAPS) {
            vstrbq_scatter_offset_s16(strip, places, vldrbq_s16(in));
        }
    } else {
        const mve_pred16_t some = vctp16q((uint32_t)channels);

        for (; count > 0; count--, in += in_step, strip += DEPTHWISE_MVE_TAPS) {
            vstrbq_scatter_offset_p_s16(strip, places, vldrbq_z_s16(in, some), some);
        }
    }
#else
    for (; count > 0; count--, in += in_step, strip += DEPTHWISE_MVE_TAPS) {
        for (size_t channel = 0; channel < channels; channel++) {
            strip[channel * pitch] = in[channel];
        }
    }
#endif
}

/* One line of outputs of some channels. The assembly knows the order. */
struct depthwise_mve_line {
    const int8_t *strip; /* of the first channel */
    int8_t *out;
    const int8_t *filter;
    const int32_t *scale;
    size_t channels;
    size_t fours; /* of outputs, and how many more there are */
    size_t out_step; /* of four outputs */
    size_t rest;
    size_t pitch;
    int32_t output_zero_point;
    int32_t output_min;
    int32_t output_max;
    const uint8_t *turned; /* for the first of two outputs from one load, and for the second */
    const uint8_t *turned_on;
};

#if MVE_INSTRUCTIONS

#define DEPTHWISE_MVE_ANY_SIGN ""
#define DEPTHWISE_MVE_STEP_DOWN /* see common/mve_products.h */                                                        \
    "vshr.s32    q7, q2, #31\n\t"                                                                                      \
    "vadd.i32    q2, q2, q7\n\t"

/* The next four outputs in q2; two of them lie `two_steps` bytes apart in the strip. r0 strip, r3 bias, r5 multiplier, r7
 * shift, r11 zero point; filters in q0 and q1. */
#define DEPTHWISE_MVE_FOUR(two_steps, step_down)                                                                       \
    "vldrb.8     q2, [r0], #" two_steps "\n\t"                                                                         \
    "vmladav.s8  r4, q2, q0\n\t"                                                                                       \
    "vmladav.s8  r6, q2, q1\n\t"                                                                                       \
    "vldrb.8     q2, [r0], #" two_steps "\n\t"                                                                         \
    "vmladav.s8  r8, q2, q0\n\t"                                                                                       \
    "vmladav.s8  r10, q2, q1\n\t"                                                                                      \
    "vmov        q2[2], q2[0], r4, r8\n\t"                                                                             \
    "vmov        q2[3], q2[1], r6, r10\n\t"                                                                            \
    "vadd.i32    q2, q2, r3\n\t"                                                                                       \
    "vqrdmulh.s32 q2, q2, r5\n\t" step_down                                                                            \
    "vrshl.s32   q2, r7\n\t"                                                                                           \
    "vadd.i32    q2, q2, r11\n\t"                                                                                      \
    "vmax.s32    q2, q2, q4\n\t"                                                                                       \
    "vmin.s32    q2, q2, q5\n\t"

/* r12 is `line`, q3 the places of four outputs. The predicates stay as they are: see common/mve_products.h. */
#define DEPTHWISE_MVE_LINE(line, two_steps, step_down)                                                                 \
    __asm__ volatile("push        {r4, r5, r6, r7, r8, r10, r11, lr}\n\t"                                              \
                     "mov         r12, %[line]\n\t"                                                                    \
                     "ldrd        r0, r1, [r12, #40]\n\t"                                                              \
                     "vdup.32     q4, r0\n\t"                                                                          \
                     "vdup.32     q5, r1\n\t"                                                                          \
                     "movs        r0, #0\n\t"                                                                          \
                     "vidup.u32   q3, r0, #1\n\t"                                                                      \
                     "ldr         r2, [r12, #24]\n\t"                                                                  \
                     "lsrs        r1, r2, #2\n\t"                                                                      \
                     "vmul.i32    q3, q3, r1\n\t"                                                                      \
                     "ldr         r11, [r12, #36]\n"                                                                   \
                     "1:\n\t" /* the next channel */                                                                   \
                     "ldm.w       r12, {r0, r1, r4, r6}\n\t"                                                           \
                     "ldrd        r8, r10, [r12, #48]\n\t"                                                             \
                     "vldrb.8     q2, [r8]\n\t"                                                                        \
                     "vldrb.u8    q0, [r4, q2]\n\t"                                                                    \
                     "vldrb.8     q2, [r10]\n\t"                                                                       \
                     "vldrb.u8    q1, [r4, q2]\n\t"                                                                    \
                     "ldm.w       r6, {r3, r5, r7}\n\t"                                                                \
                     "ldr         lr, [r12, #20]\n\t"                                                                  \
                     "wls         lr, lr, 3f\n"                                                                        \
                     "2:\n\t" DEPTHWISE_MVE_FOUR(two_steps, step_down)                                                 \
                     "vstrb.32    q2, [r1, q3]\n\t"                                                                    \
                     "add         r1, r1, r2\n\t"                                                                      \
                     "le          lr, 2b\n"                                                                            \
                     "3:\n\t"                                                                                          \
                     "ldr         lr, [r12, #28]\n\t"                                                                  \
                     "cmp         lr, #0\n\t"                                                                          \
                     "beq         4f\n\t" DEPTHWISE_MVE_FOUR(two_steps, step_down)                                     \
                     "lsrs        r5, r2, #2\n\t"                                                                      \
                     "vmov.32     r4, q2[0]\n\t"                                                                       \
                     "strb        r4, [r1]\n\t"                                                                        \
                     "subs.w      lr, lr, #1\n\t"                                                                      \
                     "beq         4f\n\t"                                                                              \
                     "vmov.32     r4, q2[1]\n\t"                                                                       \
                     "add         r1, r1, r5\n\t"                                                                      \
                     "strb        r4, [r1]\n\t"                                                                        \
                     "subs.w      lr, lr, #1\n\t"                                                                      \
                     "beq         4f\n\t"                                                                              \
                     "vmov.32     r4, q2[2]\n\t"                                                                       \
                     "strb        r4, [r1, r5]\n"                                                                      \
                     "4:\n\t"                                                                                          \
                     "ldm.w       r12, {r0, r1, r4, r6, r8}\n\t"                                                       \
                     "ldr         lr, [r12, #32]\n\t"                                                                  \
                     "add         r0, r0, lr\n\t"                                                                      \
                     "adds        r1, r1, #1\n\t"                                                                      \
                     "adds        r4, r4, #10\n\t"                                                                     \
                     "adds        r6, r6, #12\n\t"                                                                     \
                     "subs.w      r8, r8, #1\n\t"                                                                      \
                     "stm.w       r12, {r0, r1, r4, r6, r8}\n\t"                                                       \
                     "bne         1b\n\t"                                                                              \
                     "pop         {r4, r5, r6, r7, r8, r10, r11, lr}\n\t"                                              \
                     :                                                                                                 \
                     : [line] "r"(line)                                                                                \
                     : "r0", "r1", "r2", "r3", "r12", "q0", "q1", "q2", "q3", "q4", "q5", "q7", "cc", "memory")

NEVER_INLINE void depthwise_mve_line(struct depthwise_mve_line *line)
{
    DEPTHWISE_MVE_LINE(line, "6", DEPTHWISE_MVE_ANY_SIGN);
}

NEVER_INLINE void depthwise_mve_signed_line(struct depthwise_mve_line *line)
{
    DEPTHWISE_MVE_LINE(line, "6", DEPTHWISE_MVE_STEP_DOWN);
}

NEVER_INLINE void depthwise_mve_line_2(struct depthwise_mve_line *line)
{
    DEPTHWISE_MVE_LINE(line, "12", DEPTHWISE_MVE_ANY_SIGN);
}

NEVER_INLINE void depthwise_mve_signed_line_2(struct depthwise_mve_line *line)
{
    DEPTHWISE_MVE_LINE(line, "12", DEPTHWISE_MVE_STEP_DOWN);
}

#else

/* Both outputs of a load, as the assembly computes them. */
static inline int8_t depthwise_mve_output(const struct depthwise_mve_line *line, const int8_t *strip,
                                          const uint8_t *turned)
{
    int32_t sum = line->scale[0];

    for (size_t i = 0; i < MVE_BYTES; i++) {
        sum += strip[i] * line->filter[turned[i]];
    }
    sum = multiply_by_quantized_multiplier(sum, line->scale[1], (int_fast8_t)line->scale[2]);
    return clamp_s8(sum + line->output_zero_point, (int8_t)line->output_min, (int8_t)line->output_max);
}

static inline void depthwise_mve_any_line(struct depthwise_mve_line *line, size_t two_steps)
{
    const size_t outputs = line->fours * DEPTHWISE_MVE_OUTPUTS + line->rest;

    for (; line->channels > 0; line->channels--, line->strip += line->pitch, line->out++) {
        for (size_t i = 0; i < outputs; i++) {
            line->out[i * (line->out_step / DEPTHWISE_MVE_OUTPUTS)] = depthwise_mve_output(
                line, line->strip + i / 2 * two_steps, i % 2 == 0 ? line->turned : line->turned_on);
        }
        line->filter += DEPTHWISE_MVE_WEIGHTS;
        line->scale += DEPTHWISE_MVE_SCALE_WORDS;
    }
}

NEVER_INLINE void depthwise_mve_line(struct depthwise_mve_line *line)
{
    depthwise_mve_any_line(line, 6);
}

NEVER_INLINE void depthwise_mve_signed_line(struct depthwise_mve_line *line)
{
    depthwise_mve_any_line(line, 6);
}

NEVER_INLINE void depthwise_mve_line_2(struct depthwise_mve_line *line)
{
    depthwise_mve_any_line(line, 12);
}

NEVER_INLINE void depthwise_mve_signed_line_2(struct depthwise_mve_line *line)
{
    depthwise_mve_any_line(line, 12);
}

#endif

/* One image, channels from `first` on, at most eight. */
ALWAYS_INLINE void depthwise_mve_channels(const struct depthwise_conv_2d_mve_s8 *p, const int8_t *in, int8_t *out,
                                          size_t first, int8_t *strip, size_t stride, bool is_signed)
{
    const size_t left = p->depth - first, lines_end = p->lines.before + p->lines.size;
    const size_t channels = left < DEPTHWISE_MVE_CHANNELS ? left : DEPTHWISE_MVE_CHANNELS;
    const struct mve_taps along = mve_taps(&p->positions, 0, p->positions_used);
    int8_t *const inside = strip + along.before * DEPTHWISE_MVE_TAPS;
    void (*const compute)(struct depthwise_mve_line *) =
        stride == 1 ? (is_signed ? depthwise_mve_signed_line : depthwise_mve_line)
                    : (is_signed ? depthwise_mve_signed_line_2 : depthwise_mve_line_2);
    int8_t padding[DEPTHWISE_MVE_CHANNELS];
    size_t next = 0;

    memset(padding, p->zero_point, sizeof padding);
    mve_fill(strip, p->zero_point, DEPTHWISE_MVE_CHANNELS * p->pitch);
    for (size_t line = 0; line < p->lines.outputs; line++, out += p->lines.output_step) {
        const size_t turn = line * stride % DEPTHWISE_MVE_TAPS;
        struct depthwise_mve_line run = {
            strip,
            out + first,
            p->filters + first * DEPTHWISE_MVE_WEIGHTS,
            p->scales + first * DEPTHWISE_MVE_SCALE_WORDS,
            channels,
            p->positions.outputs / DEPTHWISE_MVE_OUTPUTS,
            p->positions.output_step * DEPTHWISE_MVE_OUTPUTS,
            p->positions.outputs % DEPTHWISE_MVE_OUTPUTS,
            p->pitch,
            p->output_zero_point,
            p->output_min,
            p->output_max,
            depthwise_mve_turns[turn] + DEPTHWISE_MVE_FIRST,
            depthwise_mve_turns[turn] + DEPTHWISE_MVE_FIRST - stride * DEPTHWISE_MVE_TAPS,
        };

        for (; next < line * stride + DEPTHWISE_MVE_TAPS; next++) {
            int8_t *const bytes = inside + next % DEPTHWISE_MVE_TAPS;

            if (next >= p->lines.before && next < lines_end) {
                depthwise_mve_spread(in + first + (next - p->lines.before) * p->lines.step, p->positions.step,
                                     along.inside, channels, bytes, p->pitch);
            } else {
                depthwise_mve_spread(padding, 0, along.inside, channels, bytes, p->pitch);
            }
        }
        compute(&run);
    }
}

ALWAYS_INLINE void depthwise_conv_2d_mve(const struct depthwise_conv_2d_mve_s8 *p, const int8_t *in, int8_t *out,
                                         int8_t *strip, size_t stride, bool is_signed)
{
    for (size_t batch = p->batches; batch > 0; batch--, in += p->image_bytes, out += p->output_bytes) {
        for (size_t first = 0; first < p->depth; first += DEPTHWISE_MVE_CHANNELS) {
            depthwise_mve_channels(p, in, out, first, strip, stride, is_signed);
        }
    }
}

static inline void depthwise_conv_2d_mve_s8(const struct depthwise_conv_2d_mve_s8 *layer, const int8_t *in,
                                            int8_t *out, int8_t *strip)
{
    depthwise_conv_2d_mve(layer, in, out, strip, 1, true);
}

static inline void depthwise_conv_2d_mve_stride_2_s8(const struct depthwise_conv_2d_mve_s8 *layer, const int8_t *in,
                                                     int8_t *out, int8_t *strip)
{
    depthwise_conv_2d_mve(layer, in, out, strip, 2, true);
}

/* For outputs that are clamped at what a sum of 0 gives, or above. */
static inline void depthwise_conv_2d_mve_relu_s8(const struct depthwise_conv_2d_mve_s8 *layer, const int8_t *in,
                                                 int8_t *out, int8_t *strip)
{
    depthwise_conv_2d_mve(layer, in, out, strip, 1, false);
}

static inline void depthwise_conv_2d_mve_stride_2_relu_s8(const struct depthwise_conv_2d_mve_s8 *layer,
                                                          const int8_t *in, int8_t *out, int8_t *strip)
{
    depthwise_conv_2d_mve(layer, in, out, strip, 2, false);
}

#endif
