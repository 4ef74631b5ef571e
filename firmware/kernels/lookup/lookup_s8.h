/* SPDX-License-Identifier: MIT */
/* A function of one int8 as a table of its 256 answers. */
#ifndef KERNELS_LOOKUP_S8_H
#define KERNELS_LOOKUP_S8_H

#include "../common/port.h"

/* `table` lies in FLASH and begins with the answer for -128. `in` and `out` may be the same. */
static inline void lookup_s8(const int8_t *table, const int8_t *in, int8_t *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = flash_read_s8(&table[128 + in[i]]);
    }
}

#endif
