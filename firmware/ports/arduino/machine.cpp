/* SPDX-License-Identifier: MIT */
/*
 * What the protocol needs of an Arduino board: a byte to `Serial`, and a counter.
 */
#include "machine.h"

#include <Arduino.h>

#include "model_io.h"

#if defined(__AVR__)

void machine_send(uint8_t byte)
{
    Serial.write(byte);
}

#else

#ifndef MACHINE_LAST_BYTE
#define MACHINE_LAST_BYTE 0
#endif

/* USB sends a packet for every call of write(): a frame goes as a whole. It ends with this byte, and has no other. */
void machine_send(uint8_t byte)
{
    static uint8_t waiting[64];
    static uint8_t length = 0;

    waiting[length++] = byte;
    if ((byte == MACHINE_LAST_BYTE && length > 1) || length == sizeof waiting) {
        Serial.write(waiting, length);
        length = 0;
    }
}

#endif

#if MACHINE_UNIT == 1 && defined(__AVR__)

/*
 * Timer1 counts single cycles but only 16 bits of them; micros() counts on, in steps of 64 cycles. Together they are
 * exact. Arduino's clock interrupt is in the count. Takes Timer1 away from analogWrite() on two pins: for simavr only.
 */
uint32_t machine_count(void)
{
    static uint16_t phase;
    const uint32_t about = micros() * (F_CPU / 1000000UL);
    const uint16_t now = TCNT1;

    if (TCCR1B != _BV(CS10)) {
        TCCR1A = 0;
        TCCR1B = _BV(CS10);
        phase = static_cast<uint16_t>(TCNT1 - about);
        return about;
    }
    return about + static_cast<uint32_t>(static_cast<int32_t>(static_cast<int16_t>(now - phase - about)));
}

#elif MACHINE_UNIT == 1

/* The cycle counter of a Cortex-M by its addresses, because not every core of Arduino brings CMSIS along. */
static volatile uint32_t *const debug_control = reinterpret_cast<volatile uint32_t *>(0xE000EDFCu);
static volatile uint32_t *const trace_control = reinterpret_cast<volatile uint32_t *>(0xE0001000u);
static volatile uint32_t *const cycle_counter = reinterpret_cast<volatile uint32_t *>(0xE0001004u);

uint32_t machine_count(void)
{
    if ((*trace_control & 1u) == 0) {
        *debug_control |= 1u << 24;
        *trace_control |= 1u;
    }
    return *cycle_counter;
}

#else

uint32_t machine_count(void)
{
    return micros();
}

#endif

uint32_t machine_in_units(uint32_t difference)
{
    return difference;
}
