// SPDX-License-Identifier: MIT
// The model 'linear' as four calls. Real numbers in, real numbers out; several tensors stand one after another.
#ifndef LINEAR_MODEL_RUNNER_H
#define LINEAR_MODEL_RUNNER_H

#include <stdint.h>

#include "model_io.h"

namespace linear_model {

constexpr int kInputs = 1;    // numbers that go in
constexpr int kOutputs = 1;  // numbers that come out

// Call once, in setup(): opens the serial port, builds the interpreter, runs the self-test, prints a greeting.
// False where the model cannot be used; the reason is printed, and again every few seconds.
bool begin();

// Call often, in loop(): answers what is typed on the serial monitor. Returns at once where nothing was.
void serve_serial();

// One inference. False, and `outputs` untouched, where the model cannot be used.
bool run(const float inputs[kInputs], float outputs[kOutputs]);

// What outputs[position] is called.
const char* output_name(int position);

// Whether run() will work, and if not, why not.
bool ready();
const char* problem();

// How long the last inference took.
uint32_t last_microseconds();

}  // namespace linear_model

#endif
