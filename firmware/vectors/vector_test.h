/* SPDX-License-Identifier: MIT */
/* Compares what a model answers with stored vectors, and prints where they differ; for one source, the model's test.
 *
 * The texts go to putchar(). Where there is no <stdio.h>, define VECTOR_TEST_PUT as a function of your own that takes a
 * character: -DVECTOR_TEST_PUT=uart_put. */
#ifndef VECTOR_TEST_H
#define VECTOR_TEST_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef VECTOR_TEST_PUT
int VECTOR_TEST_PUT(int character);
#else
#include <stdio.h>
#define VECTOR_TEST_PUT putchar
#endif

/* One run over all vectors: which model, and how many of how many are wrong. */
struct vector_test {
    const char *model;
    uint16_t vectors;
    uint16_t wrong;
    uint16_t first_wrong; /* counted from 1; 0: none */
    uint16_t last_wrong;
};

static inline void vector_test_text(const char *text)
{
    while (*text != '\0') {
        (void)VECTOR_TEST_PUT(*text++);
    }
}

static inline void vector_test_number(int32_t number)
{
    char digits[12];
    uint8_t place = sizeof digits - 1;
    uint32_t left = number < 0 ? 0u - (uint32_t)number : (uint32_t)number;

    digits[place] = '\0';
    do {
        digits[--place] = (char)('0' + left % 10u);
        left /= 10u;
    } while (left > 0);
    if (number < 0) {
        digits[--place] = '-';
    }
    vector_test_text(&digits[place]);
}

/* A stored number of 1, 2 or 4 bytes; of longer ones the lower half. */
static inline int32_t vector_test_value(const void *from, size_t bytes)
{
    int8_t byte;
    int16_t half;
    int32_t word;

    memcpy(&byte, from, sizeof byte);
    if (bytes == 1) {
        return byte;
    }
    memcpy(&half, from, sizeof half);
    if (bytes == 2) {
        return half;
    }
    memcpy(&word, from, sizeof word);
    return word;
}

/* Compares `count` numbers of an output, `bytes` each, with those expected of vector `n`; prints the first that differs.
 * A vector with several wrong outputs counts once. */
static inline void vector_test_compare(struct vector_test *test, uint16_t n, const char *output, const void *actual,
                                       const void *expected, size_t count, size_t bytes)
{
    for (size_t i = 0; i < count; i++) {
        const uint8_t *got = (const uint8_t *)actual + i * bytes;
        const uint8_t *wanted = (const uint8_t *)expected + i * bytes;
        size_t same = 0;
        while (same < bytes && got[same] == wanted[same]) {
            same++;
        }
        if (same == bytes) {
            continue;
        }
        vector_test_text(test->model);
        vector_test_text(": vector ");
        vector_test_number((int32_t)n + 1);
        vector_test_text(": ");
        vector_test_text(output);
        vector_test_text("[");
        vector_test_number((int32_t)i);
        vector_test_text("] is ");
        vector_test_number(vector_test_value(got, bytes));
        vector_test_text(" instead of ");
        vector_test_number(vector_test_value(wanted, bytes));
        vector_test_text("\n");
        if (test->last_wrong != n + 1u) {
            test->wrong++;
        }
        test->last_wrong = (uint16_t)(n + 1u);
        if (test->first_wrong == 0) {
            test->first_wrong = test->last_wrong;
        }
        return;
    }
}

/* Prints the verdict; 0 if all vectors pass, else 1, for main() to return. */
static inline int vector_test_end(const struct vector_test *test)
{
    vector_test_text(test->model);
    if (test->wrong == 0) {
        vector_test_text(": PASS, ");
        vector_test_number(test->vectors);
        vector_test_text(" vectors\n");
        return 0;
    }
    vector_test_text(": FAIL, ");
    vector_test_number(test->wrong);
    vector_test_text(" of ");
    vector_test_number(test->vectors);
    vector_test_text(" vectors, the first is ");
    vector_test_number(test->first_wrong);
    vector_test_text("\n");
    return 1;
}

#endif
