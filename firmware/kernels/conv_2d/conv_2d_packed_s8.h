/* SPDX-License-Identifier: MIT */
/* Convolution on int8 with two products in one multiply of 32 bits, for processors without a multiply-accumulate.
 *
 * A word holds the weights of two channels as w0 + w1 * 2^16. For two inputs, p = K + x * (w0 + w1 * 2^16) + y * (v0 + v1
 * * 2^16) has K + x*w0 + y*v0 in its low half, which with K = 2^15 is never negative: so p >> 16 is x*w1 + y*v1, exactly.
 * S adds those, T adds p as it is, and in the end T - S * 2^16 is the sum of the low halves, modulo 2^32. The host proves
 * that both halves hold two products of every two weights, and that sums fit 24 bits. */
#ifndef KERNELS_CONV_2D_PACKED_S8_H
#define KERNELS_CONV_2D_PACKED_S8_H

#include "../common/requantize.h"
#include "../common/window.h"

#define PACKED_CHANNELS 4
#define PACKED_START 32768

/* For each block of four channels, `words` hold for each input the weights of channels 0 and 1, and of 2 and 3; after them
 * bias, multiplier, offset and shift of each channel. The last block is filled up with zeros, and so are the inputs, to a
 * multiple of four: what is read there does not matter. The bias takes off what K adds to T. */
struct conv_2d_packed_s8 {
    struct window window;
    size_t batches;
    size_t output_height;
    size_t output_width;
    size_t channels;
    const int32_t *words;
};

#if defined(__ARM_ARCH_6M__)

/* Two inputs. */
#define PACKED_PAIR                                                                                                    \
    "ldmia r0!, {r4, r5, r6, r7}\n\t"                                                                                  \
    "movs  r2, #0\n\t"                                                                                                 \
    "ldrsb r2, [r1, r2]\n\t"                                                                                           \
    "movs  r3, #1\n\t"                                                                                                 \
    "ldrsb r3, [r1, r3]\n\t"                                                                                           \
    "adds  r1, r1, #2\n\t"                                                                                             \
    "muls  r4, r2, r4\n\t"                                                                                             \
    "muls  r5, r2, r5\n\t"                                                                                             \
    "muls  r6, r3, r6\n\t"                                                                                             \
    "muls  r7, r3, r7\n\t"                                                                                             \
    "adds  r4, r4, r6\n\t"                                                                                             \
    "adds  r5, r5, r7\n\t"                                                                                             \
    "add   r4, r4, lr\n\t"                                                                                             \
    "add   r5, r5, lr\n\t"                                                                                             \
    "add   r8, r8, r4\n\t"                                                                                             \
    "add   r10, r10, r5\n\t"                                                                                           \
    "asrs  r4, r4, #16\n\t"                                                                                            \
    "asrs  r5, r5, #16\n\t"                                                                                            \
    "add   r11, r11, r4\n\t"                                                                                           \
    "add   r12, r12, r5\n\t"

/* Four channels of one pixel, which Cortex-M0 has registers for: r0 words, r1 and r2 the inputs' begin and end, r3 sums; T
 * in r8 and r10, S in r11 and r12, K in lr. r7 may be the frame pointer, and r9 is never touched: see common/dsp.h. */
NEVER_INLINE void packed_pixel(const int32_t *words, const int8_t *in, const int8_t *end, int32_t *sums)
{
    register const int32_t *r0 __asm__("r0") = words;
    register const int8_t *r1 __asm__("r1") = in;
    register const int8_t *r2 __asm__("r2") = end;
    register int32_t *r3 __asm__("r3") = sums;

    __asm__ volatile(".syntax unified\n\t"
                     "push  {r2, r3, r7}\n\t"
                     "movs  r4, #0\n\t"
                     "mov   r8, r4\n\t"
                     "mov   r10, r4\n\t"
                     "mov   r11, r4\n\t"
                     "mov   r12, r4\n\t"
                     "movs  r4, #128\n\t"
                     "lsls  r4, r4, #8\n\t"
                     "mov   lr, r4\n"
                     "1:\n\t" PACKED_PAIR PACKED_PAIR "ldr   r2, [sp]\n\t"
                     "cmp   r1, r2\n\t"
                     "bne   1b\n\t"
                     "ldr   r3, [sp, #4]\n\t"
                     "mov   r4, r8\n\t"
                     "mov   r5, r11\n\t"
                     "lsls  r6, r5, #16\n\t"
                     "subs  r4, r4, r6\n\t"
                     "mov   r6, r10\n\t"
                     "mov   r7, r12\n\t"
                     "lsls  r2, r7, #16\n\t"
                     "subs  r6, r6, r2\n\t"
                     "stmia r3!, {r4, r5, r6, r7}\n\t"
                     "pop   {r2, r3, r7}"
                     : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3)
                     :
                     : "r4", "r5", "r6", "r8", "r10", "r11", "r12", "lr", "cc", "memory");
}

/* Four channels of two pixels, from `count` inputs each, a multiple of four: four sums of pixel a, then four of pixel b. */
static inline void packed_pixels(const int32_t *words, const int8_t *a, const int8_t *b, size_t count, int32_t *sums)
{
    packed_pixel(words, a, a + count, sums);
    packed_pixel(words, b, b + count, sums + 4);
}

