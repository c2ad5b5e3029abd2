"""Random ranges against random releases, given as text and as versions, with and without pre-releases."""

import version_texts
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version


def case(rng):
    """One range and a dozen releases."""
    text = version_texts.specifier(rng)
    releases = [version_texts.version(rng) for _ in range(rng.randint(0, 14))]
    prereleases = rng.choice([None, None, True, False])
    try:
        wanted = SpecifierSet(text, prereleases=rng.choice([None, None, True, False]))
    except InvalidSpecifier as problem:
        return f"InvalidSpecifier: {problem}"
    valid = [release for release in releases if is_version(release)]
    asked = [
        lambda: list(wanted.filter(valid, prereleases=prereleases)),
        lambda: [str(each) for each in wanted.filter(map(Version, valid), prereleases=prereleases)],
        lambda: [wanted.contains(release, prereleases=prereleases) for release in valid],
        lambda: [release in wanted for release in valid],
        lambda: [list(single.filter(valid)) for single in sorted(wanted, key=str)],
        lambda: (
            str(wanted),
            len(wanted),
            wanted.prereleases,
            wanted == SpecifierSet(text),
            str(wanted & SpecifierSet("!=1")),
        ),
    ]
    return " | ".join(outcome(question) for question in asked)


def is_version(text):
    """Is the text a version?"""
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True


def outcome(question):
    """The value, or the error."""
    try:
        return repr(question())
    except (InvalidVersion, InvalidSpecifier, ValueError, TypeError) as problem:
        return f"{type(problem).__name__}: {problem}"
