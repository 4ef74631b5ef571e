// A program around a project's run(): rows of floats from the first file, the bits of its answers to the second.
#define main board_main
#include FAKE_BOARD
#undef main
#include "model_runner.h"

int main(int, char** files) {
  MODEL::begin();
  FILE* from = fopen(files[1], "rb");
  FILE* to = fopen(files[2], "wb");
  float inputs[MODEL::kInputs];
  float outputs[MODEL::kOutputs];
  while (fread(inputs, sizeof inputs, 1, from) == 1) {
    if (!MODEL::run(inputs, outputs)) return 1;
    fwrite(outputs, sizeof outputs, 1, to);
  }
  fclose(from);
  fclose(to);
}