#else

/* T and S of channels 0 and 1, and of 2 and 3. */
struct packed_pixel {
    uint32_t t[2];
    int32_t s[2];
};

/* Two inputs of one pixel. */
ALWAYS_INLINE void packed_add(struct packed_pixel *pixel, const int32_t *words, int32_t x, int32_t y)
{
    for (size_t half = 0; half < 2; half++) {
        const int32_t p = words[half] * x + words[half + 2] * y + PACKED_START;

        pixel->t[half] += (uint32_t)p;
        pixel->s[half] += p >> 16;
    }
}

static inline void packed_sums(const struct packed_pixel *pixel, int32_t *sums)
{
    for (size_t half = 0; half < 2; half++) {
        *sums++ = (int32_t)(pixel->t[half] - ((uint32_t)pixel->s[half] << 16));
        *sums++ = pixel->s[half];
    }
}

/* Four channels of two pixels, from `count` inputs each, a multiple of four: four sums of pixel a, then four of pixel b. */
NEVER_INLINE void packed_pixels(const int32_t *words, const int8_t *a, const int8_t *b, size_t count, int32_t *sums)
{
    const int8_t *const end = a + count;
    struct packed_pixel pixel_a = {{0, 0}, {0, 0}}, pixel_b = pixel_a;

    for (; a != end; a += 2, b += 2, words += 4) {
        packed_add(&pixel_a, words, a[0], a[1]);
        packed_add(&pixel_b, words, b[0], b[1]);
    }
    packed_sums(&pixel_a, sums);
    packed_sums(&pixel_b, sums + 4);
}

#endif

/* `count` outputs of one pixel; `scales` hold bias, multiplier, offset and shift of each. */
static inline void packed_store(const int32_t *sums, const int32_t *scales, size_t count, bool is_signed, int8_t *out)
{
    for (; count > 0; count--, scales += 4) {
        *out++ = saturate_s8(requantize((*sums++ + scales[0]) * 256, scales[1], scales[2], scales[3], is_signed));
    }
}

/* All channels of two pixels, whose windows are `a` and `b`. */
static inline void packed_channels(const struct conv_2d_packed_s8 *p, const int8_t *a, const int8_t *b, size_t count,
                                   bool is_signed, int8_t *out_a, int8_t *out_b)
{
    const int32_t *words = p->words;
    int32_t sums[2 * PACKED_CHANNELS];

    for (size_t left = p->channels; left > 0;) {
        const size_t block = left < PACKED_CHANNELS ? left : PACKED_CHANNELS;

        packed_pixels(words, a, b, count, sums);
        words += 2 * count;
        packed_store(sums, words, block, is_signed, out_a);
        packed_store(sums + PACKED_CHANNELS, words, block, is_signed, out_b);
        words += 4 * PACKED_CHANNELS;
        out_a += block;
        out_b += block;
        left -= block;
    }
}

/* A window of one pixel inside the image is read where it is, if no inputs have to be filled up. */
ALWAYS_INLINE void conv_2d_packed_run(const struct conv_2d_packed_s8 *p, const int8_t *in, int8_t *out,
                                      int8_t *patches, bool is_signed)
{
    const struct window *const w = &p->window;
    const size_t inputs = w->filter_height * w->filter_width * w->depth, count = (inputs + 3) & ~(size_t)3;
    const size_t pixels = p->output_height * p->output_width;
    int8_t *const patch_b = patches + count;

    for (size_t batch = 0; batch < p->batches; batch++) {
        size_t y = 0, x = 0;

        for (size_t pixel = 0; pixel < pixels; pixel += 2) {
            const size_t ya = y, xa = x;
            const int8_t *a = patches, *b = patch_b;
            int8_t *out_b = out;

            /* The last pixel of an odd number is its own partner. */
            if (pixel + 1 < pixels) {
                x = x + 1 < p->output_width ? x + 1 : 0;
                y += x == 0;
                out_b = out + p->channels;
            }
            if (count == w->depth && window_is_inside(w, ya, xa) && window_is_inside(w, y, x)) {
                a = in + window_offset(w, ya, xa);
                b = in + window_offset(w, y, x);
            } else {
                copy_window_s8(w, in, w->depth, ya, xa, patches);
                copy_window_s8(w, in, w->depth, y, x, patch_b);
            }
            packed_channels(p, a, b, count, is_signed, out, out_b);
            x = x + 1 < p->output_width ? x + 1 : 0;
            y += x == 0;
            out = out_b + p->channels;
        }
        in += w->height * w->width * w->depth;
    }
}

/* `patches` holds the windows of two pixels, each filled up to a multiple of four inputs. */
static inline void conv_2d_packed_s8(const struct conv_2d_packed_s8 *layer, const int8_t *in, int8_t *out,
                                     int8_t *patches)
{
    conv_2d_packed_run(layer, in, out, patches, true);
}

/* For layers whose lowest output is that of a sum of 0. */
static inline void conv_2d_packed_relu_s8(const struct conv_2d_packed_s8 *layer, const int8_t *in, int8_t *out,
                                          int8_t *patches)
{
    conv_2d_packed_run(layer, in, out, patches, false);
}

#endif
