"""Starts `tinyml` as on another computer: `python -m tests.portability.blocked MODULE,... ARGUMENTS...`.

The modules cannot be imported, by this process or by those that it starts.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

SITE = """\
import importlib.abc, os, sys
class Blocked(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in os.environ['BLOCKED_MODULES'].split(','):
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)
sys.meta_path.insert(0, Blocked())
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "sitecustomize.py").write_text(SITE)
        path = os.pathsep.join((folder, *sys.path[1:]))
        os.environ |= {"PYTHONPATH": path, "BLOCKED_MODULES": sys.argv[1]}
        code = os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-m", "tinyml_pipeline.cli", *sys.argv[2:]])
    sys.exit(code)


if __name__ == "__main__":
    main()
