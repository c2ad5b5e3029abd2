"""Parse, filter, sort and write back some thousand JSON records."""

import json
import random

LINES = []


def setup():
    source = random.Random(1)
    LINES[:] = [
        json.dumps(
            {"id": n, "name": f"user{source.randrange(10**6)}", "score": source.random(), "tags": ["a", "b"] * 3}
        )
        for n in range(2500)
    ]


def workload():
    rows = [json.loads(line) for line in LINES]
    best = sorted((row for row in rows if row["score"] > 0.3), key=lambda row: (row["name"], -row["score"]))
    return "\n".join(json.dumps(row, sort_keys=True) for row in best)
