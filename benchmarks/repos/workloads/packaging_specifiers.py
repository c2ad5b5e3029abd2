"""Choose releases for the pins of a lock file: each requirement's range against all releases of its package."""

import random

from packaging.specifiers import SpecifierSet

RELEASES = []
RANGES = []


def setup():
    """Make the releases of a package with a long history, and ranges as projects write them."""
    rng = random.Random(13)
    RELEASES[:] = [
        f"{major}.{minor}.{patch}{end}"
        for major in range(6)
        for minor in range(12)
        for patch in range(4)
        for end in (("", "rc1") if patch == 0 else ("",))
    ]
    rng.shuffle(RELEASES)
    for _ in range(70):
        low, high = rng.randrange(3), rng.randrange(3, 6)
        RANGES.append(
            rng.choice(
                [f">={low}.2,<{high}", f"~={low}.4", f"=={low}.*,!={low}.3.1", f">{low}.1,!={high}.*,<={high}.8"]
            )
        )


def workload():
    """Filter the releases by each range."""
    for text in RANGES:
        found = list(SpecifierSet(text).filter(RELEASES))
        print(text, len(found), *found[:5])
