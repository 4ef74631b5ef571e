/* SPDX-License-Identifier: MIT */
/* Transposed convolution on int8, a scale for each output channel.
 *
 * Each output gathers from the inputs that reach it: input row i reaches output row y through filter row
 * y + top - i * stride. How many do depends on the place, and so the input's zero point is taken off here. */
#ifndef KERNELS_TRANSPOSE_CONV_S8_H
#define KERNELS_TRANSPOSE_CONV_S8_H

#include "../common/fixed_point.h"
#include "../common/port.h"

/* The arrays lie in FLASH; `weights` are (output_depth, filter_height, filter_width, input_depth). `top` and `left`
 * count the rows and columns that are cut off before the output. `scale_step` is 1, or 0 if all channels share
 * multiplier and shift. */
struct transpose_conv_s8 {
    size_t batches;
    size_t input_height;
    size_t input_width;
    size_t input_depth;
    size_t output_height;
    size_t output_width;
    size_t output_depth;
    size_t filter_height;
    size_t filter_width;
    size_t stride_height;
    size_t stride_width;
    size_t top;
    size_t left;
    const int8_t *weights;
    const int32_t *bias;
    const int32_t *multipliers;
    const int8_t *shifts;
    size_t scale_step;
    int8_t input_zero_point;
    int8_t output_zero_point;
    int8_t output_min;
    int8_t output_max;
};

/* The inputs that reach one output along one axis: filter taps `first`, first + stride ... below `end`, and the input
 * that the first one multiplies; later taps multiply earlier inputs. */
struct transpose_conv_reach {
    size_t first;
    size_t end;
    size_t input;
};

static inline struct transpose_conv_reach transpose_conv_reach(size_t place, size_t inputs, size_t filter,
                                                               size_t stride)
{
    /* Input i reaches `place` through tap place - i * stride, if the filter has it. */
    const size_t last = place / stride, most = last < inputs ? last : inputs - 1;
    const struct transpose_conv_reach reach = {place - most * stride, place + 1 < filter ? place + 1 : filter, most};

    return reach;
}

/* The products of one output channel with all inputs that reach an output, without the bias. */
static inline int32_t transpose_conv_sum(const struct transpose_conv_s8 *p, struct transpose_conv_reach rows,
                                         struct transpose_conv_reach columns, const int8_t *in, const int8_t *weights)
{
    int32_t sum = 0;

    for (; rows.first < rows.end; rows.first += p->stride_height, rows.input--) {
        size_t column = columns.input;

        for (size_t tap = columns.first; tap < columns.end; tap += p->stride_width, column--) {
            const int8_t *const pixel = in + (rows.input * p->input_width + column) * p->input_depth;
            const int8_t *const weight = weights + (rows.first * p->filter_width + tap) * p->input_depth;

            for (size_t i = 0; i < p->input_depth; i++) {
                sum += (int32_t)flash_read_s8(&weight[i]) * (pixel[i] - p->input_zero_point);
            }
        }
    }
    return sum;
}

static inline void transpose_conv_s8(const struct transpose_conv_s8 *layer, const int8_t *in, int8_t *out)
{
    struct transpose_conv_s8 p;
    flash_copy(&p, layer, sizeof p);

    const size_t filter_size = p.filter_height * p.filter_width * p.input_depth;

    for (size_t batch = 0; batch < p.batches; batch++, in += p.input_height * p.input_width * p.input_depth) {
        for (size_t y = 0; y < p.output_height; y++) {
            const struct transpose_conv_reach rows =
                transpose_conv_reach(y + p.top, p.input_height, p.filter_height, p.stride_height);

            for (size_t x = 0; x < p.output_width; x++) {
                const struct transpose_conv_reach columns =
                    transpose_conv_reach(x + p.left, p.input_width, p.filter_width, p.stride_width);

                for (size_t channel = 0; channel < p.output_depth; channel++) {
                    const int32_t sum = transpose_conv_sum(&p, rows, columns, in, p.weights + channel * filter_size);
                    const int32_t scaled = multiply_by_quantized_multiplier(
                        flash_read_s32(&p.bias[channel]) + sum, flash_read_s32(&p.multipliers[channel * p.scale_step]),
                        flash_read_s8(&p.shifts[channel * p.scale_step]));
                    *out++ = clamp_s8(scaled + p.output_zero_point, p.output_min, p.output_max);
                }
            }
        }
    }
}

#endif
