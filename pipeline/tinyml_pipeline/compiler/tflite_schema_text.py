"""The parts of TensorFlow Lite's schema that the compiler reads: tables with their fields in slot order, and enums.

A field is `Name:type`, with `=default` unless that is 0; `[type]` is a vector; `-` is a slot that nothing reads.
An enum counts from 0; `NAME=n` jumps. tests/compiler/test_tflite_schema.py holds every line against TFLM's own schema.
"""

TABLES = """
Model { Version:uint32 OperatorCodes:[OperatorCode] Subgraphs:[SubGraph] Description:string Buffers:[Buffer]
    MetadataBuffer:[int32] Metadata:[Metadata] SignatureDefs:[SignatureDef] -
    }
SubGraph { Tensors:[Tensor] Inputs:[int32] Outputs:[int32] Operators:[Operator] Name:string
    DebugMetadataIndex:int32=-1 }
Tensor { Shape:[int32] Type:int8 Buffer:uint32 Name:string Quantization:QuantizationParameters IsVariable:bool
    Sparsity:SparsityParameters ShapeSignature:[int32] HasRank:bool -
    ExternalBuffer:uint32 }
Operator { OpcodeIndex:uint32 Inputs:[int32] Outputs:[int32] BuiltinOptionsType:uint8 BuiltinOptions:union
    CustomOptions:[uint8] CustomOptionsFormat:int8 MutatingVariableInputs:[bool] Intermediates:[int32]
    LargeCustomOptionsOffset:uint64 LargeCustomOptionsSize:uint64 BuiltinOptions2Type:uint8 BuiltinOptions2:union
    DebugMetadataIndex:int32=-1 }
OperatorCode { DeprecatedBuiltinCode:int8 CustomCode:string Version:int32=1 BuiltinCode:int32 }
Buffer { Data:[uint8] Offset:uint64 Size:uint64 }
QuantizationParameters { Min:[float32] Max:[float32] Scale:[float32] ZeroPoint:[int64] DetailsType:uint8 Details:union
    QuantizedDimension:int32 }
SparsityParameters { TraversalOrder:[int32] BlockMap:[int32] DimMetadata:[DimensionMetadata] }
DimensionMetadata { Format:int8 DenseSize:int32 ArraySegmentsType:uint8 ArraySegments:union ArrayIndicesType:uint8
    ArrayIndices:union }
SignatureDef { Inputs:[TensorMap] Outputs:[TensorMap] SignatureKey:string - SubgraphIndex:uint32 }
TensorMap { Name:string TensorIndex:uint32 }
Metadata { Name:string Buffer:uint32 }
Conv2DOptions { Padding:int8 StrideW:int32 StrideH:int32 FusedActivationFunction:int8 DilationWFactor:int32=1
    DilationHFactor:int32=1 QuantizedBiasType:int8 }
DepthwiseConv2DOptions { Padding:int8 StrideW:int32 StrideH:int32 DepthMultiplier:int32 FusedActivationFunction:int8
    DilationWFactor:int32=1 DilationHFactor:int32=1 }
ConcatEmbeddingsOptions { NumChannels:int32 NumColumnsPerChannel:[int32] EmbeddingDimPerChannel:[int32] }
LSHProjectionOptions { Type:int8 }
Pool2DOptions { Padding:int8 StrideW:int32 StrideH:int32 FilterWidth:int32 FilterHeight:int32
    FusedActivationFunction:int8 }
SVDFOptions { Rank:int32 FusedActivationFunction:int8 AsymmetricQuantizeInputs:bool }
RNNOptions { FusedActivationFunction:int8 AsymmetricQuantizeInputs:bool }
FullyConnectedOptions { FusedActivationFunction:int8 WeightsFormat:int8 KeepNumDims:bool AsymmetricQuantizeInputs:bool
    QuantizedBiasType:int8 QuantSpec:[uint8] }
SoftmaxOptions { Beta:float32 }
ConcatenationOptions { Axis:int32 FusedActivationFunction:int8 }
AddOptions { FusedActivationFunction:int8 PotScaleInt16:bool=True }
L2NormOptions { FusedActivationFunction:int8 }
LocalResponseNormalizationOptions { Radius:int32 Bias:float32 Alpha:float32 Beta:float32 }
LSTMOptions { FusedActivationFunction:int8 CellClip:float32 ProjClip:float32 KernelType:int8
    AsymmetricQuantizeInputs:bool }
ResizeBilinearOptions { - - AlignCorners:bool HalfPixelCenters:bool }
CallOptions { Subgraph:uint32 }
ReshapeOptions { NewShape:[int32] }
SkipGramOptions { NgramSize:int32 MaxSkipSize:int32 IncludeAllNgrams:bool }
SpaceToDepthOptions { BlockSize:int32 }
EmbeddingLookupSparseOptions { Combiner:int8 }
MulOptions { FusedActivationFunction:int8 }
PadOptions { }
GatherOptions { Axis:int32 BatchDims:int32 }
BatchToSpaceNDOptions { }
SpaceToBatchNDOptions { }
TransposeOptions { }
ReducerOptions { KeepDims:bool }
SubOptions { FusedActivationFunction:int8 PotScaleInt16:bool=True }
DivOptions { FusedActivationFunction:int8 }
SqueezeOptions { SqueezeDims:[int32] }
SequenceRNNOptions { TimeMajor:bool FusedActivationFunction:int8 AsymmetricQuantizeInputs:bool }
StridedSliceOptions { BeginMask:int32 EndMask:int32 EllipsisMask:int32 NewAxisMask:int32 ShrinkAxisMask:int32
    Offset:bool }
ExpOptions { }
TopKV2Options { }
SplitOptions { NumSplits:int32 }
LogSoftmaxOptions { }
CastOptions { InDataType:int8 OutDataType:int8 }
DequantizeOptions { }
MaximumMinimumOptions { }
ArgMaxOptions { OutputType:int8 }
LessOptions { }
NegOptions { }
PadV2Options { }
GreaterOptions { }
GreaterEqualOptions { }
LessEqualOptions { }
SelectOptions { }
SliceOptions { }
TransposeConvOptions { Padding:int8 StrideW:int32 StrideH:int32 FusedActivationFunction:int8 QuantizedBiasType:int8 }
SparseToDenseOptions { ValidateIndices:bool }
TileOptions { }
ExpandDimsOptions { }
EqualOptions { }
NotEqualOptions { }
ShapeOptions { OutType:int8 }
PowOptions { }
ArgMinOptions { OutputType:int8 }
FakeQuantOptions { Min:float32 Max:float32 NumBits:int32 NarrowRange:bool }
PackOptions { ValuesCount:int32 Axis:int32 }
LogicalOrOptions { }
OneHotOptions { Axis:int32 }
LogicalAndOptions { }
LogicalNotOptions { }
UnpackOptions { Num:int32 Axis:int32 }
FloorDivOptions { }
SquareOptions { }
ZerosLikeOptions { }
FillOptions { }
BidirectionalSequenceLSTMOptions { FusedActivationFunction:int8 CellClip:float32 ProjClip:float32 MergeOutputs:bool
    TimeMajor:bool=True AsymmetricQuantizeInputs:bool }
BidirectionalSequenceRNNOptions { TimeMajor:bool FusedActivationFunction:int8 MergeOutputs:bool
    AsymmetricQuantizeInputs:bool }
UnidirectionalSequenceLSTMOptions { FusedActivationFunction:int8 CellClip:float32 ProjClip:float32 TimeMajor:bool
    AsymmetricQuantizeInputs:bool DiagonalRecurrentTensors:bool }
FloorModOptions { }
RangeOptions { }
ResizeNearestNeighborOptions { AlignCorners:bool HalfPixelCenters:bool }
LeakyReluOptions { Alpha:float32 }
SquaredDifferenceOptions { }
MirrorPadOptions { Mode:int8 }
AbsOptions { }
SplitVOptions { NumSplits:int32 }
UniqueOptions { IdxOutType:int8=2 }
ReverseV2Options { }
AddNOptions { }
GatherNdOptions { }
CosOptions { }
WhereOptions { }
RankOptions { }
ReverseSequenceOptions { SeqDim:int32 BatchDim:int32 }
MatrixDiagOptions { }
QuantizeOptions { }
MatrixSetDiagOptions { }
HardSwishOptions { }
IfOptions { ThenSubgraphIndex:int32 ElseSubgraphIndex:int32 }
WhileOptions { CondSubgraphIndex:int32 BodySubgraphIndex:int32 }
DepthToSpaceOptions { BlockSize:int32 }
NonMaxSuppressionV4Options { }
NonMaxSuppressionV5Options { }
ScatterNdOptions { }
SelectV2Options { }
DensifyOptions { }
SegmentSumOptions { }
BatchMatMulOptions { AdjX:bool AdjY:bool AsymmetricQuantizeInputs:bool }
CumsumOptions { Exclusive:bool Reverse:bool }
CallOnceOptions { InitSubgraphIndex:int32 }
BroadcastToOptions { }
Rfft2dOptions { }
Conv3DOptions { Padding:int8 StrideD:int32 StrideW:int32 StrideH:int32 FusedActivationFunction:int8
    DilationDFactor:int32=1 DilationWFactor:int32=1 DilationHFactor:int32=1 }
HashtableOptions { TableId:int32 KeyDtype:int8 ValueDtype:int8 }
HashtableFindOptions { }
HashtableImportOptions { }
HashtableSizeOptions { }
VarHandleOptions { Container:string SharedName:string }
ReadVariableOptions { }
AssignVariableOptions { }
RandomOptions { Seed:int64 Seed2:int64 }
BucketizeOptions { Boundaries:[float32] }
GeluOptions { Approximate:bool }
DynamicUpdateSliceOptions { }
UnsortedSegmentProdOptions { }
UnsortedSegmentMaxOptions { }
UnsortedSegmentMinOptions { }
UnsortedSegmentSumOptions { }
ATan2Options { }
SignOptions { }
BitcastOptions { }
BitwiseXorOptions { }
RightShiftOptions { }
"""

