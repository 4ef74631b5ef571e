/* SPDX-License-Identifier: MIT */
/*
 * Start-up of a program on the ESP32-C3: the boot loader has filled .data; interrupts stay off.
 */
    .section .startup, "ax"
    .align 8                    /* mtvec takes only multiples of 256 on this core */
trap:
    j    machine_fault

    .global reset
reset:
    .insn i 0x73, 7, x0, x8, 0x300  /* csrci mstatus, 8, for assemblers that want an extension named for it */
    la   sp, __stack_top
    la   t0, trap
    .insn i 0x73, 1, x0, t0, 0x305  /* csrw mtvec, t0 */

    la   a1, __bss_start
    la   a2, __bss_end
    j    2f
1:  sw   zero, 0(a1)
    addi a1, a1, 4
2:  bltu a1, a2, 1b

    call main
hang:
    j    hang

    .weak machine_fault
    .set  machine_fault, hang
