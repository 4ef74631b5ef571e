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

/* Returns where the copy ends. */
static inline int8_t *mve_copy(int8_t *to, const int8_t *from, size_t count)
{
#if MVE_INSTRUCTIONS
    const size_t rest = count % MVE_BYTES;

    for (size_t i = count / MVE_BYTES; i > 0; i--, to += MVE_BYTES, from += MVE_BYTES) {
        vstrbq_s8(to, vldrbq_s8(from));
    }
    if (rest > 0) {
        const mve_pred16_t some = vctp8q((uint32_t)rest);

        vstrbq_p_s8(to, vldrbq_z_s8(from, some), some);
    }
    return to + rest;
#else
    memcpy(to, from, count);
    return to + count;
#endif
}

/* Returns where the filled bytes end. */
static inline int8_t *mve_fill(int8_t *to, int8_t value, size_t count)
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
    return to + rest;
#else
    memset(to, value, count);
    return to + count;
#endif
}

#endif
