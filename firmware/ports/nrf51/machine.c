/* SPDX-License-Identifier: MIT */
/*
 * The nRF51 of a BBC micro:bit: its UART and its 32-bit timer. NANOSECONDS_PER_INSTRUCTION is the emulator's fixed
 * pace (QEMU's -icount).
 */
#include "machine_port.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))

#define UART_START_RX REGISTER(0x40002000u)
#define UART_START_TX REGISTER(0x40002008u)
#define UART_RX_READY REGISTER(0x40002108u)
#define UART_TX_READY REGISTER(0x4000211Cu)
#define UART_ENABLE REGISTER(0x40002500u)
#define UART_RXD REGISTER(0x40002518u)
#define UART_TXD REGISTER(0x4000251Cu)
#define TIMER_START REGISTER(0x40008000u)
#define TIMER_CAPTURE REGISTER(0x40008040u)
#define TIMER_BITMODE REGISTER(0x40008508u)
#define TIMER_PRESCALER REGISTER(0x40008510u)
#define TIMER_CAPTURED REGISTER(0x40008540u)

enum { UART_ON = 4, TIMER_32_BITS = 3 };

#define TIMER_HZ 16000000u

extern uint8_t __bss_end;

void machine_start(void)
{
    UART_ENABLE = UART_ON;
    UART_START_RX = 1;
    UART_START_TX = 1;
    TIMER_BITMODE = TIMER_32_BITS;
    TIMER_PRESCALER = 0;
    TIMER_START = 1;
}

uint8_t machine_receive(void)
{
    while (UART_RX_READY == 0) {
    }
    UART_RX_READY = 0;
    return (uint8_t)UART_RXD;
}

void machine_send(uint8_t byte)
{
    UART_TX_READY = 0;
    UART_TXD = byte;
    while (UART_TX_READY == 0) {
    }
}

uint32_t machine_count(void)
{
    TIMER_CAPTURE = 1;
    return TIMER_CAPTURED;
}

uint32_t machine_in_units(uint32_t difference)
{
    const uint64_t nanoseconds_times_hz = (uint64_t)difference * 1000000000u;
    const uint64_t instruction = (uint64_t)TIMER_HZ * NANOSECONDS_PER_INSTRUCTION;
    return (uint32_t)((nanoseconds_times_hz + instruction / 2) / instruction);
}

uint8_t *machine_stack_limit(void)
{
    return &__bss_end;
}
