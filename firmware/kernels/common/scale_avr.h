/* SPDX-License-Identifier: MIT */
/* Requantization of a 24-bit sum on AVR: twelve 8-bit products, and a shift by whole bytes as far as it goes. */
#ifndef KERNELS_SCALE_AVR_H
#define KERNELS_SCALE_AVR_H

#include <stdint.h>

/* For GCC and cores with a multiplier: clang has no 24-bit integers. */
#if defined(__AVR_HAVE_MUL__) && !defined(__clang__)
#define AVR_ASSEMBLY 1

__extension__ typedef __int24 sum24_t;

/* sum * multiplier / 2^(31 + right_shift), rounded twice as TFLM does. `right_shift` is 1 or more. */
static __attribute__((noinline, unused)) int16_t avr_scale(sum24_t sum, uint32_t multiplier, uint8_t right_shift)
{
    /* p = 256 * x for TFLM's x = sum * multiplier / 2^31, a half rounded up: the upper four bytes of seven. */
    int32_t p;
    uint16_t t;
    uint8_t second, third, zero;

    __asm__("lsl  %A[m]\n\t" /* so that the point lies between bytes */
            "rol  %B[m]\n\t"
            "rol  %C[m]\n\t"
            "rol  %D[m]\n\t"
            "clr  %[zero]\n\t"
            /* the lowest byte of the sum */
            "mul  %A[s], %A[m]\n\t"
            "mov  %[second], r1\n\t"
            "mul  %A[s], %C[m]\n\t"
            "mov  %[third], r0\n\t"
            "mov  %A[p], r1\n\t"
            "mul  %A[s], %B[m]\n\t"
            "movw %A[t], r0\n\t"
            "mul  %A[s], %D[m]\n\t"
            "add  %[second], %A[t]\n\t"
            "adc  %[third], %B[t]\n\t"
            "adc  %A[p], r0\n\t"
            "mov  %B[p], r1\n\t"
            "adc  %B[p], %[zero]\n\t"
            "clr  %C[p]\n\t"
            /* the middle one */
            "mul  %B[s], %A[m]\n\t"
            "movw %A[t], r0\n\t"
            "mul  %B[s], %C[m]\n\t"
            "add  %[second], %A[t]\n\t"
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
            : [p] "=&d"(p), [second] "=&r"(second), [t] "=&r"(t), [third] "=&r"(third), [zero] "=&r"(zero),
              [m] "+r"(multiplier), [shift] "+d"(right_shift)
            : [s] "r"(sum)
            : "r0");
    return (int16_t)(p >> 16);
}

#else
#define AVR_ASSEMBLY 0
#endif

#endif
