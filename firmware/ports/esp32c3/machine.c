/* SPDX-License-Identifier: MIT */
/*
 * ESP32-C3: UART0 as the boot loader left it, at 115200 baud, and the core's counter of cycles. Register names and
 * addresses are those of Espressif's technical reference manual of the chip.
 */
#include "machine_port.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))

#define UART_FIFO REGISTER(0x60000000u)
#define UART_STATUS REGISTER(0x6000001Cu)

#define RTC_CNTL_WDTCONFIG0 REGISTER(0x60008090u)
#define RTC_CNTL_WDTWPROTECT REGISTER(0x600080A8u)
#define RTC_CNTL_SWD_CONF REGISTER(0x600080ACu)
#define RTC_CNTL_SWD_WPROTECT REGISTER(0x600080B0u)
#define TIMG0_WDTCONFIG0 REGISTER(0x6001F048u)
#define TIMG0_WDTWPROTECT REGISTER(0x6001F064u)

#define WDT_KEY 0x50D83AA1u
#define SWD_KEY 0x8F1D312Au
#define SWD_AUTO_FEED 0x80000000u

enum { UART_FIFO_BYTES = 128, UART_COUNT_MASK = 0xFF, UART_TX_COUNT_SHIFT = 16 };

extern uint8_t __bss_end;

/* The boot loader's watchdogs would restart the chip after some seconds. The third can only be told to feed itself. */
static void stop_watchdogs(void)
{
    RTC_CNTL_WDTWPROTECT = WDT_KEY;
    RTC_CNTL_WDTCONFIG0 = 0;
    RTC_CNTL_WDTWPROTECT = 0;

    TIMG0_WDTWPROTECT = WDT_KEY;
    TIMG0_WDTCONFIG0 = 0;
    TIMG0_WDTWPROTECT = 0;

    RTC_CNTL_SWD_WPROTECT = SWD_KEY;
    RTC_CNTL_SWD_CONF |= SWD_AUTO_FEED;
    RTC_CNTL_SWD_WPROTECT = 0;
}

void machine_start(void)
{
    stop_watchdogs();
    /* Espressif's own counter, because the core has no mcycle: count cycles (mpcer), and run (mpcmr). */
    __asm__ volatile(".insn i 0x73, 1, x0, %0, 0x7E0\n\t"
                     ".insn i 0x73, 1, x0, %0, 0x7E1"
                     :
                     : "r"(1));
}

uint8_t machine_receive(void)
{
    while ((UART_STATUS & UART_COUNT_MASK) == 0) {
    }
    return (uint8_t)UART_FIFO;
}

void machine_send(uint8_t byte)
{
    while (((UART_STATUS >> UART_TX_COUNT_SHIFT) & UART_COUNT_MASK) >= UART_FIFO_BYTES - 2) {
    }
    UART_FIFO = byte;
}

uint32_t machine_count(void)
{
    uint32_t count;
    __asm__ volatile(".insn i 0x73, 2, %0, x0, 0x7E2" : "=r"(count)); /* mpccr */
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
