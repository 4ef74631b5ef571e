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

/* What one overflow takes from the program: 4 cycles of entry, 3 of the jump above, and the handler below. */
enum { OVERFLOW_CYCLES = 4 + 3 + 24 };

extern uint8_t __bss_end;
static volatile uint16_t overflows;

/* By hand, so that its cycles are known: they are taken off every count. */
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
                     "pop  r24\n\t"
                     "out  __SREG__, r24\n\t"
                     "pop  r24\n\t"
                     "reti"
                     :
                     : "i"(&overflows));
}

void machine_start(void)
{
    UCSR0A = _BV(U2X0);
    UBRR0 = F_CPU / (8 * 1000000UL) - 1;
    UCSR0B = _BV(RXEN0) | _BV(TXEN0);
    TCCR1A = 0;
    TCCR1B = _BV(CS10);
    TIMSK1 = _BV(TOIE1);
    sei();
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
    uint16_t low = TCNT1;
    uint16_t high = overflows;
    const uint16_t handled = high;
    if ((TIFR1 & _BV(TOV1)) != 0 && low < 0x8000u) {
        high++; /* Timer1 went past its end since interrupts are off */
    }
    sei();
    return (((uint32_t)high << 16) | low) - (uint32_t)handled * OVERFLOW_CYCLES;
}

uint32_t machine_in_units(uint32_t difference)
{
    return difference;
}

uint8_t *machine_stack_limit(void)
{
    return &__bss_end;
}
