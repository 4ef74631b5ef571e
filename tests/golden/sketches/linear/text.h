// SPDX-License-Identifier: MIT
// Lines of text for the serial monitor.
#ifndef LINEAR_TEXT_H
#define LINEAR_TEXT_H

#include <stdint.h>

#include <cmath>

#include "platform.h"

namespace linear_model {

// A line under construction. What does not fit is left out. Numbers are written here and not with printf, because
// printf writes no floats on some boards.
class Text {
 public:
  Text& add(const char* more) {
    while (*more != '\0' && length_ < kCapacity) {
      chars_[length_++] = *more++;
    }
    chars_[length_] = '\0';
    return *this;
  }

  Text& add(long number) {
    if (number < 0) add("-");
    return add_digits(static_cast<uint32_t>(number < 0 ? -number : number), 1);
  }

  // Without zeros at the end: 12.50 is 12.5. Very large and very small numbers get an exponent.
  Text& add(float number, int decimals) {
    if (std::isnan(number)) return add("nan");
    if (number < 0) {
      add("-");
      number = -number;
    }
    if (std::isinf(number)) return add("inf");
    int exponent = 0;
    if (number >= 1e9f || (number > 0 && number < 1e-4f && decimals >= 4)) {
      while (number >= 10.0f) {
        number /= 10.0f;
        ++exponent;
      }
      while (number < 1.0f) {
        number *= 10.0f;
        --exponent;
      }
      decimals = 4;
    }
    uint32_t unit = 1;
    for (int i = 0; i < decimals; ++i) {
      unit *= 10;
    }
    const uint64_t scaled = static_cast<uint64_t>(static_cast<double>(number) * unit + 0.5);
    add_digits(static_cast<uint32_t>(scaled / unit), 1);
    uint32_t fraction = static_cast<uint32_t>(scaled % unit);
    while (decimals > 0 && fraction % 10 == 0) {
      fraction /= 10;
      --decimals;
    }
    if (decimals > 0) add(".").add_digits(fraction, decimals);
    return exponent == 0 ? *this : add("e").add(exponent);
  }

  const char* text() const { return chars_; }
  void clear() { chars_[length_ = 0] = '\0'; }
  void print_line() {
    platform::print(chars_);
    platform::print("\r\n");
    clear();
  }

 private:
  static constexpr int kCapacity = 319;

  Text& add_digits(uint32_t number, int least_digits) {
    char digits[12] = "";
    int at = 11;
    while (number > 0 || 11 - at < least_digits) {
      digits[--at] = static_cast<char>('0' + number % 10);
      number /= 10;
    }
    return add(digits + at);
  }

  char chars_[kCapacity + 1] = "";
  int length_ = 0;
};

}  // namespace linear_model

#endif
