// SPDX-License-Identifier: MIT
// What model_runner.cpp must know of the model 'linear'. Generated for the model of SHA-256
// fdeab9acf3710362bd2658cdc9a29e8f9c757fcf9811603a8c447cd1d9151108.
#ifndef LINEAR_MODEL_CONFIG_H
#define LINEAR_MODEL_CONFIG_H

#include "model_data.h"
#include "model_io.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"

namespace linear_model {

constexpr char kName[] = "linear";
constexpr char kSummary[] = "y = 2x - 1 from six points: one neuron, gradient descent";
constexpr char kLibrary[] = "Arduino core for ESP32 3.3.9";

// The arena is the memory in which TFLM keeps its tensors and its notes on them.
//   2000 bytes are the least that this model ran in with TFLM on a computer, found by bisection. Pointers take
//   8 bytes there: a chip, where they take 4, needs less.
//   1024 bytes are margin, for other releases of the library.
// The firmware prints how much it really uses at start: you may lower this number to that plus a little.
constexpr int kArenaBytes = 3024;

// Exactly the operations of this model, so that the linker leaves all others out.
using Resolver = tflite::MicroMutableOpResolver<1>;
inline bool AddOperations(Resolver& resolver) {
  if (resolver.AddFullyConnected() != kTfLiteOk) return false;
  return true;
}

struct Tensor {
  const char* name;
  int size;
  float scale;
  int zero_point;
  int decimals;  // as many as one int8 step deserves
  int8_t (*quantize)(float);
  float (*dequantize)(int8_t);
};

const Tensor kInputTensors[] = {
    {LINEAR_INPUT_NAME, LINEAR_INPUT_SIZE, LINEAR_INPUT_SCALE, LINEAR_INPUT_ZERO_POINT,
     3, linear_quantize_input, linear_dequantize_input},
};
const Tensor kOutputTensors[] = {
    {LINEAR_OUTPUT_NAME, LINEAR_OUTPUT_SIZE, LINEAR_OUTPUT_SCALE, LINEAR_OUTPUT_ZERO_POINT,
     2, linear_quantize_output, linear_dequantize_output},
};
constexpr int kInputTensorCount = 1;
constexpr int kOutputTensorCount = 1;

// The range of each input that the model was made for; numbers beyond it are reported, and saturate where int8 ends.
struct Range {
  const char* name;
  float low;
  float high;
  float example;
};
const Range kRanges[] = {
    {"x", -10.0f, 10.0f, 5.0f},
};

// Names of the output values; an empty name is printed as its position.
const char* const kOutputNames[] = {"y"};
inline const char* OutputName(int position) { return kOutputNames[position]; }

}  // namespace linear_model

#endif
