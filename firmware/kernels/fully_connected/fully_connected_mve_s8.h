/* SPDX-License-Identifier: MIT */
/* Dense layers on int8 with Helium (common/mve_products.h): each row of inputs is a pixel, each output a channel. */
#ifndef KERNELS_FULLY_CONNECTED_MVE_S8_H
#define KERNELS_FULLY_CONNECTED_MVE_S8_H

#include "../common/mve_products.h"

struct fully_connected_mve_s8 {
    size_t batches;
    size_t inputs;
    struct mve_products products;
};

/* Rows that are no multiple of sixteen inputs are read from a copy, behind which more bytes may be read. */
ALWAYS_INLINE void fully_connected_mve(const struct fully_connected_mve_s8 *p, const int8_t *in, int8_t *out,
                                       int8_t *rows, bool is_signed)
{
    if (rows != NULL) {
        mve_copy_pieces(rows, 0, in, 0, p->batches * p->inputs, 1);
        in = rows;
    }
    mve_pixels(&p->products, in, p->inputs, out, p->products.channels, p->batches, is_signed);
}

static inline void fully_connected_mve_s8(const struct fully_connected_mve_s8 *layer, const int8_t *in, int8_t *out,
                                          int8_t *rows)
{
    fully_connected_mve(layer, in, out, rows, true);
}

/* For outputs that are clamped at what a sum of 0 gives, or above. */
static inline void fully_connected_mve_relu_s8(const struct fully_connected_mve_s8 *layer, const int8_t *in,
                                               int8_t *out, int8_t *rows)
{
    fully_connected_mve(layer, in, out, rows, false);
}

#endif
