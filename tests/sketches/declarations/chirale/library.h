// Chirale_TensorFLowLite 2.0.0: exactly the calls that the sketches make.
// Its first header must be included first: without it the Arduino IDE does not find the others.
#ifndef DECLARATIONS_LIBRARY_H
#define DECLARATIONS_LIBRARY_H

#ifndef CHIRALE_HEADER_CAME_FIRST
#error "include <Chirale_TensorFlowLite.h> before any other header of the library"
#endif

#include "../arduino.h"
#include "../tflm.h"

namespace tflite {

template <unsigned int tOpCount>
class MicroMutableOpResolver : public MicroOpResolver {
 public:
  METHODS_OF_BOTH(RESOLVER_METHOD)
};

}  // namespace tflite

#endif
