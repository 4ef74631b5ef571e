// SPDX-License-Identifier: MIT
// Writes the model array to standard output as the C++ compiler sees it; the host compares it with the .tflite.
// MODEL_HEADER, MODEL_DATA and MODEL_LENGTH are defined on the compiler's command line.
#include <cstdint>
#include <cstdio>

#include MODEL_HEADER

int main() {
  constexpr std::uintptr_t kAlignment = 16;  // TFLM reads the flatbuffer in place
  if (reinterpret_cast<std::uintptr_t>(MODEL_DATA) % kAlignment != 0) {
    std::fputs("the array is not aligned to 16 bytes\n", stderr);
    return 1;
  }
  const std::size_t length = static_cast<std::size_t>(MODEL_LENGTH);
  if (std::fwrite(MODEL_DATA, 1, length, stdout) != length) {
    std::fputs("the array could not be written\n", stderr);
    return 1;
  }
  return 0;
}
