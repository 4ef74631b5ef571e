"""The code changed in one place, many times: do the closest tests notice?

    python -m tests.mutants [PART ...] [--jobs 2] [--sample N] [--survivors]

Works on copies below build/mutants/, and goes on there after an interruption. A survivor that equivalent.toml does not
list is a failure: write the test that kills it, or list it with the reason why it changes nothing.
"""

from __future__ import annotations

import argparse
import sys

from tests.mutants import c_part, python_part
from tests.mutants.parts import PARTS
from tests.mutants.survivor import judge


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; default: all")
    parser.add_argument("--jobs", type=int, default=2, help="mutants at a time (default 2)")
    parser.add_argument("--sample", type=int, default=0, help="a seeded sample of each part (default all; of C 300)")
    parser.add_argument("--survivors", action="store_true", help="run only what survived the last time")
    options = parser.parse_args()
    if unknown := [name for name in options.parts if name not in PARTS]:
        parser.error(f"there is no part '{unknown[0]}'; there are {', '.join(PARTS)}")
    passed = []
    for name in options.parts or PARTS:
        part = PARTS[name]
        print(f"{name}: mutants of {', '.join(part.sources)} against {', '.join(part.tests)}", flush=True)
        run = c_part.run if part.is_c else python_part.run
        survivors = run(name, part, options.jobs, options.sample, only_survivors=options.survivors)
        passed.append(judge(name, survivors, is_whole=not options.sample))
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
