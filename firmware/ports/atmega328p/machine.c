/* SPDX-License-Identifier: MIT */
/*
 * ATmega328P: UART0 at one megabaud, and Timer1 as a counter of cycles.
 */
#include <avr/interrupt.h>
#include <avr/io.h>

#include "machine_port.h"

/* The first instruction in flash, and at 0x34 Timer1's overflow; no other interrupt is ever enabled. */
__asm__(".section .vectors, \"ax\", @progbits\n"
        "    jmp reset\n"
        "    .org 0x34\n"
        "    jmp __vector_13\n"
        ".text\n");

extern uint8_t __bss_end;
static volatile uint32_t overflows;
static uint8_t overflow_cycles; /* that one overflow takes from the program */

/* By hand, so that it takes the same time always: it is taken off every count. */
ISR(TIMER1_OVF_vect, ISR_NAKED)
{
    __asm__ volatile("push r24\n\t"
                     "in   r24, __SREG__\n\t"
                     "push r24\n\t"
                     "lds  r24, %0\n\t"
                     "subi r24, 0xFF\n\t"
                     "sts  %0, r24\n\t"
                     "lds  r24, %0+1\n\t"
                     "sbci r24, 0xFF\n\t"
                     "sts  %0+1, r24\n\t"
                     "lds  r24, %0+2\n\t"
                     "sbci r24, 0xFF\n\t"
                     "sts  %0+2, r24\n\t"
                     "lds  r24, %0+3\n\t"
                     "sbci r24, 0xFF\n\t"
                     "sts  %0+3, r24\n\t"
                     "pop  r24\n\t"
                     "out  __SREG__, r24\n\t"
                     "pop  r24\n\t"
                     "reti"
                     :
                     : "i"(&overflows));
}

static uint16_t count_across_overflow(void)
{
    TCNT1 = 0xFFF0u;
    __builtin_avr_delay_cycles(100);
    return TCNT1;
}

/* Measured, because a chip takes four cycles to enter an interrupt and simavr none. */
static void measure_overflow(void)
{
    const uint16_t without = count_across_overflow();
    TIFR1 = _BV(TOV1);
    TIMSK1 = _BV(TOIE1);
    sei();
    overflow_cycles = (uint8_t)(count_across_overflow() - without);
}

void machine_start(void)
{
    UCSR0A = _BV(U2X0);
    UBRR0 = F_CPU / (8 * 1000000UL) - 1;
    UCSR0B = _BV(RXEN0) | _BV(TXEN0);
    TCCR1A = 0;
    TCCR1B = _BV(CS10);
    measure_overflow();
}

uint8_t machine_receive(void)
{
    while ((UCSR0A & _BV(RXC0)) == 0) {
    }
    return UDR0;
}

void machine_send(uint8_t byte)
{
    while ((UCSR0A & _BV(UDRE0)) == 0) {
    }
    UDR0 = byte;
}

uint32_t machine_count(void)
{
    cli();
    const uint16_t low = TCNT1;
    const uint32_t handled = overflows;
    /* Timer1 may have gone past its end since interrupts are off. */
    const uint8_t is_pending = (TIFR1 & _BV(TOV1)) != 0 && low < 0x8000u;
    sei();
    return ((handled + is_pending) << 16) + low - handled * overflow_cycles;
}

uint32_t machine_in_units(uint32_t difference)
{
    return difference;
}

uint8_t *machine_stack_limit(void)
{
    return &__bss_end;
}
