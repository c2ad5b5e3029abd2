"""Random release numbers: every property, the order, equality and hashes, and the messages for wrong ones."""

import version_texts
from packaging.version import InvalidVersion, Version, parse

PROPERTIES = (
    *("epoch", "release", "pre", "post", "dev", "local", "public", "base_version"),
    *("is_prerelease", "is_postrelease", "is_devrelease", "major", "minor", "micro"),
)


def case(rng):
    """A handful of numbers, compared with each other."""
    texts = [version_texts.version(rng) for _ in range(7)]
    versions, found = [], []
    for text in texts:
        try:
            read = parse(text)
        except InvalidVersion as problem:
            found.append(f"InvalidVersion: {problem}")
            continue
        versions.append(read)
        found.append(repr([str(read), repr(read), *(getattr(read, name) for name in PROPERTIES)]))
    ordered = sorted(versions)
    compared = [(a < b, a <= b, a == b, a != b, a > b, hash(a) == hash(b)) for a in versions for b in versions]
    other = [versions[0] == "1.0", versions[0] == versions[0].public] if versions else []
    return repr(
        (found, [str(version) for version in ordered], compared, other, len(set(map(Version, map(str, ordered)))))
    )
