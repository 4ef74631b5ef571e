// A board and a library for the tests: the interpreter answers each stored input with its stored output, and any other
// input with the output of vector 0. FAKE_FAULT makes one thing fail. Time passes only when somebody looks at it.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "engine.h"
#include "golden.h"
#include "model_config.h"
#include "model_runner.h"

using namespace MODEL;  // the sketch's namespace, given to the compiler

namespace {

uint64_t g_clock_us = 0;
TfLiteTensor g_inputs[kInputTensorCount];
TfLiteTensor g_outputs[kOutputTensorCount];
alignas(4) int8_t g_input_bytes[4 * kInputs];
alignas(4) int8_t g_output_bytes[4 * kOutputs];
int g_resets = 0;

bool fault(const char* name) {
  const char* wanted = getenv("FAKE_FAULT");
  return wanted != nullptr && strcmp(wanted, name) == 0;
}

// FAKE_WRONG holds the vectors that are answered wrongly, as ",3,7,".
bool answered_wrongly(int vector) {
  char wanted[16];
  snprintf(wanted, sizeof(wanted), ",%d,", vector);
  const char* wrong = getenv("FAKE_WRONG");
  return wrong != nullptr && strstr(wrong, wanted) != nullptr;
}

uint64_t look_at_clock() { return g_clock_us += 37; }

// A model of int8 alone has no types of its own.
template <class Kind>
auto type_of(const Kind& kind, int) -> decltype(kind.type) { return kind.type; }
template <class Kind>
TfLiteType type_of(const Kind&, long) { return kTfLiteInt8; }

int8_t stored(const TfLiteTensor& tensor, const Tensor& kind, int position) {
  if (tensor.type == kTfLiteFloat32) return kind.quantize(tensor.data.f[position]);
  if (tensor.type == kTfLiteUInt8) return static_cast<int8_t>(tensor.data.uint8[position] - 128);
  return tensor.data.int8[position];
}

void answer(TfLiteTensor& tensor, const Tensor& kind, int position, int8_t value) {
  if (tensor.type == kTfLiteFloat32) {
    tensor.data.f[position] = kind.dequantize(value);
  } else {
    tensor.data.int8[position] = tensor.type == kTfLiteUInt8 ? static_cast<int8_t>(value + 128) : value;
  }
}

void set_up(TfLiteTensor* tensors, int8_t* bytes, const Tensor* expected, int count) {
  for (int i = 0; i < count; ++i) {
    tensors[i].params.scale = expected[i].scale;
    tensors[i].params.zero_point = expected[i].zero_point;
    tensors[i].data.int8 = bytes;
    tensors[i].type = type_of(expected[i], 0);
    tensors[i].bytes = static_cast<size_t>(expected[i].size) * (tensors[i].type == kTfLiteFloat32 ? 4 : 1);
    bytes += 4 * expected[i].size;
  }
}

}  // namespace

