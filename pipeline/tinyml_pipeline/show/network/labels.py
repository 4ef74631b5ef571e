"""What stands in a drawn layer, in words."""

from __future__ import annotations

from collections.abc import Sequence

from tinyml_pipeline.compiler.graph import Quantization
from tinyml_pipeline.show.network.network import Layer, Network, show_neurons

INT8_FORMULA = "int8: real value = scale x (q - zero point); what is kept is q, from -128 to 127 (a bias: 32 bits)"


def number(value: float) -> str:
    """Three digits, from 1 on four; none of them as a power of ten where it can be helped."""
    if 1000 <= abs(value) < 1e9:
        return f"{value:,.0f}"
    return f"{value:.4g}" if abs(value) >= 1 else f"{value:.3g}"


def heading(layer: Layer) -> str:
    """Such as 'Conv2D 3 x 3, stride 2 x 2, relu', or 'Input pixels' where an input has a name of its own."""
    if layer.kind == "Input" and layer.name != "input":
        return f"Input {layer.name}"
    strides = layer.strides if layer.strides != layer.kernel and any(step != 1 for step in layer.strides) else ()
    parts = [
        f"{layer.kind} {_times(layer.kernel)}".strip(),
        f"stride {_times(strides)}" if strides else "",
        layer.activation,
    ]
    return ", ".join(part for part in parts if part)


def details(layer: Layer) -> list[str]:
    """Shape and parameters, with what int8 makes of them."""
    values = f"{_times(layer.shape)} value{'' if set(layer.shape) <= {1} else 's'}"
    lines = [f"{values}, {steps(layer.steps.output)}" if layer.steps and layer.steps.output else values]
    if layer.steps and layer.steps.before_activation:
        lines.append(f"before {layer.activation}: {steps(layer.steps.before_activation)}")
    if layer.parameters:
        lines.append(", ".join(part for part in (_count(layer.parameters), _weights(layer)) if part))
    if "Dropout" in layer.kind:
        lines.append("in training only")
    return lines


def column_details(layer: Layer) -> list[str]:
    """The same over a column of neurons, which show shape and parameters themselves."""
    if layer.steps is None or layer.steps.output is None:
        return []
    lines = [f"values: {steps(layer.steps.output)}"]
    if layer.steps.before_activation:
        lines.append(f"before {layer.activation}: {steps(layer.steps.before_activation)}")
    return [*lines, _weights(layer)] if layer.steps.weight else lines


def picture_title(networks: Sequence[Network]) -> str:
    return f"{networks[0].model}{', before and after quantization' if len(networks) > 1 else ''}"


def title(network: Network) -> str:
    size = f"{network.parameter_bytes:,} byte{'' if network.parameter_bytes == 1 else 's'}"
    return f"{network.form}: {_count(network.parameters)} in {size}"


def neuron_name(network: Network, depth: int, index: int) -> str:
    """The name of an input or output; nothing for a neuron of `columns(network)[depth]` between them."""
    dense = network.dense()
    if depth == 0:
        named = len(network.inputs) == len(dense[0].weights)
        return network.inputs[index] if named else f"input {index + 1}"
    named = depth == len(dense) and len(network.outputs) == len(dense[-1].weights[0])
    return network.outputs[index] if named else ""


def neuron_lines(network: Network, depth: int, index: int) -> list[str]:
    """What stands in a neuron: its name, its activation, its bias."""
    lines = [neuron_name(network, depth, index)]
    if depth:
        layer = network.dense()[depth - 1]
        lines.append(layer.activation)
        if layer.biases:
            lines.append(f"bias {both(layer.biases[index], layer.steps.biases[index] if layer.steps else None)}")
    return [line for line in lines if line] or ["sum"]


def both(real: float, q: int | None) -> str:
    """A number of a float layer, '0.352'; of an int8 layer what it keeps and what that means, '47 (0.353)'."""
    return number(real) if q is None else f"{q} ({number(real)})"


def steps(quantization: Quantization) -> str:
    return f"{_scales(quantization)}, zero point {quantization.zero_point}"


def _weights(layer: Layer) -> str:
    if layer.steps is not None:
        return f"weights: {_scales(layer.steps.weight)}" if layer.steps.weight else ""
    if layer.weight_range is None:
        return ""
    low, high = map(number, layer.weight_range)
    return f"weight{'' if low == high else 's'} {low if low == high else f'{low} to {high}'}"


def _scales(quantization: Quantization) -> str:
    low, high = number(min(quantization.scales)), number(max(quantization.scales))
    return f"scale {low}" if low == high else f"{len(quantization.scales)} scales, {low} to {high}"


def _count(parameters: int) -> str:
    return f"{parameters:,} parameter{'' if parameters == 1 else 's'}"


def _times(lengths: tuple[int, ...]) -> str:
    return " x ".join(map(str, lengths))


def caption(networks: Sequence[Network]) -> str:
    """What a reader must know under a drawing."""
    lines = [INT8_FORMULA] if any(network.form == "int8" for network in networks) else []
    if show_neurons(networks):
        lines.append("solid: positive weight, dashed: negative weight")
    return "\n".join(lines)
