// The calls of Arduino that the sketches make; the same in every core.
#ifndef DECLARATIONS_ARDUINO_H
#define DECLARATIONS_ARDUINO_H

#include <stddef.h>
#include <stdint.h>

class __FlashStringHelper;
#define F(text) (reinterpret_cast<const __FlashStringHelper*>(text))
#define LED_BUILTIN 13
#define A0 14
#define OUTPUT 1

void pinMode(int pin, int mode);
int analogRead(int pin);
void analogWrite(int pin, int value);
#ifdef RGB_BUILTIN  // a devkit of arduino-esp32 with an addressable LED
void rgbLedWrite(uint8_t pin, uint8_t red, uint8_t green, uint8_t blue);
#endif
unsigned long millis();
unsigned long micros();
void delay(unsigned long ms);
void yield();
void setup();
void loop();

class HardwareSerial {
 public:
  void begin(unsigned long baud);
  size_t write(uint8_t byte);
  size_t write(const uint8_t* bytes, size_t count);
  size_t print(const char* text);
  size_t print(const __FlashStringHelper* text);
  size_t print(char letter);
  size_t print(unsigned char number, int base = 10);
  size_t print(int number);
  size_t print(unsigned int number);
  size_t print(long number);
  size_t print(unsigned long number);
  size_t print(double number, int decimals = 2);
  size_t println();
  size_t println(const char* text);
  size_t println(const __FlashStringHelper* text);
  size_t println(int number);
  size_t println(double number, int decimals = 2);
  int available();
  int read();
  explicit operator bool() const;
};
extern HardwareSerial Serial;

#endif