namespace tflite {

uint32_t Model::version() const { return fault("schema") ? 4 : TFLITE_SCHEMA_VERSION; }
const Model* GetModel(const void* buffer) { return static_cast<const Model*>(buffer); }
TfLiteStatus MicroOpResolver::add(unsigned int capacity) {
  return fault("operation") || ++count_ > capacity ? kTfLiteError : kTfLiteOk;
}

MicroInterpreter::MicroInterpreter(const Model*, const MicroOpResolver&, uint8_t* arena, size_t arena_bytes)
    : arena_bytes_(arena_bytes) {
  if (reinterpret_cast<uintptr_t>(arena) % 16 != 0) abort();
}
MicroInterpreter::~MicroInterpreter() {}

TfLiteStatus MicroInterpreter::AllocateTensors() {
  if (fault("arena")) return kTfLiteError;
  set_up(g_inputs, g_input_bytes, kInputTensors, kInputTensorCount);
  set_up(g_outputs, g_output_bytes, kOutputTensors, kOutputTensorCount);
  if (fault("tensor_type")) g_inputs[0].type = kTfLiteFloat32;
  if (fault("tensor_size")) g_outputs[0].bytes += 1;
  if (fault("scale")) g_inputs[0].params.scale *= 2.0f;
  return kTfLiteOk;
}

TfLiteStatus MicroInterpreter::Invoke() {
  if (fault("invoke")) return kTfLiteError;
  int8_t given[kInputs];
  int position = 0;
  for (int i = 0; i < kInputTensorCount; ++i) {
    for (int k = 0; k < kInputTensors[i].size; ++k) given[position++] = stored(g_inputs[i], kInputTensors[i], k);
  }
  int vector = 0;
  while (vector < kGoldenCount && memcmp(kGoldenInputs[vector], given, kInputs) != 0) ++vector;
  position = 0;
  for (int i = 0; i < kOutputTensorCount; ++i) {
    for (int k = 0; k < kOutputTensors[i].size; ++k, ++position) {
      const bool wrong = answered_wrongly(vector) && position == kOutputs - 1;
      const int8_t value = kGoldenOutputs[vector % kGoldenCount][position];
      answer(g_outputs[i], kOutputTensors[i], k, static_cast<int8_t>(wrong ? value + 1 : value));
    }
  }
  return kTfLiteOk;
}

TfLiteStatus MicroInterpreter::Reset() {
  ++g_resets;
  return kTfLiteOk;
}
TfLiteTensor* MicroInterpreter::input(size_t index) { return fault("missing") ? nullptr : &g_inputs[index]; }
TfLiteTensor* MicroInterpreter::output(size_t index) { return &g_outputs[index]; }
size_t MicroInterpreter::inputs_size() const { return kInputTensorCount + (fault("ports") ? 1 : 0); }
size_t MicroInterpreter::outputs_size() const { return kOutputTensorCount; }
size_t MicroInterpreter::arena_used_bytes() const { return arena_bytes_ - 1000; }

}  // namespace tflite

namespace {

// What code of one's own would see.
void report() {
  float inputs[kInputs] = {};
  float outputs[kOutputs] = {};
  const bool ran = run(inputs, outputs);
  printf("\n[run %d, ready %d, problem '%.40s', resets %d, clock %lu s]\n", ran, ready(), problem(), g_resets,
         static_cast<unsigned long>(g_clock_us / 1000000));
}

int idle_rounds() {
  const char* rounds = getenv("FAKE_IDLE");
  return rounds != nullptr ? atoi(rounds) : 3;
}

}  // namespace

#ifdef ARDUINO

HardwareSerial Serial;
namespace {
int g_next = -1;
bool g_ended = false;
}  // namespace

unsigned long micros() { return static_cast<unsigned long>(look_at_clock()); }
unsigned long millis() { return static_cast<unsigned long>(look_at_clock() / 1000); }
void delay(unsigned long ms) { g_clock_us += 1000 * ms; }
void yield() {}

void HardwareSerial::begin(unsigned long baud) { printf("[%lu baud]\n", baud); }
size_t HardwareSerial::print(const char* text) { return fwrite(text, 1, strlen(text), stdout); }
size_t HardwareSerial::write(const uint8_t* bytes, size_t count) {
  const size_t written = fwrite(bytes, 1, count, stdout);
  fflush(stdout);
  return written;
}
void pinMode(int, int) {}
int analogRead(int) { return 0; }
void analogWrite(int, int) {}
int HardwareSerial::available() {
  if (g_next < 0 && !g_ended) g_next = getchar();
  g_ended = g_next == EOF;
  return g_ended ? 0 : 1;
}
int HardwareSerial::read() {
  const int typed = g_next;
  g_next = -1;
  return typed;
}
HardwareSerial::operator bool() const { return !fault("no_monitor"); }

int main() {
  setup();
  for (int idle = 0; idle < idle_rounds();) {
    loop();
    if (Serial.available() == 0) {
      ++idle;
      g_clock_us += 1000000;
    }
  }
  report();
}

#else

int64_t esp_timer_get_time(void) { return static_cast<int64_t>(look_at_clock()); }
void vTaskDelay(const TickType_t) {
  static int idle = 0;
  g_clock_us += 1000000;
  if (++idle > 24 + idle_rounds()) {
    report();
    exit(0);
  }
}

int main() { app_main(); }

#endif
