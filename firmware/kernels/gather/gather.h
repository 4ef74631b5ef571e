/* SPDX-License-Identifier: MIT */
/* Picks runs of bytes by tables: repeated or mirrored rows and columns, elements by index. */
#ifndef KERNELS_GATHER_H
#define KERNELS_GATHER_H

#include "../common/port.h"

struct gather {
    size_t blocks, block_step; /* the tables serve for each block of the input */
    size_t rows, columns, run;
    const int32_t *row_starts, *column_starts; /* in bytes */
    uint8_t in_is_in_flash;
};

/* out: for each block, row and column the `run` bytes that begin at their sum. */
static inline void gather(const struct gather *layer, const void *in, void *out)
{
    struct gather p;
    flash_copy(&p, layer, sizeof p);
    const uint8_t *block = (const uint8_t *)in;
    uint8_t *to = (uint8_t *)out;
    for (; p.blocks > 0; p.blocks--, block += p.block_step) {
        for (size_t row = 0; row < p.rows; row++) {
            const uint8_t *start = block + flash_read_s32(p.row_starts + row);
            for (size_t column = 0; column < p.columns; column++, to += p.run) {
                const uint8_t *from = start + flash_read_s32(p.column_starts + column);
                if (p.in_is_in_flash) {
                    flash_copy(to, from, p.run);
                } else {
                    memcpy(to, from, p.run);
                }
            }
        }
    }
}

#endif
