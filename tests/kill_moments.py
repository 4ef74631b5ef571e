"""`python -m tests.kill_moments [COUNT]`: kill -9 `make train convert` at random moments, and look at what is left.

After each kill every file that a manifest names must have the hash that it says; after all of them a run that nobody
disturbs must end well, with nothing left lying beside the models' folders. Takes some 6 minutes for 50 moments.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]


def damage(artifacts: Path) -> list[str]:
    """Files named in a manifest that are missing or differ from it."""
    bad = []
    for manifest in artifacts.glob("*/manifest.json"):
        for stage in json.loads(manifest.read_text())["stages"].values():
            for name, digest in stage["files"].items():
                path = manifest.parent / name
                if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
                    bad.append(str(path))
    return bad


def run(artifacts: Path, flags: str, kill_after_s: float | None) -> int:
    environment = {**os.environ, "TINYML_ARTIFACTS": str(artifacts), "FLAGS": flags}
    process = subprocess.Popen(
        ["make", "train", "convert"],
        cwd=ROOT,
        env=environment,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        return process.wait(timeout=kill_after_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.wait()


def main(count: int) -> int:
    rng = random.Random(0)
    with tempfile.TemporaryDirectory() as folder:
        artifacts = Path(folder)
        started = time.monotonic()
        if run(artifacts, "", None) != 0:
            print("make train convert fails even undisturbed")
            return 1
        whole_s = time.monotonic() - started
        print(f"undisturbed: {whole_s:.1f} s; now {count} kills at random moments of it", flush=True)
        killed = 0
        for number in range(1, count + 1):
            moment_s = rng.uniform(0, whole_s)
            killed += run(artifacts, "--force", moment_s) < 0
            bad = damage(artifacts)
            print(f"{number:3}: killed after {moment_s:5.2f} s, {len(bad)} damaged files", flush=True)
            if bad:
                print("\n".join(bad))
                return 1
        code = run(artifacts, "", None)
        left = sorted(path.name for path in artifacts.iterdir() if path.is_dir() and path.name.startswith("."))
        print(f"{killed} of {count} runs killed; the next run ends {code}; left beside the models: {left or 'nothing'}")
        return 0 if code == 0 and not damage(artifacts) and not left else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 50))
