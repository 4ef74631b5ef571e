#ifndef INC_TASK_H
#define INC_TASK_H

#include "FreeRTOS.h"

typedef struct tskTaskControlBlock *TaskHandle_t;

#define tskIDLE_PRIORITY ((UBaseType_t)0u)

BaseType_t xTaskCreate(TaskFunction_t task, const char *const name, const configSTACK_DEPTH_TYPE stack_words,
                       void *const parameters, UBaseType_t priority, TaskHandle_t *const created);
void vTaskDelay(const TickType_t ticks);
void vTaskStartScheduler(void);

#endif
