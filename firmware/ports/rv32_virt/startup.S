/* SPDX-License-Identifier: MIT */
/*
 * Start-up of an RV32 core in machine mode, without interrupts.
 */
    .section .startup, "ax"
    .global reset
reset:
    la   sp, __stack_top
    la   t0, trap
    .insn i 0x73, 1, x0, t0, 0x305  /* csrw mtvec, t0, for assemblers that want an extension named for it */

    la   a0, __data_load
    la   a1, __data_start
    la   a2, __bss_start        /* where .data ends: the linker script puts .bss right behind it */
    j    2f
1:  lw   a3, 0(a0)
    sw   a3, 0(a1)
    addi a0, a0, 4
    addi a1, a1, 4
2:  bltu a1, a2, 1b

    la   a2, __bss_end
    j    4f
3:  sw   zero, 0(a1)
    addi a1, a1, 4
4:  bltu a1, a2, 3b

    call main
hang:
    j    hang

    .align 2                    /* mtvec takes only multiples of four */
trap:
    j    machine_fault

    .weak machine_fault
    .set  machine_fault, hang
