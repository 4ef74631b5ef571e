/* SPDX-License-Identifier: MIT */
/* Copies a box of up to 5 dimensions: transposed, reversed, repeated, every other element ... */
#ifndef KERNELS_COPY_ND_H
#define KERNELS_COPY_ND_H

#include "../common/port.h"

/* The outermost loop first; steps are in bytes. Loops that are not needed count to 1. */
struct copy_nd {
    size_t count[5];
    ptrdiff_t in_step[5], out_step[5];
    size_t run; /* bytes that follow each other in both */
    uint8_t in_is_in_flash;
};

/* The innermost loop; single bytes and words are worth a loop of their own. */
static inline void copy_nd_line(const struct copy_nd *p, const uint8_t *in, uint8_t *out)
{
    const ptrdiff_t in_step = p->in_step[4], out_step = p->out_step[4];
    size_t count = p->count[4];
    if (p->in_is_in_flash) {
        for (; count > 0; count--, in += in_step, out += out_step) {
            flash_copy(out, in, p->run);
        }
    } else if (p->run == 1) {
        for (; count > 0; count--, in += in_step, out += out_step) {
            *out = *in;
        }
    } else if (p->run == 4) {
        for (; count > 0; count--, in += in_step, out += out_step) {
            memcpy(out, in, 4);
        }
    } else {
        for (; count > 0; count--, in += in_step, out += out_step) {
            memcpy(out, in, p->run);
        }
    }
}

static inline void copy_nd(const struct copy_nd *layer, const void *in, void *out)
{
    struct copy_nd p;
    flash_copy(&p, layer, sizeof p);
    const uint8_t *in_0 = (const uint8_t *)in;
    uint8_t *out_0 = (uint8_t *)out;
    for (size_t a = p.count[0]; a > 0; a--, in_0 += p.in_step[0], out_0 += p.out_step[0]) {
        const uint8_t *in_1 = in_0;
        uint8_t *out_1 = out_0;
        for (size_t b = p.count[1]; b > 0; b--, in_1 += p.in_step[1], out_1 += p.out_step[1]) {
            const uint8_t *in_2 = in_1;
            uint8_t *out_2 = out_1;
            for (size_t c = p.count[2]; c > 0; c--, in_2 += p.in_step[2], out_2 += p.out_step[2]) {
                const uint8_t *in_3 = in_2;
                uint8_t *out_3 = out_2;
                for (size_t d = p.count[3]; d > 0; d--, in_3 += p.in_step[3], out_3 += p.out_step[3]) {
                    copy_nd_line(&p, in_3, out_3);
                }
            }
        }
    }
}

#endif
