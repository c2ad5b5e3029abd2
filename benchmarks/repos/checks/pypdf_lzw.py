"""Random data packed with LZW and unpacked, whole, cut, and damaged; also the other filters of streams."""

import hashlib

from pypdf._codecs._codecs import LzwCodec
from pypdf.errors import PyPdfError
from pypdf.filters import ASCII85Decode, ASCIIHexDecode, FlateDecode, LZWDecode, RunLengthDecode


def case(rng):
    """One piece of data in all ways."""
    alphabet = bytes(rng.sample(range(256), rng.randint(1, 40)))
    data = bytes(rng.choices(alphabet, k=rng.choice([0, 1, 2, 60, 700, 9000])))
    codec = LzwCodec()
    packed = codec.encode(data)
    cut = packed[: rng.randint(0, len(packed))]
    broken = bytearray(packed)
    for _ in range(rng.randint(1, 3) if broken else 0):
        broken[rng.randrange(len(broken))] = rng.randrange(256)
    noise = bytes(rng.choices(range(256), k=rng.randint(0, 90)))
    asked = [
        lambda: packed,
        lambda: LzwCodec().decode(packed) == data,
        lambda: codec.decode(codec.encode(data[:50])),
        lambda: LZWDecode.decode(packed),
        lambda: LZWDecode.decode(cut),
        lambda: LZWDecode.decode(bytes(broken)),
        lambda: LZWDecode.decode(noise),
        lambda: RunLengthDecode.decode(noise),
        lambda: ASCIIHexDecode.decode(noise.hex() + ">"),
        lambda: ASCII85Decode.decode(noise),
        lambda: FlateDecode.decode(FlateDecode.encode(data)),
    ]
    return " | ".join(outcome(question) for question in asked)


def outcome(question):
    """The value, shortened by its digest, or the error."""
    try:
        text = repr(question())
    except (PyPdfError, ValueError, IndexError, TypeError, KeyError, AssertionError) as problem:
        text = f"{type(problem).__name__}: {problem}"
    return text if len(text) < 200 else hashlib.sha256(text.encode()).hexdigest()
