"""The documentation as a web site: it builds, strictly, and needs no other host."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

from tests.documentation import ROOT
from tests.tools import unavailable


def test_the_site_builds_and_asks_no_other_host_for_anything(tmp_path: Path) -> None:
    """Strict: a link to no page or heading, a page that nobody finds, an unknown name of the API are failures.

    Not with --quiet, which hides warnings from --strict too.
    """
    if importlib.util.find_spec("mkdocs") is None or importlib.util.find_spec("mkdocstrings") is None:
        unavailable("the extra docs is not installed")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for page in tmp_path.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.findall(r"""<(?:script|link|img)[^>]+(?:src|href)=["']?(?:https?:)?//[^>]*""", text), page.name
    assert not [path for path in tmp_path.rglob("*") if path.suffix == ".py"]
    commands, api = ((tmp_path / name).read_text(encoding="utf-8") for name in ("commands.html", "api.html"))
    assert 'id="tinyml-verify"' in commands
    assert "--vectors N" in commands
    for name in ("quantize", "load", "verify", "compile", "measure", "sketch", "connect"):
        assert f'id="tinyml_pipeline.api.{name}"' in api
    assert 'id="quick-start"' in (tmp_path / "index.html").read_text(encoding="utf-8")
