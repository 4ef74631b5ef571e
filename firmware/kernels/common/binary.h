/* SPDX-License-Identifier: MIT */
/* Operators on the elements of two int8 arrays: one walk for all of them, with broadcasting.
 *
 * `operate` is a constant in every call, so that the compiler folds it into the loop. */
#ifndef KERNELS_BINARY_H
#define KERNELS_BINARY_H

#include <stdbool.h>

#include "port.h"

/* The stored output of two stored inputs. */
typedef int8_t binary_operator_s8(const void *parameters, int8_t first, int8_t second);

/* Nested loops over the output, the outermost first; those that a model does not need come first and turn once. An
 * input moves on by its step each time that a loop turns: by 0 if its elements repeat there. */
#define BROADCAST_LOOPS 6
struct broadcast {
    size_t count[BROADCAST_LOOPS];
    size_t first_step[BROADCAST_LOOPS];
    size_t second_step[BROADCAST_LOOPS];
};

/* Three arrays of one size; `out` may be `first` or `second`. */
ALWAYS_INLINE void binary_s8(binary_operator_s8 *operate, const void *parameters, const int8_t *first,
                             bool first_is_in_flash, const int8_t *second, bool second_is_in_flash, int8_t *out,
                             size_t count)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = operate(parameters, operand_read_s8(&first[i], first_is_in_flash),
                         operand_read_s8(&second[i], second_is_in_flash));
    }
}

/* `out` may be an input of the output's size. */
ALWAYS_INLINE void binary_broadcast_s8(binary_operator_s8 *operate, const void *parameters,
                                       const struct broadcast *broadcast, const int8_t *first, bool first_is_in_flash,
                                       const int8_t *second, bool second_is_in_flash, int8_t *out)
{
    struct broadcast loops;
    size_t turns[BROADCAST_LOOPS] = {0};
    size_t first_at = 0, second_at = 0;
    uint_fast8_t loop;

    flash_copy(&loops, broadcast, sizeof loops);
    do {
        size_t i = first_at, j = second_at;
        loop = BROADCAST_LOOPS - 1;
        for (size_t left = loops.count[loop]; left > 0; left--) {
            *out++ = operate(parameters, operand_read_s8(&first[i], first_is_in_flash),
                             operand_read_s8(&second[j], second_is_in_flash));
            i += loops.first_step[loop];
            j += loops.second_step[loop];
        }
        /* The innermost of the other loops that has turns left; those inside it begin again. */
        while (loop > 0) {
            loop--;
            first_at += loops.first_step[loop];
            second_at += loops.second_step[loop];
            if (++turns[loop] < loops.count[loop]) {
                loop = BROADCAST_LOOPS;
                break;
            }
            turns[loop] = 0;
            first_at -= loops.first_step[loop] * loops.count[loop];
            second_at -= loops.second_step[loop] * loops.count[loop];
        }
    } while (loop > 0);
}

#endif
