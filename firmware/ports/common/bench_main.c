/* SPDX-License-Identifier: MIT */
/*
 * The smallest firmware around a model: one call, for the sizes of flash and RAM.
 */
#include "model_io.h"

static int8_t inputs[MODEL_IO_INPUT_BYTES];
static int8_t outputs[MODEL_IO_OUTPUT_BYTES];

int main(void)
{
    MODEL_IO_CALL(MODEL_IO_INVOKE, inputs, outputs);
    return 0;
}
