"""Random requirement lines, right and wrong: their parts, their normal form, equality and hashes."""

import version_texts
from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import Specifier, SpecifierSet
from packaging.utils import canonicalize_name, canonicalize_version

ENVIRONMENT = {
    "python_version": "3.10",
    "sys_platform": "linux",
    "os_name": "posix",
    "extra": "test",
    "platform_machine": "x86_64",
    "implementation_name": "cpython",
}


def case(rng):
    """Three lines and a marker."""
    found = [parts(version_texts.requirement(rng)) for _ in range(3)]
    return " | ".join([*found, marked(version_texts.marker(rng, 2)), canonicalize_version(version_texts.version(rng))])


def parts(line):
    """What a line says."""
    try:
        read = Requirement(line)
    except InvalidRequirement as problem:
        return f"InvalidRequirement: {problem}"
    marker = read.marker.evaluate(ENVIRONMENT) if read.marker else None
    allowed = [text for text in ("1.0", "2.3.1", "0.9a1", "10") if text in read.specifier]
    name = canonicalize_name(read.name)
    return repr(
        (
            str(read),
            name,
            sorted(read.extras),
            str(read.specifier),
            read.url,
            marker,
            allowed,
            read == Requirement(line),
            hash(read) == hash(Requirement(line)),
            together(read.specifier),
        )
    )


def together(specifiers):
    """What a set of specifiers is beside others: its length, one made otherwise, their hashes, and one more in it."""
    same = SpecifierSet([Specifier(each) for each in str(specifiers).split(",") if each])
    more = specifiers & SpecifierSet(">0")
    return len(specifiers), specifiers == same, hash(specifiers) == hash(same), str(more), len(more)


def marked(text):
    """What a marker says."""
    try:
        read = Marker(text)
    except InvalidMarker as problem:
        return f"InvalidMarker: {problem}"
    return repr((str(read), read.evaluate(ENVIRONMENT), read == Marker(text)))
