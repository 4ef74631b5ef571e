/* SPDX-License-Identifier: MIT */
/*
 * The firmware that answers the host: the model behind the wire protocol, and nothing else.
 */
#include "machine_port.h"
#include "protocol.h"

int main(void)
{
    machine_start();
    machine_send(0); /* an empty frame: ready */
    for (;;) {
        (void)protocol_receive(machine_receive());
    }
}

/* Where start-up code sends every fault. */
void machine_fault(void);

void machine_fault(void)
{
    protocol_report_fault();
    for (;;) {
    }
}
