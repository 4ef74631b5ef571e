/* SPDX-License-Identifier: MIT */
/*
 * The serial protocol of the benchmark MLPerf Tiny, of its performance and accuracy modes: github.com/mlcommons/tiny,
 * benchmark/runner sends it and benchmark/api describes it. Commands are text that ends with '%', answers are lines,
 * the last of them "m-ready".
 */
#ifndef MLPERF_TINY_H
#define MLPERF_TINY_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Says that the firmware is up. */
void mlperf_tiny_start(void);

/* Takes the next byte from the line; carries a command out, and answers it, when that is complete. */
void mlperf_tiny_receive(uint8_t byte);

#ifdef __cplusplus
}
#endif

#endif
