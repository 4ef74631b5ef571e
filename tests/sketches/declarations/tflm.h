// TensorFlow Lite for Microcontrollers as the sketches call it: what is the same in all three libraries.
// The signatures are those of espressif/esp-tflite-micro 1.4.0 and Chirale_TensorFLowLite 2.0.0; the bodies stand in
// fake_board.cpp, where the interpreter answers with the stored vectors and fails on demand.
#ifndef DECLARATIONS_TFLM_H
#define DECLARATIONS_TFLM_H

#include <cstddef>
#include <cstdint>

typedef enum TfLiteStatus { kTfLiteOk = 0, kTfLiteError = 1 } TfLiteStatus;
typedef enum { kTfLiteNoType = 0, kTfLiteFloat32 = 1, kTfLiteUInt8 = 3, kTfLiteInt8 = 9 } TfLiteType;

typedef union TfLitePtrUnion {
  int8_t* int8;
  uint8_t* uint8;
  float* f;
} TfLitePtrUnion;

typedef struct TfLiteQuantizationParams {
  float scale;
  int32_t zero_point;
} TfLiteQuantizationParams;

typedef struct TfLiteTensor {
  TfLiteQuantizationParams params;
  TfLitePtrUnion data;
  size_t bytes;
  TfLiteType type;
} TfLiteTensor;

#define TFLITE_SCHEMA_VERSION (3)

namespace tflite {

struct Model {
  uint32_t version() const;
};
const Model* GetModel(const void* buffer);

class MicroOpResolver {
 protected:
  TfLiteStatus add(unsigned int capacity);
  unsigned int count_ = 0;
};

class MicroInterpreter {
 public:
  MicroInterpreter(const Model* model, const MicroOpResolver& op_resolver, uint8_t* tensor_arena,
                   size_t tensor_arena_size);
  ~MicroInterpreter();
  TfLiteStatus AllocateTensors();
  TfLiteStatus Invoke();
  TfLiteStatus Reset();
  TfLiteTensor* input(size_t index);
  TfLiteTensor* output(size_t index);
  size_t inputs_size() const;
  size_t outputs_size() const;
  size_t arena_used_bytes() const;

 private:
  size_t arena_bytes_;
};

}  // namespace tflite

// The methods of MicroMutableOpResolver that both libraries have, each as METHOD(name).
#define METHODS_OF_BOTH(METHOD)                                                                                       \
  METHOD(AddAbs) METHOD(AddAdd) METHOD(AddAddN) METHOD(AddArgMax) METHOD(AddArgMin) METHOD(AddAssignVariable)         \
  METHOD(AddAveragePool2D) METHOD(AddBatchToSpaceNd) METHOD(AddBroadcastArgs) METHOD(AddBroadcastTo)                  \
  METHOD(AddCallOnce) METHOD(AddCast) METHOD(AddCeil) METHOD(AddConcatenation) METHOD(AddConv2D) METHOD(AddCos)       \
  METHOD(AddCumSum) METHOD(AddDepthToSpace) METHOD(AddDepthwiseConv2D) METHOD(AddDequantize) METHOD(AddDiv)           \
  METHOD(AddElu) METHOD(AddEqual) METHOD(AddExp) METHOD(AddExpandDims) METHOD(AddFill) METHOD(AddFloor)               \
  METHOD(AddFloorDiv) METHOD(AddFloorMod) METHOD(AddFullyConnected) METHOD(AddGather) METHOD(AddGatherNd)             \
  METHOD(AddGreater) METHOD(AddGreaterEqual) METHOD(AddHardSwish) METHOD(AddIf) METHOD(AddL2Normalization)            \
  METHOD(AddL2Pool2D) METHOD(AddLeakyRelu) METHOD(AddLess) METHOD(AddLessEqual) METHOD(AddLog) METHOD(AddLogSoftmax)  \
  METHOD(AddLogicalAnd) METHOD(AddLogicalNot) METHOD(AddLogicalOr) METHOD(AddLogistic) METHOD(AddMaxPool2D)           \
  METHOD(AddMaximum) METHOD(AddMean) METHOD(AddMinimum) METHOD(AddMirrorPad) METHOD(AddMul) METHOD(AddNeg)            \
  METHOD(AddNotEqual) METHOD(AddPack) METHOD(AddPad) METHOD(AddPadV2) METHOD(AddPrelu) METHOD(AddQuantize)            \
  METHOD(AddReadVariable) METHOD(AddReduceMax) METHOD(AddRelu) METHOD(AddRelu6) METHOD(AddReshape)                    \
  METHOD(AddResizeBilinear) METHOD(AddResizeNearestNeighbor) METHOD(AddRound) METHOD(AddRsqrt) METHOD(AddSelectV2)    \
  METHOD(AddShape) METHOD(AddSin) METHOD(AddSlice) METHOD(AddSoftmax) METHOD(AddSpaceToBatchNd)                       \
  METHOD(AddSpaceToDepth) METHOD(AddSplit) METHOD(AddSplitV) METHOD(AddSqrt) METHOD(AddSquare)                        \
  METHOD(AddSquaredDifference) METHOD(AddSqueeze) METHOD(AddStridedSlice) METHOD(AddSub) METHOD(AddSum)               \
  METHOD(AddSvdf) METHOD(AddTanh) METHOD(AddTranspose) METHOD(AddTransposeConv)                                       \
  METHOD(AddUnidirectionalSequenceLSTM) METHOD(AddUnpack) METHOD(AddVarHandle) METHOD(AddWhile) METHOD(AddZerosLike)

#define RESOLVER_METHOD(name) \
  TfLiteStatus name() { return add(tOpCount); }

#endif
