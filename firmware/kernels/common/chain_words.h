/* SPDX-License-Identifier: MIT */
/* The windows of three pixels as words that hold an input of two pixels each, for chain.h. */
#ifndef KERNELS_CHAIN_WORDS_H
#define KERNELS_CHAIN_WORDS_H

#include "chain.h"

/* Rows of the windows of three pixels; the assembly knows the order of the fields. */
struct chain_fours {
    const int8_t *a;
    const int8_t *b;
    const int8_t *c;
    uint32_t *words;
    const int8_t *end; /* of the first row of `a` */
    size_t rows;       /* one at least */
    size_t skip;       /* bytes from the end of a row to the next, which may lie before it */
    size_t count;      /* inputs of a row, a multiple of four */
};

#if DSP_LOOPS

/* r0 the struct, r1 to r3 the pixels, r4 words, r5 to r7 four inputs of each; lr has eight ones times 2^22. */
#define CHAIN_WORD(word, low, high, place, shift)                                                                      \
    "and " word ",lr," high "," shift "\n\t"                                                                           \
    "uxtab " word "," word "," low ",ror #" place "\n\t"
#define CHAIN_LAST_WORD(word, low, high)                                                                               \
    "and " word ",lr," high ",lsr #2\n\t"                                                                              \
    "add " word "," word "," low ",lsr #24\n\t"

NEVER_INLINE void chain_fours(struct chain_fours *run)
{
    __asm__ volatile("push {r4,r5,r6,r7,r8,r10,r11,lr}\n\t"
                     "mov r0,%[fours]\n\t"
                     "ldm r0,{r1,r2,r3,r4}\n\t"
                     "mov lr,#0x3fc00000\n"
                     "1:\n\t"
                     "ldr r5,[r1],#4\n\t"
                     "ldr r6,[r2],#4\n\t"
                     "ldr r7,[r3],#4\n\t"
                     "eor r5,r5,#0x80808080\n\t" /* from -128..127 to 0..255 */
                     "eor r6,r6,#0x80808080\n\t"
                     "eor r7,r7,#0x80808080\n\t"
                     CHAIN_WORD("r8", "r5", "r6", "0", "lsl #22")
                     CHAIN_WORD("r10", "r6", "r7", "0", "lsl #22")
                     CHAIN_WORD("r11", "r5", "r6", "8", "lsl #14")
                     CHAIN_WORD("r12", "r6", "r7", "8", "lsl #14")
                     "stmia r4!,{r8,r10,r11,r12}\n\t"
                     CHAIN_WORD("r8", "r5", "r6", "16", "lsl #6")
                     CHAIN_WORD("r10", "r6", "r7", "16", "lsl #6")
                     CHAIN_LAST_WORD("r11", "r5", "r6")
                     CHAIN_LAST_WORD("r12", "r6", "r7")
                     "stmia r4!,{r8,r10,r11,r12}\n\t"
                     "ldr r5,[r0,#16]\n\t"
                     "cmp r1,r5\n\t"
                     "bne 1b\n\t"
                     "ldrd r5,r6,[r0,#20]\n\t" /* the next row */
                     "ldr r7,[r0,#28]\n\t"
                     "add r1,r1,r6\n\t"
                     "add r2,r2,r6\n\t"
                     "add r3,r3,r6\n\t"
                     "add r6,r1,r7\n\t"
                     "subs r5,r5,#1\n\t"
                     "strd r6,r5,[r0,#16]\n\t"
                     "bne 1b\n\t"
                     "str r4,[r0,#12]\n\t"
                     "pop {r4,r5,r6,r7,r8,r10,r11,lr}"
                     :
                     : [fours] "r"(run)
                     : "r0", "r1", "r2", "r3", "r12", "cc", "memory");
}

#else

/* Two words for each of four inputs of three pixels. */
static inline uint32_t *chain_four_words(uint32_t a, uint32_t b, uint32_t c, uint32_t *words)
{
    for (unsigned place = 0; place < 4; place++, words += 2) {
        /* From -128..127 to 0..255. */
        const uint32_t xa = (a >> 8 * place & 0xffu) ^ 0x80u, xb = (b >> 8 * place & 0xffu) ^ 0x80u;
        const uint32_t xc = (c >> 8 * place & 0xffu) ^ 0x80u;

        words[0] = xa + (xb << 22);
        words[1] = xb + (xc << 22);
    }
    return words;
}

NEVER_INLINE void chain_fours(struct chain_fours *run)
{
    for (; run->rows > 0; run->rows--) {
        for (size_t i = 0; i < run->count; i += 4) {
            run->words = chain_four_words(load_four(run->a + i), load_four(run->b + i), load_four(run->c + i),
                                          run->words);
        }
        run->a += run->count + run->skip;
        run->b += run->count + run->skip;
        run->c += run->count + run->skip;
    }
}

#endif

/* A window in memory: rows of `pieces` pieces of `count` inputs, with the bytes from one row and one piece to the next.
 * A piece is read, and has weights, up to a multiple of four inputs: those behind it are multiplied by 0. */
struct chain_window {
    size_t rows;
    size_t row_step;
    size_t pieces;
    size_t piece_step;
    size_t count;
};

/* The words of the windows of three pixels, which begin at `starts`; `spread` makes those of some rows. */
ALWAYS_INLINE void chain_words(const struct chain_window *window, const int8_t *const starts[CHAIN_PIXELS],
                               uint32_t *words, void (*spread)(struct chain_fours *))
{
    const bool is_whole = window->pieces == 1;
    const size_t count = (window->count + 3) & ~(size_t)3;
    struct chain_fours run = {NULL, NULL, NULL, words, NULL, 0, 0, count};

    for (size_t row = 0, offset = 0; row < window->rows; row++, offset += window->row_step) {
        run.a = starts[0] + offset;
        run.b = starts[1] + offset;
        run.c = starts[2] + offset;
        run.end = run.a + count;
        run.rows = is_whole ? window->rows : window->pieces;
        run.skip = (is_whole ? window->row_step : window->piece_step) - count;
        spread(&run);
        if (is_whole) {
            return;
        }
    }
}

#endif
