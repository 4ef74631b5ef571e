/* SPDX-License-Identifier: MIT */
/*
 * The device's side of the wire protocol that PROTOCOL.md specifies: feed it each byte that arrives, it answers
 * through machine_send().
 *
 * Settings, given to the compiler with -D:
 *   MACHINE_UNIT             one of enum machine_unit: what the counts of this machine are
 *   MACHINE_CLOCK_HZ         the frequency that those counts refer to; 0 where there is none
 *   PROTOCOL_BATCH           the most vectors in one frame; each costs RAM for one more input and output
 *   PROTOCOL_LINE_BUFFER     how many bytes may wait on the line unread; 0: one frame at a time
 *   PROTOCOL_MEASURES_STACK  answer requests for the stack that one inference uses
 *   NAME_PROFILE             (NAME: the model's) answer requests for what each layer takes
 */
#ifndef PROTOCOL_H
#define PROTOCOL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Returns true if the byte was part of a frame, false if it is text, for example typed by a user. */
uint8_t protocol_receive(uint8_t byte);

/* Tells the host that the program ran into a fault; the caller then stops. */
void protocol_report_fault(void);

#ifdef __cplusplus
}
#endif

#endif
