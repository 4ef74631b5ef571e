/* SPDX-License-Identifier: MIT */
#include "measure.h"

#include <stddef.h>

#include "machine.h"
#include "model_io.h"

typedef void model_function(MODEL_IO_PARAMETERS);

#if MACHINE_UNIT == 1 && defined(__AVR__)
enum { COST_OF_RETURN = 4 }; /* cycles of RET */
#elif MACHINE_UNIT == 2
enum { COST_OF_RETURN = 1 };
#else
enum { COST_OF_RETURN = 0 };
#endif

/* Called in the model's place, so that what the measurement itself costs can be taken off exactly. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
static __attribute__((noinline)) void do_nothing(MODEL_IO_PARAMETERS)
{
    __asm__ volatile("");
}
#pragma GCC diagnostic pop

static __attribute__((noinline)) uint32_t count_call(model_function *volatile function, const int8_t *in, int8_t *out)
{
    model_function *const called = function;
    const uint32_t start = machine_count();
    MODEL_IO_CALL(called, in, out);
    return machine_count() - start;
}

uint32_t measure_invoke(const int8_t *inputs, int8_t *outputs)
{
    static uint16_t overhead;
    static uint8_t is_calibrated;

    if (!is_calibrated) {
        overhead = (uint16_t)count_call(do_nothing, inputs, outputs);
        is_calibrated = 1;
    }
    const uint32_t difference = count_call(MODEL_IO_INVOKE, inputs, outputs);
    return machine_in_units(difference > overhead ? difference - overhead : 0) + COST_OF_RETURN;
}

#ifdef MODEL_IO_LAYERS
static uint32_t *layer_counts;
static uint32_t layer_start;

__attribute__((noinline)) void MODEL_IO_LAYER_DONE(uint16_t layer)
{
    const uint32_t count = machine_count() - layer_start;
    if (layer_counts != NULL) {
        layer_counts[layer] = count;
    }
    layer_start = machine_count();
}

void measure_layers(const int8_t *inputs, int8_t *outputs, uint32_t *counts)
{
    uint32_t overhead;

    /* Two calls in a row: what the second one counts is what the measurement itself costs. */
    layer_counts = &overhead;
    MODEL_IO_LAYER_DONE(0);
    MODEL_IO_LAYER_DONE(0);
    layer_counts = counts;
    MODEL_IO_LAYER_DONE(0);
    MODEL_IO_CALL(MODEL_IO_INVOKE, inputs, outputs);
    layer_counts = NULL;
    for (uint16_t layer = 0; layer < MODEL_IO_LAYERS; layer++) {
        counts[layer] = machine_in_units(counts[layer] > overhead ? counts[layer] - overhead : 0);
    }
}
#endif

#ifdef PROTOCOL_MEASURES_STACK
#if defined(__AVR__)
#include <avr/interrupt.h>
#include <avr/io.h>
/* SP is the next free byte there, and an interrupt would use the painted stack. */
#define READ_STACK_POINTER(pointer) ((pointer) = (uint8_t *)(SP + 1u))
#define INTERRUPTS_OFF() cli()
#define INTERRUPTS_ON() sei()
#else
#define READ_STACK_POINTER(pointer) __asm__ volatile("mv %0, sp" : "=r"(pointer))
#if defined(__arm__)
#undef READ_STACK_POINTER
#define READ_STACK_POINTER(pointer) __asm__ volatile("mov %0, sp" : "=r"(pointer))
#endif
#define INTERRUPTS_OFF() (void)0
#define INTERRUPTS_ON() (void)0
#endif

enum { PAINTED_AT_MOST = 0x4000 };

static __attribute__((noinline)) uint32_t stack_below_here(uint8_t paint, const int8_t *in, int8_t *out)
{
    volatile uint8_t *top;

    READ_STACK_POINTER(top);
    volatile uint8_t *lowest = machine_stack_limit();
    if ((uintptr_t)top - (uintptr_t)lowest > PAINTED_AT_MOST) {
        lowest = top - PAINTED_AT_MOST;
    }
    for (volatile uint8_t *byte = lowest; byte != top; byte++) {
        *byte = paint;
    }
    MODEL_IO_CALL(MODEL_IO_INVOKE, in, out);
    while (lowest != top && *lowest == paint) {
        lowest++;
    }
    return (uint32_t)((uintptr_t)top - (uintptr_t)lowest);
}

uint32_t measure_stack(const int8_t *inputs, int8_t *outputs)
{
    /* Two paints: the deepest byte that the model writes may happen to equal one of them. */
    INTERRUPTS_OFF();
    const uint32_t first = stack_below_here(0xA5, inputs, outputs);
    const uint32_t second = stack_below_here(0x5A, inputs, outputs);
    INTERRUPTS_ON();
    return first > second ? first : second;
}
#endif
