/* SPDX-License-Identifier: MIT */
/*
 * The counter of cycles (DWT) of a Cortex-M3 and up; stays at 0 on a chip, or in an emulator, that has none.
 */
#ifndef CYCLE_COUNTER_H
#define CYCLE_COUNTER_H

#include <stdint.h>

#define DEBUG_CONTROL (*(volatile uint32_t *)0xE000EDFCu)
#define TRACE_CONTROL (*(volatile uint32_t *)0xE0001000u)
#define CYCLE_COUNTER (*(volatile uint32_t *)0xE0001004u)

enum { TRACE_ENABLE = 1 << 24, CYCLE_COUNTER_ENABLE = 1 };

static inline void cycle_counter_start(void)
{
    DEBUG_CONTROL |= TRACE_ENABLE;
    TRACE_CONTROL |= CYCLE_COUNTER_ENABLE;
}

#endif
