// An Arduino board on this machine: `Serial` is stdin and stdout, A0 gives what FAKE_A0 says, FAKE_A0_STEP more each time,
// and at the end of stdin, but not before FAKE_MS, the program says how bright the light is. With FAKE_LOOP_MS, the clock is
// no clock: each loop() takes that long, and number FAKE_STALL takes 1000 ms more.
#include <Arduino.h>
#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

HardwareSerial Serial;

namespace {

int g_next = -1;
bool g_ended = false;
int g_brightness = -1;

uint64_t g_looped_us = 0;

uint64_t now_us() {
  if (getenv("FAKE_LOOP_MS") != nullptr) return g_looped_us;
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000 + static_cast<uint64_t>(now.tv_nsec) / 1000;
}

size_t put(const char* text, size_t count) {
  size_t done = 0;
  while (done < count) {
    const ssize_t written = ::write(STDOUT_FILENO, text + done, count - done);
    if (written <= 0) _exit(1);
    done += static_cast<size_t>(written);
  }
  return count;
}

size_t put(const char* text) { return put(text, strlen(text)); }

template <typename... Values>
size_t format(const char* how, Values... values) {
  char text[64];
  snprintf(text, sizeof text, how, values...);
  return put(text);
}

int number_of(const char* name, int otherwise) { return getenv(name) != nullptr ? atoi(getenv(name)) : otherwise; }

}  // namespace

void pinMode(int, int) {}
int analogRead(int) {
  static int level = number_of("FAKE_A0", 0);
  const int read = level;
  level += number_of("FAKE_A0_STEP", 0);
  return read;
}
void analogWrite(int, int value) { g_brightness = value; }
#ifdef RGB_BUILTIN
void rgbLedWrite(uint8_t pin, uint8_t red, uint8_t green, uint8_t blue) {
  g_brightness = pin == RGB_BUILTIN && red == green && green == blue ? red : -1;
}
#endif
unsigned long millis() { return static_cast<unsigned long>(now_us() / 1000); }
unsigned long micros() { return static_cast<unsigned long>(now_us()); }
void delay(unsigned long) {}
void yield() {}

void HardwareSerial::begin(unsigned long baud) { format("[%lu baud]\r\n", baud); }
HardwareSerial::operator bool() const { return true; }
int HardwareSerial::available() {
  if (g_next < 0 && !g_ended) {
    pollfd line = {STDIN_FILENO, POLLIN, 0};
    uint8_t byte;
    if (poll(&line, 1, 1) > 0) {
      g_ended = ::read(STDIN_FILENO, &byte, 1) != 1;
      g_next = g_ended ? -1 : byte;
    }
  }
  return g_next >= 0 ? 1 : 0;
}
int HardwareSerial::read() {
  const int byte = g_next;
  g_next = -1;
  return byte;
}
size_t HardwareSerial::write(uint8_t byte) { return put(reinterpret_cast<const char*>(&byte), 1); }
size_t HardwareSerial::write(const uint8_t* bytes, size_t count) {
  return put(reinterpret_cast<const char*>(bytes), count);
}
size_t HardwareSerial::print(const char* text) { return put(text); }
size_t HardwareSerial::print(const __FlashStringHelper* text) { return put(reinterpret_cast<const char*>(text)); }
size_t HardwareSerial::print(char letter) { return put(&letter, 1); }
size_t HardwareSerial::print(unsigned char number, int) { return format("%u", number); }
size_t HardwareSerial::print(int number) { return format("%d", number); }
size_t HardwareSerial::print(unsigned int number) { return format("%u", number); }
size_t HardwareSerial::print(long number) { return format("%ld", number); }
size_t HardwareSerial::print(unsigned long number) { return format("%lu", number); }
size_t HardwareSerial::print(double number, int decimals) { return format("%.*f", decimals, number); }
size_t HardwareSerial::println() { return put("\r\n"); }
size_t HardwareSerial::println(const __FlashStringHelper* text) { return print(text) + println(); }
size_t HardwareSerial::println(int number) { return print(number) + println(); }
size_t HardwareSerial::println(double number, int decimals) { return print(number, decimals) + println(); }

int main() {
  setup();
  const uint64_t start = now_us();
  const uint64_t lasts_us = 1000u * static_cast<uint64_t>(number_of("FAKE_MS", 60));
  for (int number = 1; !g_ended || now_us() - start < lasts_us; ++number) {
    loop();
    g_looped_us += 1000u * static_cast<uint64_t>(number_of("FAKE_LOOP_MS", 0));
    if (number == number_of("FAKE_STALL", 0)) g_looped_us += 1000000;
  }
  format("\r\n[light %d]\r\n", g_brightness);
  return 0;
}
