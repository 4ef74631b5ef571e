// The calls of Arduino that the sketches make; the same in every core.
#ifndef DECLARATIONS_ARDUINO_H
#define DECLARATIONS_ARDUINO_H

#include <cstddef>

unsigned long millis();
unsigned long micros();
void delay(unsigned long ms);
void setup();
void loop();

class HardwareSerial {
 public:
  void begin(unsigned long baud);
  size_t print(const char* text);
  int available();
  int read();
  explicit operator bool() const;
};
extern HardwareSerial Serial;

#endif
