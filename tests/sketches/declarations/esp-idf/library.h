// espressif/esp-tflite-micro 1.4.0 and ESP-IDF 5.1: exactly the calls that the sketches make.
#ifndef DECLARATIONS_LIBRARY_H
#define DECLARATIONS_LIBRARY_H

#include "../tflm.h"

namespace tflite {

template <unsigned int tOpCount>
class MicroMutableOpResolver : public MicroOpResolver {
 public:
  METHODS_OF_BOTH(RESOLVER_METHOD)
  RESOLVER_METHOD(AddBatchMatMul)
  RESOLVER_METHOD(AddDynamicUpdateSlice)
  RESOLVER_METHOD(AddEmbeddingLookup)
  RESOLVER_METHOD(AddReduceAll)
  RESOLVER_METHOD(AddReduceMin)
  RESOLVER_METHOD(AddReverseV2)
};

}  // namespace tflite

typedef uint32_t TickType_t;
#define pdMS_TO_TICKS(milliseconds) ((TickType_t)((milliseconds) / 10))

extern "C" {
void vTaskDelay(const TickType_t ticks);
int64_t esp_timer_get_time(void);
void app_main(void);
}

#endif
