// A board with an accelerometer on its I2C bus: `Serial` is stdout, or the UART of an emulated machine (MACHINE), a clock of
// 5 ms per look, 100 calls of loop(). The sensor is at ADDRESS, and reads (1, -1, 0.5) g in steps of 4 g / 32768 once `WAKE_REGISTER` holds
// `WAKE_VALUE`; until then zeros. Without a sensor (ABSENT), nothing answers.
#include <Arduino.h>
#include <Wire.h>

#ifdef MACHINE
extern "C" {
#include "machine_port.h"
}
#else
#include <cstdio>
static void machine_start() {}
static void machine_send(uint8_t byte) { putchar(byte); }
#endif

HardwareSerial Serial;
TwoWire Wire;
TwoWire Wire1;

namespace {
uint8_t g_registers[128];
int g_address = -1;
int g_written = 0;
int g_register = 0;
unsigned long g_now = 0;

size_t put(const char* text) {
  size_t count = 0;
  for (; text[count] != '\0'; ++count) machine_send(static_cast<uint8_t>(text[count]));
  return count;
}

size_t put(unsigned long number, int digits = 1) {
  char text[24];
  char* first = text + sizeof text;
  *--first = '\0';
  for (; number > 0 || digits > 0; number /= 10, --digits) *--first = static_cast<char>('0' + number % 10);
  return put(first);
}
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
size_t HardwareSerial::print(char letter) {
  machine_send(static_cast<uint8_t>(letter));
  return 1;
}
size_t HardwareSerial::print(double number, int decimals) {
  unsigned long unit = 1;
  for (int i = 0; i < decimals; ++i) unit *= 10;
  const unsigned long all = static_cast<unsigned long>((number < 0 ? -number : number) * static_cast<double>(unit) + 0.5);
  return (number < 0 ? put("-") : 0) + put(all / unit) + put(".") + put(all % unit, decimals);
}
size_t HardwareSerial::println() { return put("\r\n"); }
size_t HardwareSerial::println(const char* text) { return put(text) + println(); }
size_t HardwareSerial::println(const __FlashStringHelper* text) {
  return println(reinterpret_cast<const char*>(text));
}
size_t HardwareSerial::println(int number) { return put(static_cast<unsigned long>(number)) + println(); }

void setup();
void loop();

int main() {
  machine_start();
#ifdef MACHINE
  machine_send('\n');  // one byte, as every firmware sends it: the host listens from then on
  machine_receive();
#endif
  setup();
  for (int i = 0; i < 100; ++i) loop();
  put("END\r\n");
  return 0;
}
