/*
  linear: y = 2x - 1 from six points: one neuron, gradient descent

  An int8 neural network of 64 bytes, run by TensorFlow Lite for Microcontrollers.
  Board and library: Chirale_TensorFLowLite 2.0.0.
  Install in the Arduino IDE: library manager, 'Chirale_TensorFLowLite' (spelled like that), 2.0.0.
  Then choose your board: Nano 33 BLE, Raspberry Pi Pico with the Mbed core, ... For the Pico Arduino's
  tools warn that the library does not name it, and build it all the same.

  Upload this sketch, open the serial monitor at 115200 baud, and wait for SELFTEST PASS 16/16:
  the board has then computed, bit for bit, what the model computes on a computer.
  Then type a number for x, for example: 5

  Files beside this one: model_data holds the network, model_io.h turns real numbers into int8 and back,
  golden.h the vectors of the self-test, model_runner the interpreter and the dialogue.
*/

#include <Chirale_TensorFlowLite.h>  // makes the Arduino IDE find the library; must come first

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
