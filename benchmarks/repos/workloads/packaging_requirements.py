"""Read the requirements of an index's packages, as a resolver does for thousands of metadata files."""

import random

from packaging.requirements import InvalidRequirement, Requirement

LINES = []


def setup():
    """Make requirement lines as they stand in METADATA: extras, ranges, markers, URLs, and some that are wrong."""
    rng = random.Random(10)
    markers = [
        *[""] * 7,
        '; python_version < "3.11"',
        '; extra == "test" and sys_platform != "win32"',
        "; (os_name == 'posix' or platform_system == 'Darwin') and python_version >= '3.9'",
    ]
    LINES.clear()
    for number in range(13_000):
        name = f"pkg-{number % 700}{rng.choice(['', '[cli]', '[fast, doc]'])}"
        low, high = rng.randrange(9), rng.randrange(9, 20)
        wanted = rng.choice(
            [*[""] * 5, f">={low}.1", f">={low},<{high}", f"~={low}.{high}", f"=={low}.*", f"!={low}.3rc1"]
        )
        LINES.append(f"{name}{wanted}{rng.choice(markers)}")
    LINES.append("broken ==")
    LINES.append("tool @ https://example.org/tool-1.0.zip ; python_version > '3'")


def workload():
    """Parse each line and write it in its normal form."""
    for line in LINES:
        try:
            print(Requirement(line))
        except InvalidRequirement as problem:
            print(problem)
