"""The Keras child process on a machine whose TensorFlow does not import."""

from __future__ import annotations

import sys

sys.modules["tensorflow"] = None  # type: ignore[assignment]

from tinyml_pipeline.quantization.keras_process import serve  # noqa: E402

serve()
