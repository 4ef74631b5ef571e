// SPDX-License-Identifier: MIT
/*
  linear: y = 2x - 1 from six points: one neuron, gradient descent

  An int8 neural network of 64 bytes, run by TensorFlow Lite for Microcontrollers.
  Board and library: Arduino core for ESP32 3.3.9.
  Install in the Arduino IDE: board manager, 'esp32' by Espressif, 3.3.9 or later; TFLM comes with it.
  Then choose your ESP32 board.

  Upload this sketch, open the serial monitor at 115200 baud, and wait for SELFTEST PASS 16/16:
  the board has then computed, bit for bit, what the model computes on a computer.
  Then type a number for x, for example: 5

  Files beside this one: model_data holds the network, model_io.h turns real numbers into int8 and back,
  golden.h the vectors of the self-test, model_runner the interpreter and the dialogue.
*/

#include "model_runner.h"

void setup() {
  linear_model::begin();  // prints what is wrong, if anything is
}

void loop() {
  linear_model::serve_serial();  // answers what you type; take it out when you no longer need it

  // Your own code stands here. Read a sensor, ask the model, act on the answer:
  //
  //   float inputs[linear_model::kInputs] = {5.0f};  // x
  //   float outputs[linear_model::kOutputs];
  //   if (linear_model::run(inputs, outputs)) {
  //     Serial.println(outputs[0]);  // y
  //   }
  //
  // Do not wait with delay() for long: loop() also answers the serial monitor.
}
