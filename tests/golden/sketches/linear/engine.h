// SPDX-License-Identifier: MIT
// What stands behind model_runner.h: TFLM around the model 'linear'.
#ifndef LINEAR_ENGINE_H
#define LINEAR_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#include "text.h"

namespace linear_model {

constexpr int kMostShownValues = 16;

namespace engine {

// Builds the interpreter. Like all that return bool here: where false, the reason was printed and is kept.
bool build();

// Runs all stored vectors; from the first that differs on, the model is not used.
bool self_test();

// One inference: of a stored vector, of int8 values (kInputs of them), or of real numbers.
bool invoke_vector(int vector);
bool invoke_stored(const int8_t* values);
bool invoke_numbers(const float* inputs);

// The int8 output at a position that counts through all output tensors.
int8_t output_at(int position);

// Compares the outputs with those of a stored vector, and prints where they differ.
bool check_vector(int vector);

// Keeps and prints the reason why the model cannot be used from now on; always false.
bool fail(const Text& reason);
bool ready();
const char* problem();
void repeat_problem();
uint32_t microseconds_since_problem();

size_t arena_used_bytes();
uint32_t last_microseconds();

}  // namespace engine
}  // namespace linear_model

#endif
