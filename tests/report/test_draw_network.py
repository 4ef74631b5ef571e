"""The drawn network: every part is there, and nothing lies over anything else. The SVG tells where things are."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

import pytest
from tinyml_pipeline.compiler.graph import Quantization
from tinyml_pipeline.show.network.network import Int8Steps, Layer, Network
from tinyml_pipeline.show.report.canvas import SMALL, Canvas, text_width
from tinyml_pipeline.show.report.draw_network import draw_networks

from tests.network.samples import FLOAT, INT8, WIDE

SVG = "{http://www.w3.org/2000/svg}"
POINTS_AN_INCH = 72


@dataclass(frozen=True)
class Box:
    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Box) -> bool:
        beside = self.right <= other.left or other.right <= self.left
        return not (beside or self.bottom <= other.top or other.bottom <= self.top)


@dataclass(frozen=True)
class Drawing:
    """What an SVG shows, in points: boxes, weights and arrows by their names, and the texts in order."""

    page: Box
    boxes: dict[str, Box]
    weights: dict[str, Box]
    arrows: dict[str, ET.Element]
    texts: list[str]


def read(svg: bytes) -> Drawing:
    root = ET.fromstring(svg, ET.XMLParser(target=ET.TreeBuilder(insert_comments=True)))
    page = Box(0, 0, *map(float, root.attrib["viewBox"].split()[2:]))
    texts = [(comment.text or "").strip() for comment in root.iter() if comment.tag is ET.Comment]
    drawing = Drawing(page, {}, {}, {}, texts)
    for group in root.iter(f"{SVG}g"):
        name = group.get("id", "")
        if name.endswith("_weight"):
            drawing.weights[name] = _text_box(group)
        elif re.fullmatch(r"(float|int8)_(\d+_\d+_to_\d+_\d+|\d+_to_\d+)", name):
            drawing.arrows[name] = group
        elif name.startswith(("float_", "int8_")):
            numbers = [float(number) for number in re.findall(r"-?[\d.]+", _path(group).attrib["d"])]
            drawing.boxes[name] = Box(min(numbers[::2]), min(numbers[1::2]), max(numbers[::2]), max(numbers[1::2]))
    return drawing


def _path(group: ET.Element) -> ET.Element:
    path = group.find(f"{SVG}path")
    assert path is not None
    return path


def _text_box(group: ET.Element) -> Box:
    """Of a line of small text: a comment with its letters, and a group that moves to its lower left corner."""
    (text,) = [child.text or "" for child in group.iter() if child.tag is ET.Comment]
    moved = next(child for child in group.iter(f"{SVG}g") if "transform" in child.attrib)
    found = re.match(r"translate\(([\d.]+) ([\d.]+)\)", moved.attrib["transform"])
    assert found is not None
    left, base = map(float, found.groups())
    return Box(left, base - SMALL, left + text_width(text.strip(), SMALL) * POINTS_AN_INCH, base + 0.25 * SMALL)


def chain(*neurons: int) -> list[Network]:
    """Float and int8, with weights as long as they get and names as users give them."""
    networks = []
    for form, kind in (("float", "Dense"), ("int8", "FULLY_CONNECTED")):
        steps = Quantization((0.00392157,), (-128,)) if form == "int8" else None
        layers = [Layer("input", "Input", neurons[:1], steps=Int8Steps(steps) if steps else None)]
        for count, outputs in pairwise(neurons):
            weights = tuple(tuple(-0.0123 * (1 + a + b) for b in range(outputs)) for a in range(count))
            whole = tuple((-128,) * outputs for _ in range(count))
            kept = Int8Steps(steps, steps, steps, whole, (-23456,) * outputs) if steps else None
            layers.append(
                Layer("d", kind, (outputs,), 9, 36, activation="sigmoid", sources=(len(layers) - 1,), weights=weights,
                      biases=(-0.0456,) * outputs, steps=kept)
            )  # fmt: skip
        names = tuple(f"long_name_{index}" for index in range(8))
        networks.append(Network("chain", form, "0", names[: neurons[0]], names[: neurons[-1]], tuple(layers)))
    return networks


def int8_of(network: Network) -> Network:
    """The same layers, which is enough to draw them."""
    return replace(network, form="int8")


NETWORKS = {
    "bank": [FLOAT, INT8],
    "float_only": [FLOAT],
    "int8_only": [INT8],
    "1_1": chain(1, 1),
    "1_2": chain(1, 2),
    "2_5_1_1": chain(2, 5, 1, 1),
    "3_5_3": chain(3, 5, 3),
    "2_8_1": chain(2, 8, 1),
    "8_2_4": chain(8, 2, 4),
    "layers": [WIDE, int8_of(WIDE)],
    "layers_float_only": [WIDE],
}


@pytest.mark.parametrize("case", NETWORKS)
def test_nothing_lies_over_anything_else_or_beyond_the_page(case: str) -> None:
    drawing = read(draw_networks(NETWORKS[case], "svg"))
    parts = [*drawing.boxes.items(), *drawing.weights.items()]
    for (name, box), (other_name, other) in combinations(parts, 2):
        assert not box.overlaps(other), f"{name} and {other_name}"
    for name, box in parts:
        assert box.left > 0, name
        assert box.top > 0, name
        assert box.right < drawing.page.right, name
        assert box.bottom < drawing.page.bottom, name


def test_every_neuron_and_weight_is_there() -> None:
    drawing = read(draw_networks([FLOAT, INT8], "svg"))
    neurons = ["0_0", "0_1", "1_0", "1_1", "2_0"]
    ways = ["0_0_to_1_0", "0_0_to_1_1", "0_1_to_1_0", "0_1_to_1_1", "1_0_to_2_0", "1_1_to_2_0"]
    for form, weights in (
        ("float", ["1", "-1", "1", "1", "2", "-1"]),
        ("int8", ["4 (1)", "-4 (-1)", "4 (1)", "4 (1)", "4 (2)", "-2 (-1)"]),
    ):
        assert [f"{form}_{neuron}" in drawing.boxes for neuron in neurons] == [True] * 5
        assert [name for name in drawing.arrows if name.startswith(form)] == [f"{form}_{way}" for way in ways]
        place = drawing.texts.index(weights[0], drawing.texts.index(f"{form}: 8 parameters in "
                                    f"{32 if form == 'float' else 14} bytes"))  # fmt: skip
        assert drawing.texts[place : place + 6] == weights
    for text in (
        "bank, before and after quantization", "children", "accounts", "transactions", "Dense, relu", "bias 0.5",
        "FULLY_CONNECTED, tanh", "values: scale 0.125, zero point 0", "weights: scale 0.25", "bias 4 (0.5)",
    ):  # fmt: skip
        assert text in drawing.texts


def test_arrows_have_heads_and_negative_weights_are_dashed() -> None:
    drawing = read(draw_networks([FLOAT], "svg"))
    for name, arrow in drawing.arrows.items():
        line, head = arrow.findall(f"{SVG}path")
        assert ("stroke-dasharray" in line.attrib["style"]) is (name in {"float_0_0_to_1_1", "float_1_1_to_2_0"}), name
        assert "fill: none" in line.attrib["style"], name
        assert "fill: none" not in head.attrib["style"], name


def test_float_and_int8_have_the_same_layout_wide_enough_for_both() -> None:
    drawing = read(draw_networks(chain(2, 4, 1), "svg"))
    for name, box in drawing.boxes.items():
        other = drawing.boxes[name.replace("float", "int8")]
        assert (box.left, box.right) == (other.left, other.right), name
    hidden = drawing.boxes["int8_1_0"]
    assert hidden.right - hidden.left > text_width("bias -23456 (-0.0456)") * POINTS_AN_INCH


def test_layers_that_do_the_same_stand_on_the_same_line() -> None:
    kinds = {
        "float": ["Input", "Conv2D", "MaxPooling2D", "Flatten", "Dropout", "Dense"],
        "int8": ["Input", "CONV_2D", "MAX_POOL_2D", "RESHAPE", "FULLY_CONNECTED", "SOFTMAX"],
    }
    networks = [
        Network("eye", form, "0", (), (), tuple(
            Layer(kind, kind, (4,), sources=(place - 1,) if place else ()) for place, kind in enumerate(names)
        ))
        for form, names in kinds.items()
    ]  # fmt: skip
    tops = {name: box.top for name, box in read(draw_networks(networks, "svg")).boxes.items()}
    assert [tops[f"float_{place}"] for place in (0, 1, 2, 3, 5)] == [tops[f"int8_{place}"] for place in range(5)]
    assert tops["int8_4"] > tops["float_4"] > tops["int8_3"]
    assert tops["int8_5"] > tops["float_5"]


def test_a_branch_goes_around_the_layers_between() -> None:
    drawing = read(draw_networks([WIDE], "svg"))
    assert list(drawing.arrows) == ["float_0_to_1", "float_1_to_2", "float_0_to_2"]
    line = drawing.arrows["float_0_to_2"].findall(f"{SVG}path")[0].attrib["d"]
    across = [float(number) for number in re.findall(r"[ML] ([\d.]+)", line)]
    assert max(across) > drawing.boxes["float_1"].right


def test_the_same_bytes_each_time_and_png_as_large_as_svg() -> None:
    from PIL import Image

    for form in ("svg", "png"):
        assert draw_networks([FLOAT, INT8], form) == draw_networks([FLOAT, INT8], form)
    picture = Image.open(io.BytesIO(draw_networks([FLOAT, INT8], "png")))
    page = read(draw_networks([FLOAT, INT8], "svg")).page
    assert picture.width == int(page.right / POINTS_AN_INCH * 100 + 1e-3)


def test_parallel_branches_are_not_joined() -> None:
    layers = (*WIDE.layers[:2], replace(WIDE.layers[2], sources=(0,)))
    assert list(read(draw_networks([replace(WIDE, layers=layers)], "svg")).arrows) == ["float_0_to_1", "float_0_to_2"]


def test_a_dollar_in_a_name_is_no_formula() -> None:
    svg = draw_networks([replace(FLOAT, inputs=("$a$", "b"))], "svg").decode()
    drawn = svg[svg.index("<!-- $a$ -->") : svg.index("<!-- b -->")]
    assert drawn.count("<use ") == 3, "every letter is drawn"


def test_a_name_with_control_characters_gives_a_picture_that_is_xml() -> None:
    canvas = Canvas(2.0, 1.0)
    canvas.title("\x1b[31mred\x07")
    ET.fromstring(canvas.svg())