ENUMS = """
TensorType { FLOAT32 FLOAT16 INT32 UINT8 INT64 STRING BOOL INT16 COMPLEX64 INT8 FLOAT64 COMPLEX128 UINT64 RESOURCE
    VARIANT UINT32 UINT16 INT4 BFLOAT16 INT2 UINT4 FLOAT8_E4M3FN FLOAT8_E5M2 }
BuiltinOperator { ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE
    EMBEDDING_LOOKUP FLOOR FULLY_CONNECTED HASHTABLE_LOOKUP L2_NORMALIZATION L2_POOL_2D LOCAL_RESPONSE_NORMALIZATION
    LOGISTIC LSH_PROJECTION LSTM MAX_POOL_2D MUL RELU RELU_N1_TO_1 RELU6 RESHAPE RESIZE_BILINEAR RNN SOFTMAX
    SPACE_TO_DEPTH SVDF TANH CONCAT_EMBEDDINGS SKIP_GRAM CALL CUSTOM EMBEDDING_LOOKUP_SPARSE PAD
    UNIDIRECTIONAL_SEQUENCE_RNN GATHER BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND TRANSPOSE MEAN SUB DIV SQUEEZE
    UNIDIRECTIONAL_SEQUENCE_LSTM STRIDED_SLICE BIDIRECTIONAL_SEQUENCE_RNN EXP TOPK_V2 SPLIT LOG_SOFTMAX DELEGATE
    BIDIRECTIONAL_SEQUENCE_LSTM CAST PRELU MAXIMUM ARG_MAX MINIMUM LESS NEG PADV2 GREATER GREATER_EQUAL LESS_EQUAL
    SELECT SLICE SIN TRANSPOSE_CONV SPARSE_TO_DENSE TILE EXPAND_DIMS EQUAL NOT_EQUAL LOG SUM SQRT RSQRT SHAPE POW
    ARG_MIN FAKE_QUANT REDUCE_PROD REDUCE_MAX PACK LOGICAL_OR ONE_HOT LOGICAL_AND LOGICAL_NOT UNPACK REDUCE_MIN
    FLOOR_DIV REDUCE_ANY SQUARE ZEROS_LIKE FILL FLOOR_MOD RANGE RESIZE_NEAREST_NEIGHBOR LEAKY_RELU SQUARED_DIFFERENCE
    MIRROR_PAD ABS SPLIT_V UNIQUE CEIL REVERSE_V2 ADD_N GATHER_ND COS WHERE RANK ELU REVERSE_SEQUENCE MATRIX_DIAG
    QUANTIZE MATRIX_SET_DIAG ROUND HARD_SWISH IF WHILE NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 SCATTER_ND
    SELECT_V2 DENSIFY SEGMENT_SUM BATCH_MATMUL PLACEHOLDER_FOR_GREATER_OP_CODES CUMSUM CALL_ONCE BROADCAST_TO RFFT2D
    CONV_3D IMAG REAL COMPLEX_ABS HASHTABLE HASHTABLE_FIND HASHTABLE_IMPORT HASHTABLE_SIZE REDUCE_ALL
    CONV_3D_TRANSPOSE VAR_HANDLE READ_VARIABLE ASSIGN_VARIABLE BROADCAST_ARGS RANDOM_STANDARD_NORMAL BUCKETIZE
    RANDOM_UNIFORM MULTINOMIAL GELU DYNAMIC_UPDATE_SLICE RELU_0_TO_1 UNSORTED_SEGMENT_PROD UNSORTED_SEGMENT_MAX
    UNSORTED_SEGMENT_SUM ATAN2 UNSORTED_SEGMENT_MIN SIGN BITCAST BITWISE_XOR RIGHT_SHIFT STABLEHLO_LOGISTIC
    STABLEHLO_ADD STABLEHLO_DIVIDE STABLEHLO_MULTIPLY STABLEHLO_MAXIMUM STABLEHLO_RESHAPE STABLEHLO_CLAMP
    STABLEHLO_CONCATENATE STABLEHLO_BROADCAST_IN_DIM STABLEHLO_CONVOLUTION STABLEHLO_SLICE STABLEHLO_CUSTOM_CALL
    STABLEHLO_REDUCE STABLEHLO_ABS STABLEHLO_AND STABLEHLO_COSINE STABLEHLO_EXPONENTIAL STABLEHLO_FLOOR STABLEHLO_LOG
    STABLEHLO_MINIMUM STABLEHLO_NEGATE STABLEHLO_OR STABLEHLO_POWER STABLEHLO_REMAINDER STABLEHLO_RSQRT
    STABLEHLO_SELECT STABLEHLO_SUBTRACT STABLEHLO_TANH STABLEHLO_SCATTER STABLEHLO_COMPARE STABLEHLO_CONVERT
    STABLEHLO_DYNAMIC_SLICE STABLEHLO_DYNAMIC_UPDATE_SLICE STABLEHLO_PAD STABLEHLO_IOTA STABLEHLO_DOT_GENERAL
    STABLEHLO_REDUCE_WINDOW STABLEHLO_SORT STABLEHLO_WHILE STABLEHLO_GATHER STABLEHLO_TRANSPOSE DILATE
    STABLEHLO_RNG_BIT_GENERATOR REDUCE_WINDOW STABLEHLO_COMPOSITE STABLEHLO_SHIFT_LEFT STABLEHLO_CBRT STABLEHLO_CASE }
BuiltinOptions { NONE Conv2DOptions DepthwiseConv2DOptions ConcatEmbeddingsOptions LSHProjectionOptions Pool2DOptions
    SVDFOptions RNNOptions FullyConnectedOptions SoftmaxOptions ConcatenationOptions AddOptions L2NormOptions
    LocalResponseNormalizationOptions LSTMOptions ResizeBilinearOptions CallOptions ReshapeOptions SkipGramOptions
    SpaceToDepthOptions EmbeddingLookupSparseOptions MulOptions PadOptions GatherOptions BatchToSpaceNDOptions
    SpaceToBatchNDOptions TransposeOptions ReducerOptions SubOptions DivOptions SqueezeOptions SequenceRNNOptions
    StridedSliceOptions ExpOptions TopKV2Options SplitOptions LogSoftmaxOptions CastOptions DequantizeOptions
    MaximumMinimumOptions ArgMaxOptions LessOptions NegOptions PadV2Options GreaterOptions GreaterEqualOptions
    LessEqualOptions SelectOptions SliceOptions TransposeConvOptions SparseToDenseOptions TileOptions
    ExpandDimsOptions EqualOptions NotEqualOptions ShapeOptions PowOptions ArgMinOptions FakeQuantOptions PackOptions
    LogicalOrOptions OneHotOptions LogicalAndOptions LogicalNotOptions UnpackOptions FloorDivOptions SquareOptions
    ZerosLikeOptions FillOptions BidirectionalSequenceLSTMOptions BidirectionalSequenceRNNOptions
    UnidirectionalSequenceLSTMOptions FloorModOptions RangeOptions ResizeNearestNeighborOptions LeakyReluOptions
    SquaredDifferenceOptions MirrorPadOptions AbsOptions SplitVOptions UniqueOptions ReverseV2Options AddNOptions
    GatherNdOptions CosOptions WhereOptions RankOptions ReverseSequenceOptions MatrixDiagOptions QuantizeOptions
    MatrixSetDiagOptions HardSwishOptions IfOptions WhileOptions DepthToSpaceOptions NonMaxSuppressionV4Options
    NonMaxSuppressionV5Options ScatterNdOptions SelectV2Options DensifyOptions SegmentSumOptions BatchMatMulOptions
    CumsumOptions CallOnceOptions BroadcastToOptions Rfft2dOptions Conv3DOptions HashtableOptions HashtableFindOptions
    HashtableImportOptions HashtableSizeOptions VarHandleOptions ReadVariableOptions AssignVariableOptions
    RandomOptions BucketizeOptions GeluOptions DynamicUpdateSliceOptions UnsortedSegmentProdOptions
    UnsortedSegmentMaxOptions UnsortedSegmentMinOptions UnsortedSegmentSumOptions ATan2Options SignOptions
    BitcastOptions BitwiseXorOptions RightShiftOptions }
ActivationFunctionType { NONE RELU RELU_N1_TO_1 RELU6 TANH SIGN_BIT }
"""
