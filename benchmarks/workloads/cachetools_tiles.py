"""Serve the tiles of a map from caches of cachetools: by size, by use, for a time, and by the arguments of a call."""

import random

from cachetools import LFUCache, LRUCache, TTLCache, cached
from cachetools.keys import hashkey, typedkey

REQUESTS = []


class Clock:
    """A time that the requests set."""

    now = 0.0

    def __call__(self):
        """Seconds since the start."""
        return self.now


def setup():
    """Make the requests of some minutes: (seconds, zoom, column, row, style or None)."""
    rng = random.Random(11)
    for number in range(20_000):
        zoom = rng.choice((8, 9, 9, 10))
        column, row = (min(int(rng.expovariate(0.08)), 2**zoom - 1) for _ in range(2))
        REQUESTS.append((number / 100, zoom, column, row, rng.choice((None, None, "dark"))))


def size_of(tile):
    """Bytes of a tile."""
    return len(tile)


@cached(LRUCache(500), key=typedkey)
def name_of(zoom, column, row, style=None, scale=1):
    """The name of a tile's file."""
    return f"{style or 'plain'}/{zoom}/{column}/{row}@{scale}"


@cached(LRUCache(500), key=hashkey)
def drawn(name, density=1):
    """The bytes of a tile."""
    return name.encode() * (1 + len(name) * density % 7)


def workload():
    """Answer all requests."""
    clock = Clock()
    tiles, popular = LRUCache(20_000, getsizeof=size_of), LFUCache(300)
    sessions = TTLCache(1000, 2.5, timer=clock)
    hits = began = 0
    for seconds, zoom, column, row, style in REQUESTS:
        clock.now = seconds
        visitor = (zoom * column + row) % 400
        if visitor not in sessions:
            began += 1
        sessions[visitor] = seconds
        name = name_of(zoom, column, row, style=style) if style else name_of(zoom, column, row)
        if name in popular:
            hits += popular[name]
        else:
            popular[name] = 1
        if name not in tiles or seconds % 3 < 0.1:
            tiles[name] = drawn(name, density=zoom % 3)
        hits += len(tiles[name])
    print(hits, began, len(sessions), tiles.currsize, sorted(popular)[:5], next(iter(tiles)))
