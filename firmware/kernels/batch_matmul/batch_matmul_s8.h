/* SPDX-License-Identifier: MIT */
/* Products of int8 matrices, both of which may be computed: out[i][j] = scale * sum over k of left[i][k] * right[k][j].
 *
 * Matrices are stored as they are, plain or transposed; `left_row` and the like are the steps between rows and columns.
 * Leading axes that only one side has are repeated for the other, by a step of 0. */
#ifndef KERNELS_BATCH_MATMUL_S8_H
#define KERNELS_BATCH_MATMUL_S8_H

#include "../common/fixed_point.h"
#include "../common/port.h"

/* One leading axis: its size, and the steps from one matrix to the next. */
struct batch_axis {
    size_t size;
    size_t left;
    size_t right;
};

struct batch_matmul_s8 {
    struct batch_axis outer;
    struct batch_axis middle;
    struct batch_axis inner;
    size_t rows;
    size_t columns;
    size_t depth;
    size_t left_row;
    size_t left_column;
    size_t right_row;
    size_t right_column;
    int32_t multiplier;
    int8_t shift;
    int8_t left_zero_point;
    int8_t right_zero_point;
    int8_t output_zero_point;
};

/* One pair of matrices; returns where the next result begins. */
static inline int8_t *batch_matmul_one(const struct batch_matmul_s8 *p, const int8_t *left, const int8_t *right,
                                       int8_t *out)
{
    for (size_t i = 0; i < p->rows; i++) {
        for (size_t j = 0; j < p->columns; j++) {
            const int8_t *a = left + i * p->left_row, *b = right + j * p->right_column;
            int32_t sum = 0;

            for (size_t k = p->depth; k > 0; k--, a += p->left_column, b += p->right_row) {
                sum += (int32_t)(*a - p->left_zero_point) * (*b - p->right_zero_point);
            }
            const int32_t scaled = multiply_by_quantized_multiplier(sum, p->multiplier, p->shift);
            *out++ = clamp_s8(scaled + p->output_zero_point, INT8_MIN, INT8_MAX);
        }
    }
    return out;
}

static inline void batch_matmul_s8(const struct batch_matmul_s8 *layer, const int8_t *left, const int8_t *right,
                                   int8_t *out)
{
    struct batch_matmul_s8 p;
    flash_copy(&p, layer, sizeof p);

    for (size_t i = 0; i < p.outer.size; i++) {
        for (size_t j = 0; j < p.middle.size; j++) {
            for (size_t k = 0; k < p.inner.size; k++) {
                out = batch_matmul_one(&p, left + i * p.outer.left + j * p.middle.left + k * p.inner.left,
                                       right + i * p.outer.right + j * p.middle.right + k * p.inner.right, out);
            }
        }
    }
}

#endif
