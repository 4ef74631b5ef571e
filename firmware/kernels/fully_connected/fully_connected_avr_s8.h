/* SPDX-License-Identifier: MIT */
/* Dense layers on int8 with 24-bit sums, for the 8-bit multiplier of AVR; the layout and the structs are those of
 * fully_connected.h. The host proves that no sum leaves 24 bits, that every scale shifts right, and that a scaled sum
 * fits 16 bits. */
#ifndef KERNELS_FULLY_CONNECTED_AVR_S8_H
#define KERNELS_FULLY_CONNECTED_AVR_S8_H

#include "fully_connected_s8.h"

#include "../common/scale_avr.h"

#if AVR_ASSEMBLY

/* One product: MULS leaves its sign in the carry, and SBC of a register from itself spreads that over a byte. */
#define AVR_MULTIPLY_ADD                                                                                               \
    "ld   r22, X+\n\t"                                                                                                 \
    "lpm  r23, Z+\n\t"                                                                                                 \
    "muls r23, r22\n\t"                                                                                                \
    "sbc  r23, r23\n\t"                                                                                                \
    "add  %A[sum], r0\n\t"                                                                                             \
    "adc  %B[sum], r1\n\t"                                                                                             \
    "adc  %C[sum], r23\n\t"

/* The sum of a row from its bias on; both pointers go on to the next row. The operands may be in any register, and the
 * pointer registers are loaded inside: a compiler that keeps a frame pointer has too few of them to choose. */
ALWAYS_INLINE sum24_t avr_dot_product(const int8_t **weights, const int32_t **bias, const int8_t *in, size_t inputs)
{
    sum24_t sum;

    __asm__ volatile("movw r30, %[bias]\n\t"
                     "lpm  %A[sum], Z+\n\t"
                     "lpm  %B[sum], Z+\n\t"
                     "lpm  %C[sum], Z+\n\t" /* the fourth byte only repeats the sign */
                     "adiw r30, 1\n\t"
                     "movw %[bias], r30\n\t"
                     "movw r30, %[weights]\n\t"
                     "movw r26, %[in]\n\t"
                     "movw r24, %[count]\n\t"
                     "lsr  r25\n\t" /* two products a turn, and one before where they are odd */
                     "ror  r24\n\t"
                     "brcc 1f\n\t" AVR_MULTIPLY_ADD
                     "1:\n\t"
                     "sbiw r24, 1\n\t"
                     "brcs 3f\n"
                     "2:\n\t" AVR_MULTIPLY_ADD AVR_MULTIPLY_ADD
                     "sbiw r24, 1\n\t"
                     "brcc 2b\n"
                     "3:\n\t"
                     "movw %[weights], r30\n\t"
                     "clr  r1"
                     : [sum] "=&r"(sum), [weights] "+r"(*weights), [bias] "+r"(*bias)
                     : [in] "r"(in), [count] "r"(inputs)
                     : "r0", "r22", "r23", "r24", "r25", "r26", "r27", "r30", "r31", "memory");
    return sum;
}

static inline int8_t avr_clamp(int16_t x, int8_t min, int8_t max)
{
    return x < min ? min : x > max ? max : (int8_t)x;
}

static inline void fully_connected_avr_s8(const struct fully_connected_s8 *layer, const int8_t *in, int8_t *out)
{
    struct fully_connected_s8 p;
    flash_copy(&p, layer, sizeof p);

    for (const int8_t *const end = out + p.outputs; out != end; out++) {
        const sum24_t sum = avr_dot_product(&p.weights, &p.bias, in, p.inputs);
        const int16_t scaled = avr_scale(sum, (uint32_t)p.multiplier, (uint8_t)-p.shift);
        *out = avr_clamp((int16_t)(scaled + p.output_zero_point), p.output_min, p.output_max);
    }
}

static inline void fully_connected_avr_per_channel_s8(const struct fully_connected_per_channel_s8 *layer,
                                                      const int8_t *in, int8_t *out)
{
    struct fully_connected_per_channel_s8 p;
    flash_copy(&p, layer, sizeof p);

    for (const int8_t *const end = out + p.outputs; out != end; out++) {
        const sum24_t sum = avr_dot_product(&p.weights, &p.bias, in, p.inputs);
        const uint32_t multiplier = (uint32_t)flash_read_s32(p.multipliers++);
        const int16_t scaled = avr_scale(sum, multiplier, (uint8_t)-flash_read_s8(p.shifts++));
        *out = avr_clamp((int16_t)(scaled + p.output_zero_point), p.output_min, p.output_max);
    }
}

#else

static inline void fully_connected_avr_s8(const struct fully_connected_s8 *layer, const int8_t *in, int8_t *out)
{
    fully_connected_s8(layer, in, out);
}

static inline void fully_connected_avr_per_channel_s8(const struct fully_connected_per_channel_s8 *layer,
                                                      const int8_t *in, int8_t *out)
{
    fully_connected_per_channel_s8(layer, in, out);
}

#endif

#endif
