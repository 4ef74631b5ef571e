/* SPDX-License-Identifier: MIT */
/*
 * The RP2040's second stage of booting: the boot ROM copies these 256 bytes from the start of the flash to RAM and, if
 * their checksum is right, calls them. They set the flash up so that it can be read like memory, and start the program
 * behind them. Registers are those of chapter 4.10 of the RP2040 data sheet. The command 03h with 8 bits of command
 * and 24 of address is known to every SPI flash; a fourth of 125 MHz is slow enough for each.
 */
    .syntax unified
    .cpu cortex-m0plus
    .thumb

    .equ SSI_BASE, 0x18000000
    .equ SSI_CTRLR0, 0x00
    .equ SSI_CTRLR1, 0x04
    .equ SSI_SSIENR, 0x08
    .equ SSI_BAUDR, 0x14
    .equ SSI_SPI_CTRLR0, 0xf4
    .equ FRAMES_OF_32_BITS_AFTER_A_COMMAND, (31 << 16) | (3 << 8)
    .equ READ_03H, (0x03 << 24) | (2 << 8) | (6 << 2)
    .equ VTOR, 0xe000ed08
    .equ VECTORS, 0x10000100

    .section .boot2, "a"
boot2:
    ldr   r3, =SSI_BASE
    movs  r1, #0
    str   r1, [r3, #SSI_SSIENR]     /* settings can be written only while it is off */
    movs  r2, #4
    str   r2, [r3, #SSI_BAUDR]
    ldr   r2, =FRAMES_OF_32_BITS_AFTER_A_COMMAND
    str   r2, [r3, #SSI_CTRLR0]
    str   r1, [r3, #SSI_CTRLR1]     /* one frame of data a read */
    ldr   r2, =READ_03H
    movs  r0, #SSI_SPI_CTRLR0
    str   r2, [r3, r0]
    movs  r1, #1
    str   r1, [r3, #SSI_SSIENR]

    ldr   r0, =VECTORS
    ldr   r1, =VTOR
    str   r0, [r1]
    ldmia r0!, {r1, r2}
    msr   msp, r1
    bx    r2
    .pool

    .org  252
    .word 0x8fb19858                /* CRC-32 of the bytes before, as in chapter 2.8.1.3.1; a test computes it */
