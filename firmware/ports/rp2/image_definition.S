/* SPDX-License-Identifier: MIT */
/*
 * The block by which the RP2350's boot ROM knows a program for its Arm cores in secure state (chapter 5.9.5.1 of the
 * data sheet). It lies in the first 4 KB of the flash, behind the table of vectors, with which the program begins.
 */
    .section .startup.image_definition, "a"
    .word 0xffffded3    /* start of a block */
    .word 0x10210142    /* one item, of one word: executable, Arm, secure, RP2350 */
    .word 0x000001ff    /* the last item; the others together have one word */
    .word 0             /* the next block is this one */
    .word 0xab123579    /* end of a block */
