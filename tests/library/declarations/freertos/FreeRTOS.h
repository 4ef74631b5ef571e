/* What the example uses of FreeRTOS 11's API, as its documentation declares it. */
#ifndef FREERTOS_H
#define FREERTOS_H

#include <stddef.h>
#include <stdint.h>

typedef long BaseType_t;
typedef unsigned long UBaseType_t;
typedef uint32_t TickType_t;
typedef uint16_t configSTACK_DEPTH_TYPE;
typedef void (*TaskFunction_t)(void *);

#define configTICK_RATE_HZ ((TickType_t)1000)
#define pdMS_TO_TICKS(milliseconds) ((TickType_t)(((uint64_t)(milliseconds) * configTICK_RATE_HZ) / 1000u))

#endif
