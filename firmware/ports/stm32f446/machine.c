/* SPDX-License-Identifier: MIT */
/*
 * The STM32F446RE of a Nucleo-64: 180 MHz, USART2, which the board's ST-LINK hands on to USB, and the counter of cycles.
 * Registers and sequences are those of ST's reference manual RM0390. What a clock is waited for ends: without the
 * ST-LINK's 8 MHz the chip runs on its own oscillator, and where no PLL locks at 16 MHz.
 */
#include "cycle_counter.h"
#include "machine_port.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))

#define RCC_CR REGISTER(0x40023800u)
#define RCC_PLLCFGR REGISTER(0x40023804u)
#define RCC_CFGR REGISTER(0x40023808u)
#define RCC_AHB1ENR REGISTER(0x40023830u)
#define RCC_APB1ENR REGISTER(0x40023840u)
#define PWR_CR REGISTER(0x40007000u)
#define PWR_CSR REGISTER(0x40007004u)
#define FLASH_ACR REGISTER(0x40023C00u)
#define GPIOA_MODER REGISTER(0x40020000u)
#define GPIOA_AFRL REGISTER(0x40020020u)
#define USART2_SR REGISTER(0x40004400u)
#define USART2_DR REGISTER(0x40004404u)
#define USART2_BRR REGISTER(0x40004408u)
#define USART2_CR1 REGISTER(0x4000440Cu)

#define BIT(number) (1u << (number))
#define RCC_HSEON BIT(16)
#define RCC_HSERDY BIT(17)
#define RCC_HSEBYP BIT(18)
#define RCC_PLLON BIT(24)
#define RCC_PLLRDY BIT(25)
#define RCC_GPIOA BIT(0)
#define RCC_USART2 BIT(17)
#define RCC_PWR BIT(28)
#define PLL_SOURCE_HSE BIT(22)
#define PWR_OVER_DRIVE BIT(16)
#define PWR_OVER_DRIVE_SWITCH BIT(17)
#define USART_RXNE BIT(5)
#define USART_TXE BIT(7)
#define USART_RE BIT(2)
#define USART_TE BIT(3)
#define USART_UE BIT(13)

/* From an input of 2 MHz: times 180, by 2; the outputs of USB and I2S stay within their limits. */
#define PLL_TO_180_MHZ ((180u << 6) | (8u << 24) | (2u << 28))
/* APB1 a fourth (45 MHz), APB2 a half (90 MHz), the system from the PLL. */
#define BUSES ((5u << 10) | (4u << 13))
#define FROM_PLL 2u
#define FROM_PLL_NOW (2u << 2)
/* Five wait states at 150 to 180 MHz and 2.7 V, with prefetch and both caches. */
#define FLASH_AT_180_MHZ (5u | BIT(8) | BIT(9) | BIT(10))

#define HSI_HZ 16000000u
#define APB1_HZ 45000000u
#define BAUD 115200u

enum { PATIENCE = 100000 }; /* looks at a register: some tens of milliseconds at 16 MHz */

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

/* Returns the clock of the bus on which the USART is. */
static uint32_t start_clocks(void)
{
    RCC_CR |= RCC_HSEBYP;
    RCC_CR |= RCC_HSEON;
    RCC_PLLCFGR = PLL_TO_180_MHZ | (comes(&RCC_CR, RCC_HSERDY) ? PLL_SOURCE_HSE | 4u : 8u);

    RCC_APB1ENR |= RCC_PWR;
    RCC_CR |= RCC_PLLON;
    PWR_CR |= PWR_OVER_DRIVE;
    if (!comes(&PWR_CSR, PWR_OVER_DRIVE)) {
        return HSI_HZ;
    }
    PWR_CR |= PWR_OVER_DRIVE_SWITCH;
    if (!comes(&PWR_CSR, PWR_OVER_DRIVE_SWITCH) || !comes(&RCC_CR, RCC_PLLRDY)) {
        return HSI_HZ;
    }
    FLASH_ACR = FLASH_AT_180_MHZ;
    RCC_CFGR = BUSES;
    RCC_CFGR = BUSES | FROM_PLL;
    return comes(&RCC_CFGR, FROM_PLL_NOW) ? APB1_HZ : HSI_HZ / 4;
}

void machine_start(void)
{
    const uint32_t usart_hz = start_clocks();

    RCC_AHB1ENR |= RCC_GPIOA;
    RCC_APB1ENR |= RCC_USART2;
    GPIOA_MODER = (GPIOA_MODER & ~0xF0u) | 0xA0u; /* PA2 and PA3 belong to a peripheral, */
    GPIOA_AFRL = (GPIOA_AFRL & ~0xFF00u) | 0x7700u; /* number 7: USART2 */
    USART2_BRR = (usart_hz + BAUD / 2) / BAUD;
    USART2_CR1 = USART_UE | USART_TE | USART_RE;
    cycle_counter_start();
}

uint8_t machine_receive(void)
{
    while ((USART2_SR & USART_RXNE) == 0) {
    }
    return (uint8_t)USART2_DR; /* after a look at SR this also forgets an overrun */
}

void machine_send(uint8_t byte)
{
    while ((USART2_SR & USART_TXE) == 0) {
    }
    USART2_DR = byte;
}

uint32_t machine_count(void)
{
    return CYCLE_COUNTER;
}

uint32_t machine_in_units(uint32_t difference)
{
    return difference;
}

uint8_t *machine_stack_limit(void)
{
    return &__bss_end;
}
