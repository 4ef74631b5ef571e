/* SPDX-License-Identifier: MIT */
/*
 * ARM's MPS2 and MPS3 boards: UART and timer of the CMSDK or, with SSE_COUNTER_BASE, the system counter of an SSE-300
 * in the timer's place. The board's declaration gives UART0_BASE, TIMER0_BASE, TIMER_HZ and
 * NANOSECONDS_PER_INSTRUCTION, the emulator's fixed pace (QEMU's -icount).
 */
#include "machine_port.h"

#define REGISTER(base, offset) (*(volatile uint32_t *)((base) + (offset)))

#define UART_DATA REGISTER(UART0_BASE, 0x00u)
#define UART_STATE REGISTER(UART0_BASE, 0x04u)
#define UART_CTRL REGISTER(UART0_BASE, 0x08u)
#define UART_BAUDDIV REGISTER(UART0_BASE, 0x10u)
#ifdef SSE_COUNTER_BASE
#define COUNTER_CONTROL REGISTER(SSE_COUNTER_BASE, 0x00u)
#define TIMER_COUNT REGISTER(TIMER0_BASE, 0x00u)
#else
#define TIMER_CTRL REGISTER(TIMER0_BASE, 0x00u)
#define TIMER_VALUE REGISTER(TIMER0_BASE, 0x04u)
#define TIMER_RELOAD REGISTER(TIMER0_BASE, 0x08u)
#endif

enum { UART_TX_FULL = 1, UART_RX_FULL = 2, UART_ENABLE_TX_AND_RX = 3, UART_SMALLEST_DIVIDER = 16, TIMER_ENABLE = 1 };

extern uint8_t __bss_end;

void machine_start(void)
{
    UART_BAUDDIV = UART_SMALLEST_DIVIDER;
    UART_CTRL = UART_ENABLE_TX_AND_RX;
    (void)UART_DATA; /* QEMU looks at its line anew only after a read */
#ifdef SSE_COUNTER_BASE
    COUNTER_CONTROL = TIMER_ENABLE;
#else
    TIMER_RELOAD = UINT32_MAX;
    TIMER_VALUE = UINT32_MAX;
    TIMER_CTRL = TIMER_ENABLE;
#endif
}

uint8_t machine_receive(void)
{
    while ((UART_STATE & UART_RX_FULL) == 0) {
    }
    return (uint8_t)UART_DATA;
}

void machine_send(uint8_t byte)
{
    while ((UART_STATE & UART_TX_FULL) != 0) {
    }
    UART_DATA = byte;
}

uint32_t machine_count(void)
{
#ifdef SSE_COUNTER_BASE
    return TIMER_COUNT;
#else
    return UINT32_MAX - TIMER_VALUE; /* it counts down */
#endif
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
