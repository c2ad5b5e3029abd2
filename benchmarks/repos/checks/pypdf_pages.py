"""Random pages whose content is a stream or an array of them: also empty ones, nulls, and what is no stream."""

from pypdf import PdfWriter
from pypdf.errors import PyPdfError
from pypdf.generic import (
    ArrayObject,
    ContentStream,
    DecodedStreamObject,
    NameObject,
    NullObject,
    NumberObject,
    TextStringObject,
)

PIECES = (b"q", b"Q\n", b"BT ", b"(text) Tj", b"1 0 0 1 5 6 cm\r\n", b"", b" ", b"[1 (a) -2] TJ\n", b"/N gs", b"ET")


def case(rng):
    """One page: its data, its operations, and both again after one was added."""
    writer = PdfWriter()
    parts = ArrayObject()
    for _ in range(rng.randint(0, 12)):
        parts.append(part(rng, writer))
    whole = rng.choice([parts, parts, parts, part(rng, writer), None])
    try:
        content = ContentStream(whole, writer, rng.choice([None, "bytes"]))
        data = content.get_data()
        operations = repr(content.operations)
        content.operations.append(([NumberObject(1)], b"w"))
        return repr((data, operations, content.get_data(), len(parts)))
    except (PyPdfError, ValueError, TypeError, AttributeError, KeyError) as problem:
        return f"{type(problem).__name__}: {problem}"


def part(rng, writer):
    """A stream, directly or by reference, or something else."""
    if rng.random() < 0.1:
        return rng.choice([NullObject(), NumberObject(3), TextStringObject("x"), NameObject("/X")])
    stream = DecodedStreamObject()
    stream.set_data(b"".join(rng.choices(PIECES, k=rng.randint(0, 4))))
    made = stream.flate_encode() if rng.random() < 0.2 else stream
    return writer._add_object(made) if rng.random() < 0.8 else made
