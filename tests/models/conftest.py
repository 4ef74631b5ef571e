"""The road of tests/workflow, for what the trained models must have learned."""

from __future__ import annotations

from tests.workflow.conftest import road

__all__ = ["road"]
