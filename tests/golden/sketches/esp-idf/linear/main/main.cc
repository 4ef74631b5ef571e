/*
  linear: y = 2x - 1 from six points: one neuron, gradient descent

  An int8 neural network of 64 bytes, run by TensorFlow Lite for Microcontrollers.
  Library: espressif/esp-tflite-micro 1.4.0.

  In the folder above this one (with ESP-IDF 5.1 or later):

    idf.py set-target esp32s3     (or esp32, esp32c3, ...)
    idf.py flash monitor

  Wait for SELFTEST PASS 16/16: the chip has then computed, bit for bit, what the model computes on a
  computer. Then type a number for x, for example: 5

  Files beside this one: model_data holds the network, model_io.h turns real numbers into int8 and back,
  golden.h the vectors of the self-test, model_runner the interpreter and the dialogue.
*/

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "model_runner.h"

extern "C" void app_main(void) {
  linear_model::begin();  // prints what is wrong, if anything is

  for (;;) {
    linear_model::serve_serial();  // answers what you type; take it out when you no longer need it

    // Your own code stands here. Read a sensor, ask the model, act on the answer:
    //
    //   float inputs[linear_model::kInputs] = {5.0f};  // x
    //   float outputs[linear_model::kOutputs];
    //   if (linear_model::run(inputs, outputs)) {
    //     ...
    //   }

    vTaskDelay(pdMS_TO_TICKS(10));  // lets other tasks run
  }
}
