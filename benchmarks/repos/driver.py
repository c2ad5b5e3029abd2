"""Random inputs through a package's public API: a check's file, a first seed and a count in, one JSON line a case out.

    python driver.py CHECK FIRST COUNT

CHECK defines `case(rng)`, which draws an input from a `random.Random`, and returns what the package made of it as text.
An exception is an outcome like any other. Runs under the target's interpreter; the tree is on PYTHONPATH.
"""

import contextlib
import importlib.util
import json
import random
import sys
from pathlib import Path


def main():
    """Print one line for each case."""
    path, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    sys.path.append(str(Path(path).parent))  # what checks share lies beside them
    spec = importlib.util.spec_from_file_location("check", path)
    check = importlib.util.module_from_spec(spec)
    sys.modules["check"] = check  # its classes can be pickled
    spec.loader.exec_module(check)
    for seed in range(first, first + count):
        with contextlib.redirect_stdout(sys.stderr):
            line = json.dumps(outcome(check.case, seed))
        print(line, flush=True)


def outcome(case, seed):
    """What the case of this seed comes to."""
    try:
        return case(random.Random(seed))
    except Exception as problem:  # any failure is compared, not handled
        return f"{type(problem).__name__}: {problem}"


if __name__ == "__main__":
    main()
