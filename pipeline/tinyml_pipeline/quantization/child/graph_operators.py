"""The operators of TensorFlow that a network from elsewhere may have: those that compute with the numbers given them.

Anything else may read or write files, call Python, or open a connection, and does so as soon as the graph is run.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tinyml_pipeline.errors import visible
from tinyml_pipeline.quantization.refused import RefusedError

COMPUTE = frozenset(
    """
    Abs Add AddN AddV2 All Any ArgMax ArgMin AvgPool BatchMatMul BatchMatMulV2 BatchMatMulV3 BatchToSpaceND BiasAdd
    BroadcastArgs BroadcastTo Cast Ceil ClipByValue Concat ConcatV2 Const Conv2D Conv2DBackpropInput Cos DepthToSpace
    DepthwiseConv2dNative Div DivNoNan Einsum Elu Equal Erf Exp ExpandDims Expm1 FakeQuantWithMinMaxArgs
    FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel Fill Floor FloorDiv FloorMod FusedBatchNorm
    FusedBatchNormV2 FusedBatchNormV3 Gather GatherNd GatherV2 Greater GreaterEqual Identity IdentityN Inv IsFinite
    LRN LeakyRelu Less LessEqual Log Log1p LogSoftmax LogicalAnd LogicalNot LogicalOr MatMul Max MaxPool MaxPoolV2
    Maximum Mean Min Minimum MirrorPad Mul MulNoNan Neg NoOp NotEqual OneHot OnesLike Pack Pad PadV2
    PartitionedCall Placeholder PlaceholderWithDefault Pow PreventGradient Prod RandomStandardNormal RandomUniform
    Range Rank RealDiv Reciprocal Relu Relu6 Reshape ResizeBilinear ResizeNearestNeighbor ReverseV2 Rint Round Rsqrt
    Select SelectV2 Selu Shape ShapeN Sigmoid Sign Sin Size Slice Snapshot Softmax Softplus Softsign SpaceToBatchND
    SpaceToDepth Split SplitV Sqrt Square SquaredDifference Squeeze StatefulPartitionedCall StopGradient StridedSlice
    Sub Sum Tanh Tile TopKV2 Transpose Unpack Where Xdivy Xlogy ZerosLike
    """.split()  # noqa: SIM905
)
"""They compute, and nothing else."""
VARIABLES = frozenset({"DisableCopyOnRead", "ReadVariableOp", "ResourceGather", "VarHandleOp"})
"""Weights in memory, before they become constants."""
LOOPS = ("StatelessWhile", "TensorArray", "TensorList", "While")
"""Of a recurrent layer that is not unrolled."""


def check_graph(graph: Any) -> None:
    """Raise RefusedError for a GraphDef, its functions among it, with an operator that is not in COMPUTE."""
    functions = {function.signature.name for function in graph.library.function}
    check_operators([*graph.node, *(node for one in graph.library.function for node in one.node_def)], functions)


def check_operators(nodes: Iterable[Any], functions: Iterable[str], more: frozenset[str] = frozenset()) -> None:
    """The same of nodes; `functions` are the names of the graph's own, and `more` is allowed besides."""
    allowed = COMPUTE | more | set(functions)
    for node in nodes:
        if node.op.startswith(LOOPS):
            raise RefusedError(
                f"'{visible(node.name)}' ({node.op}) is a loop, as of a recurrent layer that is not unrolled; a"
                " microcontroller's int8 has none. Build that layer with unroll=True and a fixed number of time steps."
            )
        if node.op not in allowed:
            raise RefusedError(
                f"its graph has the operator {visible(node.op)} ('{visible(node.name)}'), which is not on the list of"
                " those that only compute. It was not run."
            )
