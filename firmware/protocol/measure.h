/* SPDX-License-Identifier: MIT */
/*
 * What one inference costs, measured on the machine that runs it.
 */
#ifndef MEASURE_H
#define MEASURE_H

#include <stdint.h>

/* Runs the model once; returns what it took from its first instruction to its return, in MACHINE_UNIT. */
uint32_t measure_invoke(const int8_t *inputs, int8_t *outputs);

/* Runs the model twice over painted stack; returns the bytes it used below its caller, at most 16,384. */
uint32_t measure_stack(const int8_t *inputs, int8_t *outputs);

/* Runs the model once; counts[layer] is what each of its layers took, in MACHINE_UNIT. Only of a model with
 * NAME_PROFILE. */
void measure_layers(const int8_t *inputs, int8_t *outputs, uint32_t *counts);

#endif
