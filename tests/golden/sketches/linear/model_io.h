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

/* The nearest of the 256 steps: halves are rounded away from zero, as TFLite does; beyond the ends, the end.
   NaN becomes the zero point, which stands for 0. */
static inline int8_t linear_quantize(float value, float scale, int32_t zero_point) {
  const float steps = value / scale;
  int32_t whole;
  float rest;
  if (steps != steps) {
    return (int8_t)zero_point;
  }
  if (steps >= (float)(127 - zero_point)) {
    return 127;
  }
  if (steps <= (float)(-128 - zero_point)) {
    return -128;
  }
  whole = (int32_t)steps;
  rest = steps - (float)whole; /* exact, unlike steps + 0.5f */
  if (rest >= 0.5f) {
    whole += 1;
  } else if (rest <= -0.5f) {
    whole -= 1;
  }
  return (int8_t)(whole + zero_point);
}

static inline float linear_dequantize(int8_t value, float scale, int32_t zero_point) {
  return scale * (float)((int32_t)value - zero_point);
}

static inline int8_t linear_quantize_input(float value) {
  return linear_quantize(value, LINEAR_INPUT_SCALE, LINEAR_INPUT_ZERO_POINT);
}

static inline float linear_dequantize_input(int8_t value) {
  return linear_dequantize(value, LINEAR_INPUT_SCALE, LINEAR_INPUT_ZERO_POINT);
}

static inline int8_t linear_quantize_output(float value) {
  return linear_quantize(value, LINEAR_OUTPUT_SCALE, LINEAR_OUTPUT_ZERO_POINT);
}

static inline float linear_dequantize_output(int8_t value) {
  return linear_dequantize(value, LINEAR_OUTPUT_SCALE, LINEAR_OUTPUT_ZERO_POINT);
}

#endif
