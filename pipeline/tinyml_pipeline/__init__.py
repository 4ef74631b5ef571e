"""tinyml-pipeline: from a Keras model to a microcontroller, every step proven.

    import tinyml_pipeline as tinyml

    model = tinyml.quantize(keras_model, x_train, inputs=[tinyml.Domain("x", -10, 10)])   # or tinyml.load("x.tflite")
    report = tinyml.verify(model, keras_model, x_test)
    report.check()
    tinyml.compile(model, target="cortex-m4", optimize="speed").write("firmware/model")

Importing this package is cheap: what a name needs is imported when the name is first used.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

_OLDEST, _NEWEST = (3, 10), (3, 13)

if not _OLDEST <= sys.version_info[:2] <= _NEWEST:
    raise ImportError(
        "tinyml-pipeline needs Python 3.10 to 3.13, and this is {}.{}. Make an environment with one of those, such as:"
        " python3.12 -m venv .venv".format(*sys.version_info)
    )

if TYPE_CHECKING:
    from tinyml_pipeline.api import GeneratedSources, compile, connect, load, measure, quantize, sketch, verify
    from tinyml_pipeline.data.data_file import DataFile
    from tinyml_pipeline.errors import (
        ArtifactsError,
        ConversionError,
        DeviceError,
        ModelFileError,
        ParityError,
        PipelineError,
        SpecError,
        ToolFailedError,
        ToolMissingError,
        TrainingError,
        UnsupportedError,
        UsageError,
    )
    from tinyml_pipeline.host.device.measure import Measurement
    from tinyml_pipeline.models._unit_range import from_unit_range, to_unit_range
    from tinyml_pipeline.models.spec import Dataset, Domain, ImportedSpec, ModelSpec
    from tinyml_pipeline.parity.report import ParityReport
    from tinyml_pipeline.quantization.quantized_model import QuantizedModel

__version__ = "0.1.0"

__all__ = [
    "ArtifactsError",
    "ConversionError",
    "DataFile",
    "Dataset",
    "DeviceError",
    "Domain",
    "GeneratedSources",
    "ImportedSpec",
    "Measurement",
    "ModelFileError",
    "ModelSpec",
    "ParityError",
    "ParityReport",
    "PipelineError",
    "QuantizedModel",
    "SpecError",
    "ToolFailedError",
    "ToolMissingError",
    "TrainingError",
    "UnsupportedError",
    "UsageError",
    "__version__",
    "compile",
    "connect",
    "from_unit_range",
    "load",
    "measure",
    "quantize",
    "sketch",
    "to_unit_range",
    "verify",
]

_PLACES = {
    "DataFile": "data.data_file",
    "Dataset": "models.spec",
    "Domain": "models.spec",
    "ImportedSpec": "models.spec",
    "ModelSpec": "models.spec",
    "from_unit_range": "models._unit_range",
    "to_unit_range": "models._unit_range",
    "Measurement": "host.device.measure",
    "ParityReport": "parity.report",
    "QuantizedModel": "quantization.quantized_model",
    **dict.fromkeys((name for name in __all__ if name.endswith("Error")), "errors"),
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    found = getattr(importlib.import_module(f"{__name__}.{_PLACES.get(name, 'api')}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
