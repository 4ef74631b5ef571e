// A board with an accelerometer on its I2C bus, on this machine: `Serial` is stdout, a clock of 5 ms per look, 100 calls of
// loop(). The sensor is at ADDRESS, and reads (1, -1, 0.5) g in steps of 4 g / 32768 once `WAKE_REGISTER` holds
// `WAKE_VALUE`; until then zeros. Without a sensor (ABSENT), nothing answers.
#include <Arduino.h>
#include <Wire.h>

#include <cstdio>
#include <cstring>

HardwareSerial Serial;
TwoWire Wire;
TwoWire Wire1;

namespace {
uint8_t g_registers[128];
int g_address = -1;
int g_written = 0;
int g_register = 0;
unsigned long g_now = 0;
}  // namespace

void TwoWire::begin() {}
void TwoWire::beginTransmission(int address) {
  g_address = this == &BUS ? address : -1;
  g_written = 0;
}
size_t TwoWire::write(uint8_t byte) {
  if (g_written++ == 0) {
    g_register = byte;
  } else {
    g_registers[g_register++ & 127] = byte;
  }
  return 1;
}
uint8_t TwoWire::endTransmission(bool) {
#ifdef ABSENT
  return 2;
#else
  return g_address == ADDRESS ? 0 : 2;
#endif
}
uint8_t TwoWire::requestFrom(int address, int count) {
  const int16_t axes[3] = {8192, -8192, 4096};
  const bool awake = g_registers[WAKE_REGISTER] == WAKE_VALUE;
  for (int axis = 0; axis < 3; ++axis) {
    const uint16_t bits = awake ? static_cast<uint16_t>(axes[axis]) : 0;
    g_registers[FIRST_AXIS + 2 * axis + (BIG_ENDIAN_AXES ? 0 : 1)] = static_cast<uint8_t>(bits >> 8);
    g_registers[FIRST_AXIS + 2 * axis + (BIG_ENDIAN_AXES ? 1 : 0)] = static_cast<uint8_t>(bits);
  }
  return address == ADDRESS ? static_cast<uint8_t>(count) : 0;
}
int TwoWire::read() { return g_registers[g_register++ & 127]; }

unsigned long millis() { return g_now += 5; }
void delay(unsigned long ms) { g_now += ms; }
int analogRead(int) { return 321; }
void HardwareSerial::begin(unsigned long) {}
HardwareSerial::operator bool() const { return g_now > 40; }
size_t HardwareSerial::print(char letter) { return static_cast<size_t>(printf("%c", letter)); }
size_t HardwareSerial::print(double number, int decimals) { return static_cast<size_t>(printf("%.*f", decimals, number)); }
size_t HardwareSerial::println() { return static_cast<size_t>(printf("\r\n")); }
size_t HardwareSerial::println(const char* text) { return static_cast<size_t>(printf("%s\r\n", text)); }
size_t HardwareSerial::println(const __FlashStringHelper* text) {
  return println(reinterpret_cast<const char*>(text));
}
size_t HardwareSerial::println(int number) { return static_cast<size_t>(printf("%d\r\n", number)); }

void setup();
void loop();

int main() {
  setup();
  for (int i = 0; i < 100; ++i) loop();
}
