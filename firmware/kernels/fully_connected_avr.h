/* Dense layers on int8 with 24-bit sums, for the 8-bit multiplier of AVR; the layout and the structs are those of
 * fully_connected.h. The host proves that no sum leaves 24 bits, that every scale shifts right, and that a scaled sum
 * fits 16 bits. */
#ifndef KERNELS_FULLY_CONNECTED_AVR_H
#define KERNELS_FULLY_CONNECTED_AVR_H

#include "fully_connected.h"

#if defined(__AVR__)

__extension__ typedef __int24 sum24_t;

/* One product: MULS leaves its sign in the carry, and SBC of a register from itself spreads that over a byte. */
#define AVR_MULTIPLY_ADD                                                                                               \
    "ld   %[x], %a[in]+\n\t"                                                                                           \
    "lpm  %[w], Z+\n\t"                                                                                                \
    "muls %[w], %[x]\n\t"                                                                                              \
    "sbc  %[w], %[w]\n\t"                                                                                              \
    "add  %A[sum], r0\n\t"                                                                                             \
    "adc  %B[sum], r1\n\t"                                                                                             \
    "adc  %C[sum], %[w]\n\t"

/* The sum of a row from its bias on; both pointers go on to the next row. */
ALWAYS_INLINE sum24_t avr_dot_product(const int8_t **weights, const int32_t **bias, const int8_t *in, size_t inputs)
{
    sum24_t sum;
    int8_t w, x;

    __asm__ volatile("movw r30, %[bias]\n\t"
                     "lpm  %A[sum], Z+\n\t"
                     "lpm  %B[sum], Z+\n\t"
                     "lpm  %C[sum], Z+\n\t" /* the fourth byte only repeats the sign */
                     "adiw r30, 1\n\t"
                     "movw %[bias], r30\n\t"
                     "movw r30, %[weights]\n\t"
                     "lsr  %B[count]\n\t" /* two products a turn, and one before where they are odd */
                     "ror  %A[count]\n\t"
                     "brcc 1f\n\t" AVR_MULTIPLY_ADD
                     "1:\n\t"
                     "sbiw %[count], 1\n\t"
                     "brcs 3f\n"
                     "2:\n\t" AVR_MULTIPLY_ADD AVR_MULTIPLY_ADD
                     "sbiw %[count], 1\n\t"
                     "brcc 2b\n"
                     "3:\n\t"
                     "movw %[weights], r30\n\t"
                     "clr  r1"
                     : [sum] "=&r"(sum), [w] "=&d"(w), [x] "=&d"(x), [in] "+e"(in), [count] "+w"(inputs),
                       [weights] "+r"(*weights), [bias] "+r"(*bias)
                     :
                     : "r0", "r30", "r31", "memory");
    return sum;
}

