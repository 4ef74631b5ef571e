/* SPDX-License-Identifier: MIT */
/*
 * QEMU's 'virt' machine for RISC-V: an NS16550 UART, and the count of instructions in a register of the core.
 */
#include "machine_port.h"

#define UART_REGISTER(offset) (*(volatile uint8_t *)(0x10000000u + (offset)))

#define UART_DATA UART_REGISTER(0)
#define UART_LINE_STATUS UART_REGISTER(5)

enum { UART_RX_READY = 0x01, UART_TX_EMPTY = 0x20 };

extern uint8_t __bss_end;

void machine_start(void)
{
    /* The FIFO stays off: switching it on throws away what has already come. */
}

uint8_t machine_receive(void)
{
    while ((UART_LINE_STATUS & UART_RX_READY) == 0) {
    }
    return UART_DATA;
}

void machine_send(uint8_t byte)
{
    while ((UART_LINE_STATUS & UART_TX_EMPTY) == 0) {
    }
    UART_DATA = byte;
}

uint32_t machine_count(void)
{
    uint32_t count;
    /* csrr %0, minstret, for assemblers that want an extension named for it */
    __asm__ volatile(".insn i 0x73, 2, %0, x0, -0x4fe" : "=r"(count));
    return count;
}

uint32_t machine_in_units(uint32_t difference)
{
    return difference;
}

uint8_t *machine_stack_limit(void)
{
    return &__bss_end;
}
