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

/* USB sends a packet for every call of write(): a frame goes as a whole. It ends with a zero, and has no other. */
void machine_send(uint8_t byte)
{
    static uint8_t waiting[64];
    static uint8_t length = 0;

    waiting[length++] = byte;
    if ((byte == 0 && length > 1) || length == sizeof waiting) {
        Serial.write(waiting, length);
        length = 0;
    }
}

#endif

#if MACHINE_UNIT == 1

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
