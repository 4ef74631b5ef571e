"""The templates under firmware/templates/, filled in; a name that a template wants and nobody gives is an error."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from tinyml_pipeline.errors import PipelineError
from tinyml_pipeline.places import FIRMWARE

if TYPE_CHECKING:
    import jinja2

_TEMPLATES = FIRMWARE / "templates"


def render(template: str, values: Mapping[str, Any]) -> str:
    """The text of `firmware/templates/<template>.j2`."""
    return _environment().get_template(f"{template}.j2").render(values)


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    if not _TEMPLATES.is_dir():
        raise PipelineError(
            f"the sketches' templates are not in {_TEMPLATES}. Install from a clone of the project: pip install -e ."
        )
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
