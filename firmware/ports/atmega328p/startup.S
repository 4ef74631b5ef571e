/* SPDX-License-Identifier: MIT */
/*
 * Start-up of an ATmega without interrupts; a firmware that has some puts its vectors before this (see machine.c).
 */
#include <avr/io.h>

    .section .startup, "ax"
    .global reset
reset:
    clr  r1                     /* what compiled code expects: r1 is zero */
    out  _SFR_IO_ADDR(SREG), r1
    ldi  r28, lo8(RAMEND)       /* a boot loader may have moved the stack */
    ldi  r29, hi8(RAMEND)
    out  _SFR_IO_ADDR(SPH), r29
    out  _SFR_IO_ADDR(SPL), r28

    ldi  r26, lo8(__data_start)
    ldi  r27, hi8(__data_start)
    ldi  r30, lo8(__data_load)
    ldi  r31, hi8(__data_load)
    ldi  r24, hi8(__bss_start)  /* where .data ends: the linker script puts .bss right behind it */
    rjmp 2f
1:  lpm  r0, Z+
    st   X+, r0
2:  cpi  r26, lo8(__bss_start)
    cpc  r27, r24
    brne 1b

    ldi  r24, hi8(__bss_end)
    rjmp 4f
3:  st   X+, r1
4:  cpi  r26, lo8(__bss_end)
    cpc  r27, r24
    brne 3b

    call main
    cli
hang:
    sleep                       /* with interrupts off: the emulator ends here */
    rjmp hang