/* sum * multiplier / 2^(31 + right_shift), rounded twice as TFLM does. `right_shift` is 1 or more. */
static __attribute__((noinline)) int16_t avr_scale(sum24_t sum, uint32_t multiplier, uint8_t right_shift)
{
    /* p = 256 * x for TFLM's x = sum * multiplier / 2^31, a half rounded up: the upper four bytes of seven. */
    int32_t p;
    uint16_t low, t;
    uint8_t third, zero;

    __asm__("lsl  %A[m]\n\t" /* so that the point lies between bytes */
            "rol  %B[m]\n\t"
            "rol  %C[m]\n\t"
            "rol  %D[m]\n\t"
            "clr  %[zero]\n\t"
            /* the lowest byte of the sum */
            "mul  %A[s], %A[m]\n\t"
            "movw %A[low], r0\n\t"
            "mul  %A[s], %C[m]\n\t"
            "mov  %[third], r0\n\t"
            "mov  %A[p], r1\n\t"
            "mul  %A[s], %B[m]\n\t"
            "movw %A[t], r0\n\t"
            "mul  %A[s], %D[m]\n\t"
            "add  %B[low], %A[t]\n\t"
            "adc  %[third], %B[t]\n\t"
            "adc  %A[p], r0\n\t"
            "mov  %B[p], r1\n\t"
            "adc  %B[p], %[zero]\n\t"
            "clr  %C[p]\n\t"
            /* the middle one */
            "mul  %B[s], %A[m]\n\t"
            "movw %A[t], r0\n\t"
            "mul  %B[s], %C[m]\n\t"
            "add  %B[low], %A[t]\n\t"
            "adc  %[third], %B[t]\n\t"
            "adc  %A[p], r0\n\t"
            "adc  %B[p], r1\n\t"
            "adc  %C[p], %[zero]\n\t"
            "mul  %B[s], %B[m]\n\t"
            "movw %A[t], r0\n\t"
            "mul  %B[s], %D[m]\n\t"
            "clr  %D[p]\n\t"
            "add  %[third], %A[t]\n\t"
            "adc  %A[p], %B[t]\n\t"
            "adc  %B[p], r0\n\t"
            "adc  %C[p], r1\n\t"
            "adc  %D[p], %[zero]\n\t"
            /* the highest one, as if it had no sign */
            "mul  %C[s], %A[m]\n\t"
            "movw %A[t], r0\n\t"
            "mul  %C[s], %C[m]\n\t"
            "add  %[third], %A[t]\n\t"
            "adc  %A[p], %B[t]\n\t"
            "adc  %B[p], r0\n\t"
            "adc  %C[p], r1\n\t"
            "adc  %D[p], %[zero]\n\t"
            "mul  %C[s], %B[m]\n\t"
            "movw %A[t], r0\n\t"
            "mul  %C[s], %D[m]\n\t"
            "add  %A[p], %A[t]\n\t"
            "adc  %B[p], %B[t]\n\t"
            "adc  %C[p], r0\n\t"
            "adc  %D[p], r1\n\t"
            "clr  r1\n\t"
            "sbrs %C[s], 7\n\t"
            "rjmp 1f\n\t"
            /* A negative sum counted as sum + 2^24. Of x, one step more: a half below zero then rounds down. */
            "sub  %A[p], %A[m]\n\t"
            "sbc  %B[p], %B[m]\n\t"
            "sbc  %C[p], %C[m]\n\t"
            "sbc  %D[p], %D[m]\n\t"
            "subi %B[p], 1\n\t"
            "sbci %C[p], 0\n\t"
            "sbci %D[p], 0\n"
            "1:\n\t"
            "subi %A[p], 0x80\n\t" /* the high multiply's rounding */
            "sbci %B[p], 0xff\n\t"
            "sbci %C[p], 0xff\n\t"
            "sbci %D[p], 0xff\n\t"
            "subi %[shift], 8\n\t" /* shift so that the upper two bytes are the answer */
            "breq 4f\n\t"
            "brpl 3f\n"
            "2:\n\t"
            "lsl  %A[p]\n\t"
            "rol  %B[p]\n\t"
            "rol  %C[p]\n\t"
            "rol  %D[p]\n\t"
            "inc  %[shift]\n\t"
            "brne 2b\n\t"
            "rjmp 4f\n"
            "3:\n\t"
            "asr  %D[p]\n\t"
            "ror  %C[p]\n\t"
            "ror  %B[p]\n\t"
            "dec  %[shift]\n\t"
            "brne 3b\n"
            "4:\n\t"
            "lsl  %B[p]\n\t" /* the shift's rounding */
            "adc  %C[p], %[zero]\n\t"
            "adc  %D[p], %[zero]"
            : [p] "=&d"(p), [low] "=&r"(low), [t] "=&r"(t), [third] "=&r"(third), [zero] "=&r"(zero),
              [m] "+r"(multiplier), [shift] "+d"(right_shift)
            : [s] "r"(sum)
            : "r0");
    return (int16_t)(p >> 16);
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
