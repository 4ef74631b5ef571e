/* SPDX-License-Identifier: MIT */
/*
 * The firmware that the runner of MLPerf Tiny talks to.
 */
#include "machine_port.h"
#include "mlperf_tiny.h"

int main(void)
{
    machine_start();
    mlperf_tiny_start();
    for (;;) {
        mlperf_tiny_receive(machine_receive());
    }
}

/* Where start-up code sends every fault: silence, at which the runner gives up. */
void machine_fault(void);

void machine_fault(void)
{
    for (;;) {
    }
}
