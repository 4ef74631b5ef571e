// SPDX-License-Identifier: MIT
// What model_runner.cpp needs from a board: a serial port and a clock. To use another board, write these four.
#ifndef LINEAR_PLATFORM_H
#define LINEAR_PLATFORM_H

#include <stdint.h>

namespace linear_model {
namespace platform {

void begin();                  // opens the serial port at 115200 baud
void print(const char* text);  // as it is, without a line break
int read_char();               // the next typed character, or -1 where there is none
uint32_t microseconds();       // since any moment; may wrap around

}  // namespace platform
}  // namespace linear_model

#endif
