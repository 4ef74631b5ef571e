/* SPDX-License-Identifier: MIT */
/* Helium, the vector extension of Cortex-M55 and M85: whether the compiler may use it, and copies of bytes.
 *
 * Each function has the same in C, for compilers without it (such as for -mfloat-abi=soft) and for other machines. Loads
 * and stores of bytes may begin at any address; words are aligned. Tails are predicated: what lies behind an array is
 * neither read nor written. */
#ifndef KERNELS_MVE_H
#define KERNELS_MVE_H

#include "port.h"

#if defined(__ARM_FEATURE_MVE)
#define MVE_INSTRUCTIONS 1
#include <arm_mve.h>
#else
#define MVE_INSTRUCTIONS 0
#endif

#define MVE_BYTES 16

/* Copies `count` pieces of `bytes` each, which lie `from_step` and `to_step` apart. */
static inline void mve_copy_pieces(int8_t *to, size_t to_step, const int8_t *from, size_t from_step, size_t bytes,
                                   size_t count)
{
#if MVE_INSTRUCTIONS
    /* A vector of each piece, then the next one of each: loops of one kind, however short the pieces are. */
    for (; bytes >= MVE_BYTES; bytes -= MVE_BYTES, to += MVE_BYTES, from += MVE_BYTES) {
        const int8_t *in = from;
        int8_t *out = to;

        for (size_t i = count; i > 0; i--, in += from_step, out += to_step) {
            vstrbq_s8(out, vldrbq_s8(in));
        }
    }
    if (bytes > 0) {
        const mve_pred16_t rest = vctp8q((uint32_t)bytes);

        for (; count > 0; count--, from += from_step, to += to_step) {
            vstrbq_p_s8(to, vldrbq_z_s8(from, rest), rest);
        }
    }
#else
    for (; count > 0; count--, from += from_step, to += to_step) {
        memcpy(to, from, bytes);
    }
#endif
}

static inline void mve_fill(int8_t *to, int8_t value, size_t count)
{
#if MVE_INSTRUCTIONS
    const int8x16_t values = vdupq_n_s8(value);
    const size_t rest = count % MVE_BYTES;

    for (size_t i = count / MVE_BYTES; i > 0; i--, to += MVE_BYTES) {
        vstrbq_s8(to, values);
    }
    if (rest > 0) {
        vstrbq_p_s8(to, values, vctp8q((uint32_t)rest));
    }
#else
    memset(to, value, count);
#endif
}

#endif
