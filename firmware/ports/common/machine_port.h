/* SPDX-License-Identifier: MIT */
/*
 * What an emulated machine adds to machine.h: the receiving half of its line, and its start.
 */
#ifndef MACHINE_PORT_H
#define MACHINE_PORT_H

#include "machine.h"

/* Readies UART and counter. */
void machine_start(void);

/* The next byte from the line; waits for it. */
uint8_t machine_receive(void);

#endif
