/* SPDX-License-Identifier: MIT */
/*
 * The host's end of the simulated UART: stdin and stdout, or a pseudo-terminal that stands for the board's USB port.
 */
#ifndef LINE_H
#define LINE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum line_event { LINE_IDLE, LINE_HAS_DATA, LINE_WAS_OPENED, LINE_IS_OVER };

/* Makes the pseudo-terminal and prints its name on stdout; false where the system has none left. */
int line_use_terminal(void);

int line_is_terminal(void);

/* Sends all bytes. On a terminal that nobody has open, or reads, they are lost, as on a serial line. */
void line_send(const uint8_t *data, size_t bytes);

/* Waits at most so long for something to happen; data that came is in `data`, its length in `bytes`. */
enum line_event line_wait(int milliseconds, uint8_t *data, size_t room, size_t *bytes);

#endif
