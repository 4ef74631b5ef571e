// The console and the clock of ESP-IDF.
#include "platform.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "esp_timer.h"

namespace linear_model {
namespace platform {

void begin() {
  // Reading must not wait, so that loop() goes on where nothing is typed. The console itself is already open.
  fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
}

void print(const char* text) {
  fputs(text, stdout);
  fflush(stdout);
}

int read_char() {
  unsigned char typed;
  return read(STDIN_FILENO, &typed, 1) == 1 ? typed : -1;
}

uint32_t microseconds() { return static_cast<uint32_t>(esp_timer_get_time()); }

}  // namespace platform
}  // namespace linear_model
