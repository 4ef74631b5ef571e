// Arduino core for ESP32 3.x, whose TFLM is espressif/esp-tflite-micro: exactly the calls that the sketches make.
#ifndef DECLARATIONS_LIBRARY_H
#define DECLARATIONS_LIBRARY_H

#include "../arduino.h"
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

#endif
