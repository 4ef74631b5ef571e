/* Dense layers on int8 with one or two inputs: both products of an output in one dual multiply.
 *
 * `rows` has two words for each output: its weights times 256 in 16-bit lanes, and where 256 times its sum begins.
 * Scaled so by the host, the sum is what requantize() takes. */
#ifndef KERNELS_FULLY_CONNECTED_NARROW_S8_H
#define KERNELS_FULLY_CONNECTED_NARROW_S8_H

#include "../common/dsp.h"

/* One scale for the whole layer. */
struct fully_connected_narrow_s8 {
    size_t inputs;
    size_t outputs;
    const int32_t *rows;
    int32_t multiplier;
    int32_t offset;
    int32_t shift;
};

/* `scales`: multiplier, offset and shift of each output. */
struct fully_connected_narrow_per_channel_s8 {
    size_t inputs;
    size_t outputs;
    const int32_t *rows;
    const int32_t *scales;
};

/* The assembly knows the order of the fields. */
struct narrow_rows {
    const int32_t *rows;
    const int32_t *scales; /* three words for each output, or once for all */
    int8_t *out;
    const int8_t *end;
    uint32_t lanes;
};

#if DSP_LOOPS

#define NARROW_SCALE "ldm r1, {r5, r6, r7}\n\t"
#define NARROW_NEXT_SCALE "ldmia r1!, {r5, r6, r7}\n\t"
#define NARROW_SIGNED "asr r8, r4, #31\n\tadd r8, r6, r8, lsl #7\n\tsmmla r4, r4, r5, r8\n\t"
#define NARROW_UNSIGNED "smmla r4, r4, r5, r6\n\t"
#define NARROW_ROWS(run, first_scale, next_scale, scaled)                                                              \
    __asm__ volatile("mov   r0, %[narrow]\n\t"                                                                        \
                     "push  {r4, r5, r6, r7, r8, lr}\n\t"                                                             \
                     "ldm   r0, {r0, r1, r2, r3, r12}\n\t" first_scale "1:\n\t"                                      \
                     "ldmia.w r0!, {r4, r8}\n\t"                                                                      \
                     "smlad r4, r4, r12, r8\n\t" next_scale scaled "asr   r4, r4, r7\n\t"                            \
                     "ssat  r4, #8, r4\n\t"                                                                           \
                     "strb  r4, [r2], #1\n\t"                                                                         \
                     "cmp   r2, r3\n\t"                                                                               \
                     "bne   1b\n\t"                                                                                   \
                     "pop   {r4, r5, r6, r7, r8, lr}"                                                                  \
                     :                                                                                                 \
                     : [narrow] "r"(run)                                                                               \
                     : "r0", "r1", "r2", "r3", "r12", "cc", "memory")

ALWAYS_INLINE void narrow_rows(struct narrow_rows *run, const struct scale_source *scale, bool is_signed)
{
    const int32_t words[SCALE_WORDS] = {scale->multiplier, scale->offset, scale->shift};

    run->scales = scale->per_channel ? scale->next : words;
    if (scale->per_channel && is_signed) {
        NARROW_ROWS(run, "", NARROW_NEXT_SCALE, NARROW_SIGNED);
    } else if (scale->per_channel) {
        NARROW_ROWS(run, "", NARROW_NEXT_SCALE, NARROW_UNSIGNED);
    } else if (is_signed) {
        NARROW_ROWS(run, NARROW_SCALE, "", NARROW_SIGNED);
    } else {
        NARROW_ROWS(run, NARROW_SCALE, "", NARROW_UNSIGNED);
    }
}

#else

ALWAYS_INLINE void narrow_rows(struct narrow_rows *run, struct scale_source *scale, bool is_signed)
{
    for (; run->out != run->end; run->rows += 2) {
        const int32_t sum = dual_multiply_add((uint32_t)run->rows[0], run->lanes, run->rows[1]);
        *run->out++ = requantize_output(sum, scale, is_signed);
    }
}

#endif

ALWAYS_INLINE void narrow_run(const int32_t *rows, struct scale_source scale, const int8_t *in, size_t inputs,
                              int8_t *out, size_t outputs, bool is_signed)
{
    const uint32_t lanes = (uint32_t)(uint16_t)in[0] | (inputs > 1 ? (uint32_t)(uint16_t)in[1] << 16 : 0u);

    if (outputs == 1) { /* a constant: all of it folds into a few instructions */
        const int32_t sum = dual_multiply_add((uint32_t)rows[0], lanes, rows[1]);
        *out = requantize_output(sum, &scale, is_signed);
    } else {
        struct narrow_rows run = {rows, NULL, out, out + outputs, lanes};
        narrow_rows(&run, &scale, is_signed);
    }
}

ALWAYS_INLINE void narrow_per_tensor(const struct fully_connected_narrow_s8 *p, const int8_t *in, int8_t *out,
                                     bool is_signed)
{
    const struct scale_source scale = {p->multiplier, p->offset, p->shift, NULL, false};

    narrow_run(p->rows, scale, in, p->inputs, out, p->outputs, is_signed);
}

ALWAYS_INLINE void narrow_per_channel(const struct fully_connected_narrow_per_channel_s8 *p, const int8_t *in,
                                      int8_t *out, bool is_signed)
{
    const struct scale_source scale = {0, 0, 0, p->scales, true};

    narrow_run(p->rows, scale, in, p->inputs, out, p->outputs, is_signed);
}

static inline void fully_connected_narrow_s8(const struct fully_connected_narrow_s8 *layer, const int8_t *in,
                                             int8_t *out)
{
    narrow_per_tensor(layer, in, out, true);
}

/* For layers whose lowest output is that of a sum of 0. */
static inline void fully_connected_narrow_relu_s8(const struct fully_connected_narrow_s8 *layer, const int8_t *in,
                                                  int8_t *out)
{
    narrow_per_tensor(layer, in, out, false);
}

static inline void fully_connected_narrow_per_channel_s8(const struct fully_connected_narrow_per_channel_s8 *layer,
                                                         const int8_t *in, int8_t *out)
{
    narrow_per_channel(layer, in, out, true);
}

static inline void fully_connected_narrow_relu_per_channel_s8(
    const struct fully_connected_narrow_per_channel_s8 *layer, const int8_t *in, int8_t *out)
{
    narrow_per_channel(layer, in, out, false);
}

#endif
