/* SPDX-License-Identifier: MIT */
/*
 * A Raspberry Pi Pico (RP2040) and Pico 2 (RP2350): crystal and PLL, UART0 at GP0 (out) and GP1 (in), a counter of
 * microseconds or, on the Pico 2, of cycles. Registers are those of the chips' data sheets. What a clock is waited for
 * ends: without the PLL the chip runs at the crystal's 12 MHz, from which the UART has its clock always.
 */
#include "machine_port.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define BIT(number) (1u << (number))

#ifdef RP2350
#include "cycle_counter.h"
#define CLOCKS 0x40010000u
#define RESETS 0x40020000u
#define IO_BANK0 0x40028000u
#define PADS_BANK0 0x40038000u
#define XOSC 0x40048000u
#define PLL_SYS 0x40050000u
#define UART0 0x40070000u
#define RESET_PINS (BIT(6) | BIT(9))
#define RESET_PLL BIT(14)
#define RESET_UART BIT(26)
#define PLL_DIVIDERS ((5u << 16) | (2u << 12)) /* 1500 MHz to 150 MHz */
#else
#define CLOCKS 0x40008000u
#define RESETS 0x4000C000u
#define IO_BANK0 0x40014000u
#define PADS_BANK0 0x4001C000u
#define XOSC 0x40024000u
#define PLL_SYS 0x40028000u
#define UART0 0x40034000u
#define TIMER 0x40054000u
#define WATCHDOG 0x40058000u
#define RESET_PINS (BIT(5) | BIT(8))
#define RESET_PLL BIT(12)
#define RESET_TIMER BIT(21)
#define RESET_UART BIT(22)
#define PLL_DIVIDERS ((6u << 16) | (2u << 12)) /* 1500 MHz to 125 MHz */
#define WATCHDOG_TICK REGISTER(WATCHDOG + 0x2Cu)
#define TIMER_MICROSECONDS REGISTER(TIMER + 0x28u)
#define TICK_EVERY_12 (12u | BIT(9))
#endif

#define RESET_DONE REGISTER(RESETS + 0x08u)
#define RESET_SET REGISTER(RESETS + 0x2000u)
#define RESET_CLEAR REGISTER(RESETS + 0x3000u)
#define XOSC_CTRL REGISTER(XOSC)
#define XOSC_STATUS REGISTER(XOSC + 0x04u)
#define XOSC_STARTUP REGISTER(XOSC + 0x0Cu)
#define CLK_REF_CTRL REGISTER(CLOCKS + 0x30u)
#define CLK_REF_SELECTED REGISTER(CLOCKS + 0x38u)
#define CLK_SYS_CTRL REGISTER(CLOCKS + 0x3Cu)
#define CLK_SYS_SELECTED REGISTER(CLOCKS + 0x44u)
#define CLK_PERI_CTRL REGISTER(CLOCKS + 0x48u)
#define PLL_CS REGISTER(PLL_SYS)
#define PLL_POWER_DOWN REGISTER(PLL_SYS + 0x04u)
#define PLL_FEEDBACK REGISTER(PLL_SYS + 0x08u)
#define PLL_PRIM REGISTER(PLL_SYS + 0x0Cu)
#define PAD(number) REGISTER(PADS_BANK0 + 4u + 4u * (number))
#define FUNCTION(number) REGISTER(IO_BANK0 + 4u + 8u * (number))
#define UART_DATA REGISTER(UART0)
#define UART_FLAGS REGISTER(UART0 + 0x18u)
#define UART_BAUD_INTEGER REGISTER(UART0 + 0x24u)
#define UART_BAUD_64THS REGISTER(UART0 + 0x28u)
#define UART_LINE REGISTER(UART0 + 0x2Cu)
#define UART_CTRL REGISTER(UART0 + 0x30u)

