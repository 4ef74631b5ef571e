/* What the example uses of Zephyr 3's API, as its documentation declares it. */
#ifndef ZEPHYR_INCLUDE_KERNEL_H_
#define ZEPHYR_INCLUDE_KERNEL_H_

#include <stdint.h>

typedef struct {
    int64_t ticks;
} k_timeout_t;

#define K_SECONDS(seconds) ((k_timeout_t){.ticks = (int64_t)(seconds) * 100})

int32_t k_sleep(k_timeout_t timeout);

#endif
