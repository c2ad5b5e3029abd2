"""Pass the headers of requests and answers through HPACK, as an HTTP/2 proxy does."""

import hashlib
import random

import hpack

EXCHANGES = []


def setup():
    """Make the headers of some thousand exchanges of twenty clients."""
    rng = random.Random(9)
    kinds = ["text/html; charset=utf-8", "application/json", "image/png"]
    for number in range(2500):
        request = {
            "user-agent": f"Browser/{rng.randrange(5)}.0 (X11; Linux x86_64)",
            ":method": "GET",
            ":path": f"/articles/{rng.randrange(400)}?page={rng.randrange(9)}",
            "cookie": f"session={rng.getrandbits(96):x}",
            ":authority": "example.org",
            ":scheme": "https",
        }
        answer = [
            (":status", rng.choice(("200", "200", "304", "404"))),
            ("content-type", rng.choice(kinds)),
            ("etag", f'"{rng.getrandbits(64):x}"'),
            ("content-length", str(rng.randrange(100_000))),
        ]
        EXCHANGES.append((number % 20, request, answer))


def workload():
    """Encode and decode each header block on its client's connection."""
    encoders = [hpack.Encoder() for _ in range(20)]
    decoders = [hpack.Decoder() for _ in range(20)]
    digest, sent = hashlib.sha256(), 0
    for client, request, answer in EXCHANGES:
        for headers in (request, answer):
            block = encoders[client].encode(headers)
            sent += len(block)
            digest.update(repr(decoders[client].decode(block)).encode())
    print(sent, digest.hexdigest())
