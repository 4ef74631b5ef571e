/* Sums of products, two rows of weights in one multiply.
 *
 * A lane of 16 bits holds the weights of two rows as 256 * wA + wB. One SMLAD on such a word adds two inputs' products
 * to V = 256 * SA + SB, and SXTB16 of the same word leaves wB for a second SMLAD that adds them to SB. In the end
 * 256 * SA = V - SB, exactly: what wraps on the way does not matter while SA and SB themselves fit 24 bits, which the
 * host proves from the weights. That is one load, one SXTB16 and two SMLADs for four products. */
#ifndef KERNELS_DUAL_ROWS_H
#define KERNELS_DUAL_ROWS_H

#include "dsp.h"

static inline uint32_t load_four(const int8_t *in)
{
    uint32_t four;
    memcpy(&four, in, sizeof four);
    return four;
}

/* One to three inputs, and zeros. */
static inline uint32_t load_rest(const int8_t *in, size_t count)
{
    uint32_t rest = 0;
    while (count--) {
        rest = rest << 8 | (uint8_t)in[count];
    }
    return rest;
}

/* Four inputs as two words of two 16-bit lanes: (0, 2) and (1, 3), the order in which SXTB16 takes them. */
static inline void spread_inputs(const int8_t *in, size_t inputs, int32_t *lanes)
{
    const int8_t *const last = in + (inputs & ~(size_t)3);

    for (; in != last; in += 4, lanes += 2) {
        const uint32_t four = load_four(in);
        lanes[0] = (int32_t)even_bytes(four);
        lanes[1] = (int32_t)odd_bytes(four);
    }
    if (inputs & 3u) {
        const uint32_t rest = load_rest(in, inputs & 3u);
        lanes[0] = (int32_t)even_bytes(rest);
        lanes[1] = (int32_t)odd_bytes(rest);
    }
}

/* Of sums that may have wrapped. */
static inline int32_t difference(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)a - (uint32_t)b);
}

/* Adds `groups` of four inputs to the sums of four rows; returns where the next rows' weights begin. */
static inline const uint32_t *add_quad(const uint32_t *weights, const int32_t *lanes, size_t groups, int32_t sums[4])
{
#if DSP_INSTRUCTIONS
    /* Four groups a turn; the first turn enters where as many groups are left as a whole number of turns lacks.
     * A group is 14 instructions of 4 bytes. */
    register size_t skipped_bytes __asm__("r8") = (-groups & 3u) * 56u;
    const int32_t *const end = lanes + 2 * groups;
    int32_t a = sums[0], b = sums[1], c = sums[2], d = sums[3];

    __asm__("add     pc, %[skipped]\n\t" /* pc reads as the address of label 1 */
            "nop\n"
            "1:\n\t"
            ".rept 4\n\t"
            "ldmia.w %[weights]!, {r3, r4, r5, r6}\n\t"
            "ldrd    r8, r10, [%[lanes]], #8\n\t"
            "smlad   %[a], r3, r8, %[a]\n\t"
            "sxtb16  r3, r3\n\t"
            "smlad   %[b], r3, r8, %[b]\n\t"
            "smlad   %[a], r4, r10, %[a]\n\t"
            "sxtb16  r4, r4\n\t"
            "smlad   %[b], r4, r10, %[b]\n\t"
            "smlad   %[c], r5, r8, %[c]\n\t"
            "sxtb16  r5, r5\n\t"
            "smlad   %[d], r5, r8, %[d]\n\t"
            "smlad   %[c], r6, r10, %[c]\n\t"
            "sxtb16  r6, r6\n\t"
            "smlad   %[d], r6, r10, %[d]\n\t"
            ".endr\n\t"
            "cmp     %[lanes], %[end]\n\t"
            "bne     1b"
            : [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [d] "+r"(d), [weights] "+r"(weights), [lanes] "+r"(lanes),
              [skipped] "+r"(skipped_bytes)
            : [end] "r"(end)
            : "r3", "r4", "r5", "r6", "r10", "cc", "memory");
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
#else
    for (; groups; groups--, lanes += 2) {
        for (size_t word = 0; word < 4; word++, weights++) {
            int32_t *const pair = &sums[word & 2u];
            const uint32_t inputs = (uint32_t)lanes[word & 1u];
            pair[0] = dual_multiply_add(*weights, inputs, pair[0]);
            pair[1] = dual_multiply_add(even_bytes(*weights), inputs, pair[1]);
        }
    }
#endif
    return weights;
}

static inline int32_t add_four(uint32_t weights, uint32_t inputs, int32_t sum)
{
    sum = dual_multiply_add(even_bytes(weights), even_bytes(inputs), sum);
    return dual_multiply_add(odd_bytes(weights), odd_bytes(inputs), sum);
}

#endif
