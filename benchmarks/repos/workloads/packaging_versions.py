"""Sort the releases of an index and pick the newest, as an index page or a resolver does."""

import random

from packaging.version import InvalidVersion, Version

NAMES = []


def setup():
    """Make release numbers as projects choose them."""
    rng = random.Random(12)
    ends = ["", "", "", "", "", "a1", "b2", "rc1", ".post1", ".dev3", "+local.7"]
    NAMES[:] = [
        f"{rng.choice(['', '', '', 'v', '1!'])}{rng.randrange(9)}.{rng.randrange(30)}"
        f"{rng.choice(['', f'.{rng.randrange(12)}', '.0.0'])}{rng.choice(ends)}"
        for _ in range(50_000)
    ]
    NAMES[::1000] = ["latest"] * 50


def workload():
    """Parse, sort, and write the order down."""
    versions = []
    for name in NAMES:
        try:
            versions.append(Version(name))
        except InvalidVersion as problem:
            print(problem)
    versions.sort()
    print(*versions[::397])
    print(max(versions), len(set(versions)), sum(version.is_prerelease for version in versions))
