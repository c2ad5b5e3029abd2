"""Read the pages of an old scan archive: streams packed with LZW, as PDF writers of the nineties made them."""

import hashlib
import random

from pypdf._codecs._codecs import LzwCodec
from pypdf.filters import LZWDecode

STREAMS = []


def setup():
    """Pack three pages of text and drawing operators."""
    rng = random.Random(6)
    words = [bytes(rng.choices(b"abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 9))) for _ in range(900)]
    STREAMS.clear()
    for size in (8_000, 24_000, 70_000):
        text = b" ".join(b"(%s) Tj %d 0 Td" % (rng.choice(words), rng.randrange(600)) for _ in range(size // 8))
        STREAMS.append((len(text), LzwCodec().encode(text)))


def workload():
    """Unpack them through the filter that the reader uses."""
    for size, packed in STREAMS:
        text = LZWDecode.decode(packed)
        print(size, len(text), hashlib.sha256(text if isinstance(text, bytes) else text.encode("latin1")).hexdigest())
