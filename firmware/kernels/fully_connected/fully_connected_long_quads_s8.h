/* SPDX-License-Identifier: MIT */
/* Dense layers on int8 of many inputs: as fully_connected_quads_s8.h, with its layout and structs, but four inputs at a
 * turn, for more code. */
#ifndef KERNELS_FULLY_CONNECTED_LONG_QUADS_S8_H
#define KERNELS_FULLY_CONNECTED_LONG_QUADS_S8_H

#include "fully_connected_quads_s8.h"

static inline void fully_connected_long_quads_s8(const struct fully_connected_quads_s8 *layer, const int8_t *in,
                                                 int8_t *out)
{
    quads_per_tensor(layer, in, out, 4, true);
}

static inline void fully_connected_long_quads_relu_s8(const struct fully_connected_quads_s8 *layer, const int8_t *in,
                                                      int8_t *out)
{
    quads_per_tensor(layer, in, out, 4, false);
}

static inline void fully_connected_long_quads_per_channel_s8(const struct fully_connected_quads_per_channel_s8 *layer,
                                                             const int8_t *in, int8_t *out)
{
    quads_per_channel(layer, in, out, 4, true);
}

static inline void fully_connected_long_quads_relu_per_channel_s8(
    const struct fully_connected_quads_per_channel_s8 *layer, const int8_t *in, int8_t *out)
{
    quads_per_channel(layer, in, out, 4, false);
}

#endif
