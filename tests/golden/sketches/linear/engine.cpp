// SPDX-License-Identifier: MIT
// TFLM around the model 'linear': set-up with every check that can fail, inference, self-test.
#include "engine.h"

#include <string.h>

#include "golden.h"
#include "model_config.h"
#include "model_runner.h"
#include "platform.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/schema/schema_generated.h"
#include "text.h"

namespace linear_model {
namespace engine {
namespace {

// With less, the library crashes instead of saying so.
static_assert(kArenaBytes >= 512, "raise kArenaBytes in model_config.h to 512 at least");
alignas(16) uint8_t g_arena[kArenaBytes];
tflite::MicroInterpreter* g_interpreter = nullptr;
bool g_ready = false;
Text g_problem;
uint32_t g_problem_printed_us = 0;
uint32_t g_last_us = 0;

bool check_tensor(const TfLiteTensor* tensor, const Tensor& expected, const char* kind) {
  if (tensor == nullptr) {
    return fail(Text().add(kind).add(" '").add(expected.name).add("' is missing in the library's tensors."));
  }
  if (tensor->type != kTfLiteInt8 || tensor->bytes != static_cast<size_t>(expected.size)) {
    return fail(Text().add(kind).add(" '").add(expected.name).add("': expected int8 in ")
                    .add(expected.size).add(" bytes, found type ")
                    .add(tensor->type).add(" in ")
                    .add(tensor->bytes)
                    .add(" bytes. Take all files of this folder from one run of the generator."));
  }
  if (tensor->params.zero_point != expected.zero_point || tensor->params.scale != expected.scale) {
    return fail(Text().add(kind).add(" '").add(expected.name)
                    .add("': model_io.h and model_data.h are of two different models. Take all files from one run."));
  }
  return true;
}

bool invoke() {
  const uint32_t start = platform::microseconds();
  if (g_interpreter->Invoke() != kTfLiteOk) {
    return fail(Text().add("the library's Invoke() failed. Reset the board; if it stays, install ").add(kLibrary)
                    .add("."));
  }
  g_last_us = platform::microseconds() - start;
  return true;
}

void add_difference(Text& line, int vector, int first, int last) {
  line.add("expected [");
  for (int i = first; i < last; ++i) {
    line.add(i > first ? ", " : "").add(kGoldenOutputs[vector][i]);
  }
  line.add("] got [");
  for (int i = first; i < last; ++i) {
    line.add(i > first ? ", " : "").add(output_at(i));
  }
  line.add("]");
}

}  // namespace

bool fail(const Text& reason) {
  g_ready = false;
  g_problem = reason;
  repeat_problem();
  return false;
}

bool ready() { return g_ready; }

const char* problem() { return g_problem.text(); }

void repeat_problem() {
  Text().add("ERROR ").add(kName).add(": ").add(g_problem.text()).print_line();
  g_problem_printed_us = platform::microseconds();
}

uint32_t microseconds_since_problem() { return platform::microseconds() - g_problem_printed_us; }

bool build() {
  const tflite::Model* model = tflite::GetModel(linear_model_data);
  if (model->version() != TFLITE_SCHEMA_VERSION) {
    return fail(Text().add("the model has schema version ").add(model->version())
                    .add(", the library reads version ").add(TFLITE_SCHEMA_VERSION)
                    .add(". Install ").add(kLibrary).add("."));
  }
  static Resolver resolver;
  if (!AddOperations(resolver)) {
    return fail(Text().add("the library lacks an operation of this model. Install ").add(kLibrary).add("."));
  }
  static tflite::MicroInterpreter interpreter(model, resolver, g_arena, kArenaBytes);
  if (interpreter.AllocateTensors() != kTfLiteOk) {
    return fail(Text().add("no room for the tensors in an arena of ").add(kArenaBytes)
                    .add(" bytes. Raise kArenaBytes in model_config.h; if that does not help, the library has no int8")
                    .add(" form of an operation."));
  }
  if (interpreter.inputs_size() != kInputTensorCount || interpreter.outputs_size() != kOutputTensorCount) {
    return fail(Text().add("the model has another number of inputs or outputs than model_io.h. Take all files from")
                    .add(" one run of the generator."));
  }
  for (int i = 0; i < kInputTensorCount; ++i) {
    if (!check_tensor(interpreter.input(i), kInputTensors[i], "input")) return false;
  }
  for (int i = 0; i < kOutputTensorCount; ++i) {
    if (!check_tensor(interpreter.output(i), kOutputTensors[i], "output")) return false;
  }
  g_interpreter = &interpreter;
  return true;
}

bool invoke_vector(int vector) { return invoke_stored(kGoldenInputs[vector]); }

bool invoke_stored(const int8_t* values) {
  if (g_interpreter == nullptr) return false;
  for (int i = 0; i < kInputTensorCount; ++i) {
    memcpy(g_interpreter->input(i)->data.int8, values, kInputTensors[i].size);
    values += kInputTensors[i].size;
  }
  return invoke();
}

int8_t output_at(int position) {
  int tensor = 0;
  while (position >= kOutputTensors[tensor].size) {
    position -= kOutputTensors[tensor++].size;
  }
  return g_interpreter->output(tensor)->data.int8[position];
}

bool check_vector(int vector) {
  int differences = 0;
  int first = 0;
  for (int i = kOutputs - 1; i >= 0; --i) {
    if (output_at(i) != kGoldenOutputs[vector][i]) {
      ++differences;
      first = i;
    }
  }
  if (differences == 0) return true;
  Text line;
  line.add("SELFTEST FAIL vector ").add(vector).add(": ");
  if (kOutputs <= kMostShownValues) {
    add_difference(line, vector, 0, kOutputs);
  } else {
    line.add("output ").add(first).add(" ");
    add_difference(line, vector, first, first + 1);
    line.add(", ").add(differences).add(" of ").add(kOutputs)
        .add(" outputs differ");
  }
  line.print_line();
  return false;
}

bool self_test() {
  int passed = 0;
  int first_failed = -1;
  for (int vector = 0; vector < kGoldenCount; ++vector) {
    if (!invoke_vector(vector)) return false;
    if (check_vector(vector)) {
      ++passed;
    } else if (first_failed < 0) {
      first_failed = vector;
    }
  }
  if (passed < kGoldenCount) {
    return fail(Text().add("SELFTEST FAIL: ").add(kGoldenCount - passed).add(" of ")
                    .add(kGoldenCount)
                    .add(" vectors differ from TFLM on a computer, first vector ").add(first_failed)
                    .add("; the model is not used. The sketch was made for ").add(kLibrary)
                    .add(": check which release is installed."));
  }
  Text().add("SELFTEST PASS ").add(passed).add("/").add(kGoldenCount)
      .print_line();
  g_ready = true;
  return true;
}

bool invoke_numbers(const float* inputs) {
  for (int tensor = 0; tensor < kInputTensorCount; ++tensor) {
    int8_t* values = g_interpreter->input(tensor)->data.int8;
    for (int i = 0; i < kInputTensors[tensor].size; ++i) {
      values[i] = kInputTensors[tensor].quantize(*inputs++);
    }
  }
  return invoke();
}

size_t arena_used_bytes() { return g_interpreter->arena_used_bytes(); }

uint32_t last_microseconds() { return g_last_us; }

}  // namespace engine
}  // namespace linear_model
