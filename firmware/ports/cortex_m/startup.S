/* SPDX-License-Identifier: MIT */
/*
 * Start-up of any Cortex-M without interrupts, in the instructions that all of them share.
 * The table ends with HardFault: no other exception is ever enabled, and every fault escalates to that one.
 */
    .syntax unified
    .thumb

    .section .vectors, "a"
    .word __stack_top
    .word reset
    .word machine_fault         /* NMI */
    .word machine_fault         /* HardFault */

    .section .startup, "ax"
    .global reset
    .thumb_func
reset:
    ldr   r0, =__data_load
    ldr   r1, =__data_start
    ldr   r2, =__bss_start      /* where .data ends: the linker script puts .bss right behind it */
    b     2f
1:  ldmia r0!, {r3}
    stmia r1!, {r3}
2:  cmp   r1, r2
    blo   1b

    ldr   r2, =__bss_end
    movs  r3, #0
    b     4f
3:  stmia r1!, {r3}
4:  cmp   r1, r2
    blo   3b

#if defined(__ARM_FEATURE_MVE) || (defined(__ARM_FP) && !defined(__SOFTFP__))
    ldr   r0, =0xe000ed88       /* CPACR: the compiler was told to use floats or vectors, which are off after reset */
    ldr   r1, [r0]
    movs  r2, #0xf
    lsls  r2, r2, #20
    orrs  r1, r1, r2
    str   r1, [r0]
    dsb
    isb
#endif

    bl    main
    .thumb_func
hang:
    b     hang

    .weak machine_fault
    .thumb_set machine_fault, hang
    .pool
