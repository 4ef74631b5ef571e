/* SPDX-License-Identifier: MIT */
/* How real numbers enter and leave the int8 model 'linear': y = 2x - 1 from six points: one neuron, gradient descent
   Generated for the model of SHA-256 fdeab9acf3710362bd2658cdc9a29e8f9c757fcf9811603a8c447cd1d9151108; do not edit.
   For C99 and C++11. An int8 number q stands for the real number scale * (q - zero_point). */
#ifndef LINEAR_MODEL_IO_H
#define LINEAR_MODEL_IO_H

#include <stdint.h>

/* Input 0: shape 1, real numbers from -10.0392 to 9.96078, one step is 0.0784314. */
#define LINEAR_INPUT_NAME "input"
#define LINEAR_INPUT_SIZE 1
#define LINEAR_INPUT_SCALE 0.078431375f
#define LINEAR_INPUT_ZERO_POINT (0)
/* Where each value stands in the tensor. */
enum {
  LINEAR_INPUT_AT_X = 0
};
static inline const char *linear_input_value_name(int position) {
  static const char *const names[] = {"x"};
  return names[position];
}

/* Output 0: shape 1, real numbers from -21.0196 to 18.9804, one step is 0.156863. */
#define LINEAR_OUTPUT_NAME "output"
#define LINEAR_OUTPUT_SIZE 1
#define LINEAR_OUTPUT_SCALE 0.15686275f
#define LINEAR_OUTPUT_ZERO_POINT (6)
/* Where each value stands in the tensor. */
enum {
  LINEAR_OUTPUT_AT_Y = 0
};
static inline const char *linear_output_value_name(int position) {
  static const char *const names[] = {"y"};
  return names[position];
}

#define LINEAR_INPUT_TENSORS 1
#define LINEAR_OUTPUT_TENSORS 1

/*
 * Between real numbers and the stored int8, at a model's edges. For C and C++; both runtimes and the Python side
 * (quantized_model.py) follow this one rule, bit for bit:
 *
 *   stored = real / scale + zero_point, rounded to the nearest step, halves away from zero as in TFLite;
 *   beyond the range, infinities included, the end of the range: -128 or 127;
 *   NaN becomes the zero point, which stands for 0: a sensor that failed must not look like an extreme reading.
 */
#ifndef KERNELS_QUANTIZE_H
#define KERNELS_QUANTIZE_H

#include <stdint.h>
#include <string.h>

/* The 32 bits of a float and no more: not kept wider, fused with the next operation or replaced by a reciprocal,
 * whatever -ffast-math or -ffp-contract allow. */
static inline float rounded_f32(float value)
{
    volatile float kept = value;
    return kept;
}

/* By its bits, because -ffast-math lets a compiler drop value != value. */
static inline int is_nan_f32(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (bits & UINT32_C(0x7FFFFFFF)) > UINT32_C(0x7F800000);
}

static inline int8_t quantize_s8(float real, float scale, int16_t zero_point)
{
    const float steps = rounded_f32(real / rounded_f32(scale));

    if (is_nan_f32(real)) {
        return (int8_t)zero_point;
    }
    if (steps >= (float)(127 - zero_point)) {
        return 127;
    }
    if (steps <= (float)(-128 - zero_point)) {
        return -128;
    }

    /* The remainder is exact; adding 0.5 before truncating would round 0.49999997 up. */
    int16_t whole = (int16_t)steps;
    const float remainder = steps - (float)whole;
    if (remainder >= 0.5f) {
        whole = (int16_t)(whole + 1);
    } else if (remainder <= -0.5f) {
        whole = (int16_t)(whole - 1);
    }
    return (int8_t)(whole + zero_point);
}

static inline float dequantize_s8(int8_t stored, float scale, int16_t zero_point)
{
    return rounded_f32(scale * (float)(stored - zero_point));
}

#endif
static inline int8_t linear_quantize_input(float value) {
  return quantize_s8(value, LINEAR_INPUT_SCALE, LINEAR_INPUT_ZERO_POINT);
}

static inline float linear_dequantize_input(int8_t value) {
  return dequantize_s8(value, LINEAR_INPUT_SCALE, LINEAR_INPUT_ZERO_POINT);
}

static inline int8_t linear_quantize_output(float value) {
  return quantize_s8(value, LINEAR_OUTPUT_SCALE, LINEAR_OUTPUT_ZERO_POINT);
}

static inline float linear_dequantize_output(int8_t value) {
  return dequantize_s8(value, LINEAR_OUTPUT_SCALE, LINEAR_OUTPUT_ZERO_POINT);
}

#endif
