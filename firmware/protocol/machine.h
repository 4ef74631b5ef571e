/* SPDX-License-Identifier: MIT */
/*
 * What the protocol needs of the machine it runs on. A bare-metal port or a sketch provides these four.
 */
#ifndef MACHINE_H
#define MACHINE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What machine_count() counts; never one under the name of the other. */
enum machine_unit {
    MACHINE_COUNTS_NOTHING = 0,
    MACHINE_COUNTS_CYCLES = 1,
    MACHINE_COUNTS_INSTRUCTIONS = 2,
    MACHINE_COUNTS_MICROSECONDS = 3
};

/* Sends one byte; waits while the line is busy. */
void machine_send(uint8_t byte);

/* A free-running counter; may wrap. */
uint32_t machine_count(void);

/* A difference of two counts in the unit that the greeting names (MACHINE_UNIT). */
uint32_t machine_in_units(uint32_t difference);

/* The lowest address that the stack may reach: the end of the static data. Only with PROTOCOL_MEASURES_STACK. */
uint8_t *machine_stack_limit(void);

#ifdef __cplusplus
}
#endif

#endif
