// SPDX-License-Identifier: MIT
// The serial port and the clock of an Arduino board.
#include "platform.h"

#include <Arduino.h>

namespace linear_model {
namespace platform {

void begin() {
  Serial.begin(115200);
  // A board with its own USB loses what it prints before the monitor is open: wait for it, but not forever, so that
  // the board also starts on a battery.
  const unsigned long start = millis();
  while (!Serial && millis() - start < 3000) {
    delay(10);
  }
}

void print(const char* text) { Serial.print(text); }

int read_char() { return Serial.available() > 0 ? Serial.read() : -1; }

uint32_t microseconds() { return micros(); }

}  // namespace platform
}  // namespace linear_model