#define XOSC_ON (0xFAB000u | 0xAA0u) /* enabled; 1 to 15 MHz */
#define XOSC_MILLISECOND 47u         /* times 256 cycles of 12 MHz */
#define STABLE BIT(31)
#define LOCKED BIT(31)
#define REF_FROM_XOSC 2u
#define SYS_FROM_REF 0u
#define SYS_FROM_PLL 1u
#define PERI_FROM_XOSC (BIT(11) | (4u << 5))
#define PLL_TIMES_125 125u /* 12 MHz to 1500 MHz */
#define PLL_UNUSED_POWER_DOWN BIT(2)
#define PLL_DIVIDERS_POWER_DOWN BIT(3)
#define UART_RX_EMPTY BIT(4)
#define UART_TX_FULL BIT(5)
#define UART_8N1_WITH_FIFOS (BIT(4) | (3u << 5))
#define UART_ON (BIT(0) | BIT(8) | BIT(9))
/* 12 MHz / 16 / 115200 = 6.51 */
#define BAUD_INTEGER 6u
#define BAUD_64THS 33u

enum { PATIENCE = 100000, FUNCTION_UART = 2 };
/* Input enabled, 4 mA, pulled up as an idle line is, Schmitt trigger; on the RP2350 no longer isolated. */
#define PAD_OF_A_LINE 0x5Au

extern uint8_t __bss_end;

/* Whether all of `bits` become set. */
static int comes(const volatile uint32_t *status, uint32_t bits)
{
    for (uint32_t looks = 0; looks < PATIENCE; looks++) {
        if ((*status & bits) == bits) {
            return 1;
        }
    }
    return 0;
}

/* A block answers once its clock runs. */
static void release(uint32_t blocks)
{
    RESET_CLEAR = blocks;
    (void)comes(&RESET_DONE, blocks);
}

static void start_clocks(void)
{
    CLK_SYS_CTRL = SYS_FROM_REF; /* whatever ran before may have left it on a PLL */
    (void)comes(&CLK_SYS_SELECTED, BIT(SYS_FROM_REF));
    XOSC_STARTUP = XOSC_MILLISECOND;
    XOSC_CTRL = XOSC_ON;
    if (!comes(&XOSC_STATUS, STABLE)) {
        return;
    }
    CLK_REF_CTRL = REF_FROM_XOSC;
    (void)comes(&CLK_REF_SELECTED, BIT(REF_FROM_XOSC));
    CLK_PERI_CTRL = PERI_FROM_XOSC;

    RESET_SET = RESET_PLL;
    release(RESET_PLL);
    PLL_CS = 1; /* the crystal as it is */
    PLL_FEEDBACK = PLL_TIMES_125;
    PLL_POWER_DOWN = PLL_UNUSED_POWER_DOWN | PLL_DIVIDERS_POWER_DOWN;
    if (comes(&PLL_CS, LOCKED)) {
        PLL_PRIM = PLL_DIVIDERS;
        PLL_POWER_DOWN = PLL_UNUSED_POWER_DOWN;
        CLK_SYS_CTRL = SYS_FROM_PLL;
        (void)comes(&CLK_SYS_SELECTED, BIT(SYS_FROM_PLL));
    }
}

static void start_line(uint32_t pin)
{
    FUNCTION(pin) = FUNCTION_UART;
    PAD(pin) = PAD_OF_A_LINE;
}

void machine_start(void)
{
    start_clocks();
    release(RESET_PINS | RESET_UART);
    start_line(0);
    start_line(1);
    UART_BAUD_INTEGER = BAUD_INTEGER;
    UART_BAUD_64THS = BAUD_64THS;
    UART_LINE = UART_8N1_WITH_FIFOS;
    UART_CTRL = UART_ON;
#ifdef RP2350
    cycle_counter_start();
#else
    release(RESET_TIMER);
    WATCHDOG_TICK = TICK_EVERY_12;
#endif
}

uint8_t machine_receive(void)
{
    while ((UART_FLAGS & UART_RX_EMPTY) != 0) {
    }
    return (uint8_t)UART_DATA;
}

void machine_send(uint8_t byte)
{
    while ((UART_FLAGS & UART_TX_FULL) != 0) {
    }
    UART_DATA = byte;
}

uint32_t machine_count(void)
{
#ifdef RP2350
    return CYCLE_COUNTER;
#else
    return TIMER_MICROSECONDS;
#endif
}

uint32_t machine_in_units(uint32_t difference)
{
    return difference;
}

uint8_t *machine_stack_limit(void)
{
    return &__bss_end;
}
