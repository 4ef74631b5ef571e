"""`tinyml graph`: a network drawn before and after quantization."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tinyml_pipeline import provenance
from tinyml_pipeline.artifacts import ModelFolder
from tinyml_pipeline.errors import UsageError
from tinyml_pipeline.extras import need_extra
from tinyml_pipeline.project import ModelSource, Project
from tinyml_pipeline.quantization.convert import KerasProcess
from tinyml_pipeline.quantization.quantized_model import QuantizedModel, load_quantized
from tinyml_pipeline.show.network.cypher import to_cypher
from tinyml_pipeline.show.network.dot import to_dot
from tinyml_pipeline.show.network.float_layers import float_layers
from tinyml_pipeline.show.network.int8_layers import int8_layers
from tinyml_pipeline.show.network.network import Network
from tinyml_pipeline.show.report import progress
from tinyml_pipeline.workflow.opened import converted_model, made_by_what
from tinyml_pipeline.workflow.outcomes import chosen, is_file, is_outdated, read_file, tell_edited
from tinyml_pipeline.workflow.trained import trained_archive, trained_sha256

PICTURES = ("svg", "png")
FORMATS = (*PICTURES, "dot", "cypher")


@dataclass(frozen=True)
class Drawn:
    """`forms` are those that were drawn: float, and int8 where the model is converted."""

    model: str
    forms: tuple[str, ...]
    parameters: int
    path: str


def graph(name: str, project: Project, form: str) -> Drawn:
    """Draw a trained model into its folder, its int8 form too where `convert` has made it; or a .tflite's int8 form."""
    if form not in FORMATS:
        raise UsageError(f"there is no format '{form}'; choose one of: {', '.join(FORMATS)}.")
    chosen([name], project, files=True)
    if form in PICTURES:
        need_extra("plot", "a picture of the graph")
    if not is_file(name):
        source = project.model(name)
        return _draw(source.folder, form, lambda _: _networks(source))
    path = Path(name)
    if path.stem in project.model_names():
        raise UsageError(f"{path.name} has the name of a model of this project; copy it to another name.")
    network = _int8_network(load_quantized(read_file(path), path.stem))
    return _draw(project.folder(path.stem), form, lambda _: [network])


def _draw(folder: ModelFolder, form: str, networks_of: Callable[[ModelFolder], list[Network]]) -> Drawn:
    with folder.locked():
        networks = networks_of(folder)
        file = f"network.{form}"
        forms = tuple(network.form for network in networks)
        made_from = provenance.digest([network.sha256 for network in networks], form)
        stage = {f"graph {form}": (made_from, {file: _render(networks, form)}, {"forms": list(forms)})}
        tell_edited(folder, folder.publish(stage, provenance.environment()))
    return Drawn(folder.model, forms, networks[0].parameters, str(folder.path / file))


def _networks(source: ModelSource) -> list[Network]:
    name, folder, spec = source.name, source.folder, source.load()
    archive, converted = trained_archive(folder, spec), folder.record("convert")
    if not archive.startswith(b"PK"):
        return [_int8_network(converted_model(spec, folder))]
    need_extra("train", "the graph of a Keras model")
    with progress.working(f"{name}: asking Keras for the layers"), KerasProcess() as keras:
        layers = float_layers(keras.describe(archive, name))
    sha256 = trained_sha256(folder, spec)
    inputs = tuple(domain.name for domain in spec.inputs)
    networks = [Network(name, "float", sha256, inputs, spec.output_names, layers)]
    if converted is not None and not is_outdated(folder):
        networks.append(_int8_network(converted_model(spec, folder)))
    elif converted is not None:
        progress.say(
            f"{name}: int8 is not drawn, because it is of an earlier {made_by_what(spec)}. Run: tinyml convert"
            f" {folder.argument}"
        )
    return networks


def _int8_network(model: QuantizedModel) -> Network:
    layers = int8_layers(model.graph, [port.name for port in model.inputs])
    values = [ports[0].values if len(ports) == 1 else () for ports in (model.inputs, model.outputs)]
    return Network(model.name, "int8", model.sha256, values[0], values[1], layers)


def _render(networks: Sequence[Network], form: str) -> bytes:
    if form == "dot":
        return to_dot(networks).encode()
    if form == "cypher":
        return to_cypher(networks).encode()
    from tinyml_pipeline.show.report.draw_network import draw_networks

    return draw_networks(networks, form)
