// SPDX-License-Identifier: MIT
// The calls of model_runner.h and the dialogue on the serial monitor, for the model 'linear'.
// The same text for every board and library: what differs stands in platform.h and model_config.h.
#include "model_runner.h"

#include <stdlib.h>
#include <string.h>

#include <cmath>

#include "engine.h"
#include "golden.h"
#include "model_config.h"
#include "platform.h"
#include "text.h"

namespace linear_model {
namespace {

constexpr uint32_t kRepeatProblemUs = 5000000;
constexpr uint32_t kLineIsOverUs = 2000000;

bool g_started = false;
int g_next_vector = 0;

void say(const char* text) { Text().add(text).print_line(); }

void print_title() {
  Text().add(kName).add(": ").add(kSummary).add(" (int8, ").add(kLibrary).add(")").print_line();
}

void print_figures() {
  Text().add("Arena: ").add(engine::arena_used_bytes()).add(" of ")
      .add(kArenaBytes).add(" bytes used. One inference: ")
      .add(engine::last_microseconds()).add(" microseconds.").print_line();
}

void add_input_names(Text& line) {
  for (int i = 0; i < kInputs; ++i) {
    line.add(i > 0 ? " " : "").add(kRanges[i].name);
  }
}

void add_example(Text& line) {
  line.add("For example:");
  for (int i = 0; i < kInputs; ++i) {
    line.add(" ").add(kRanges[i].example, 4);
  }
}

void print_help() {
  Text line;
  for (int i = 0; i < kInputs; ++i) {
    line.add("  ").add(kRanges[i].name).add(": ").add(kRanges[i].low, 4).add(" .. ").add(kRanges[i].high, 4)
        .print_line();
  }
  line.add("Type ").add(kInputs)
      .add(kInputs == 1 ? " number. " : " numbers with blanks between them. ");
  add_example(line);
  line.print_line();
  say("  r  runs the next stored vector    t  runs the self-test    ?  shows this help");
}

void print_prompt() {
  Text line;
  add_input_names(line);
  platform::print(line.add("> ").text());
}

void add_outputs(Text& line) {
  int position = 0;
  for (int tensor = 0; tensor < kOutputTensorCount; ++tensor) {
    for (int i = 0; i < kOutputTensors[tensor].size; ++i, ++position) {
      if (position == kMostShownValues) {
        line.add(" ...");
        return;
      }
      line.add(" ");
      if (*OutputName(position) != '\0') line.add(OutputName(position)).add("=");
      line.add(kOutputTensors[tensor].dequantize(engine::output_at(position)), kOutputTensors[tensor].decimals);
    }
  }
}

void answer_vector() {
  const int vector = g_next_vector;
  g_next_vector = (vector + 1) % kGoldenCount;
  if (!engine::invoke_vector(vector)) return;
  if (!engine::check_vector(vector)) {
    engine::fail(Text().add("stored vector ").add(vector)
                     .add(" no longer gives the right answer; the model is not used. Reset the board."));
    return;
  }
  Text line;
  line.add("vector ").add(vector).add(" ->");
  add_outputs(line);
  line.add("   (").add(engine::last_microseconds()).add(" microseconds, as expected)")
      .print_line();
}

// Reads kInputs numbers from `text`; says what is wrong and returns false where they are not there.
bool parse_numbers(char* text, float* numbers) {
  Text line;
  int count = 0;
  for (char* word = strtok(text, " \t"); word != nullptr; word = strtok(nullptr, " \t"), ++count) {
    char* end = nullptr;
    const float number = strtof(word, &end);
    if (end == word || *end != '\0' || !std::isfinite(number)) {
      line.add("'").add(word).add("' is not a number here (a point for decimals, blanks between numbers). ");
      add_example(line);
      line.print_line();
      return false;
    }
    if (count < kInputs) numbers[count] = number;
  }
  if (count != kInputs) {
    line.add("The model takes ").add(kInputs).add(kInputs == 1 ? " number (" : " numbers (");
    add_input_names(line);
    line.add("), you typed ").add(count).add(". ");
    add_example(line);
    line.print_line();
    return false;
  }
  return true;
}

void answer_numbers(char* text) {
  float inputs[kInputs];
  if (!parse_numbers(text, inputs)) return;
  Text line;
  int position = 0;
  for (const Tensor& tensor : kInputTensors) {
    for (int i = 0; i < tensor.size; ++i, ++position) {
      const Range& range = kRanges[position];
      const float typed = inputs[position];
      if (typed >= range.low && typed <= range.high) continue;
      line.add(range.name).add("=").add(typed, 4).add(" is outside of ").add(range.low, 4).add(" .. ")
          .add(range.high, 4).add(": int8 sees ").add(tensor.dequantize(tensor.quantize(typed)), tensor.decimals)
          .print_line();
    }
  }
  if (!engine::invoke_numbers(inputs)) return;
  for (int i = 0; i < kInputs; ++i) {
    line.add(i > 0 ? " " : "").add(kRanges[i].name).add("=").add(inputs[i], 4);
  }
  line.add(" ->");
  add_outputs(line);
  line.add("   (").add(engine::last_microseconds()).add(" microseconds)").print_line();
}

void answer(char* text) {
  while (*text == ' ' || *text == '\t') ++text;
  if (!engine::ready()) {
    engine::repeat_problem();
    return;
  }
  if (strcmp(text, "?") == 0) {
    print_title();
    print_help();
    print_figures();
  } else if (strcmp(text, "r") == 0) {
    answer_vector();
  } else if (strcmp(text, "t") == 0) {
    engine::self_test();
  } else if (*text != '\0') {
    answer_numbers(text);
  }
  if (engine::ready()) print_prompt();
}

// Collects typed characters; true when a line is complete. Some monitors send no line end: then a pause ends the line.
bool read_line(char* line, int capacity) {
  static int length = 0;
  static int previous = -1;
  static uint32_t last_typed_us = 0;
  bool complete = false;
  while (!complete) {
    const int typed = platform::read_char();
    if (typed < 0) break;
    const bool second_half_of_line_end = typed == '\n' && previous == '\r';
    previous = typed;
    last_typed_us = platform::microseconds();
    if (second_half_of_line_end) continue;
    if (typed == '\n' || typed == '\r') {
      complete = true;
    } else if (typed == '\b' || typed == 127) {
      length -= length > 0 ? 1 : 0;
    } else {
      if (length < capacity) line[length] = static_cast<char>(typed);
      ++length;
    }
  }
  if (!complete && (length == 0 || platform::microseconds() - last_typed_us < kLineIsOverUs)) return false;
  const bool fits = length < capacity;
  line[fits ? length : 0] = '\0';
  length = 0;
  if (!fits) say("That line is too long.");
  return true;
}

}  // namespace

bool begin() {
  if (g_started) return engine::ready();
  g_started = true;
  platform::begin();
  print_title();
  if (!engine::build() || !engine::self_test()) return false;
  print_figures();
  print_help();
  print_prompt();
  return true;
}

void serve_serial() {
  static char line[60];
  if (g_started && !engine::ready() && engine::microseconds_since_problem() >= kRepeatProblemUs) {
    engine::repeat_problem();  // again, for a monitor that was opened late
  }
  if (read_line(line, sizeof(line))) answer(line);
}

bool run(const float inputs[kInputs], float outputs[kOutputs]) {
  if (!engine::ready() || !engine::invoke_numbers(inputs)) return false;
  int position = 0;
  for (const Tensor& tensor : kOutputTensors) {
    for (int i = 0; i < tensor.size; ++i) {
      *outputs++ = tensor.dequantize(engine::output_at(position++));
    }
  }
  return true;
}

const char* output_name(int position) { return OutputName(position); }

bool ready() { return engine::ready(); }

const char* problem() {
  if (engine::ready()) return "";
  return g_started ? engine::problem() : "begin() was not called yet";
}

uint32_t last_microseconds() { return engine::last_microseconds(); }

}  // namespace linear_model
