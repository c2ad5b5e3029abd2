"""Random sharded arrays, written and read in parts: values, what is stored byte by byte, and the order of chunks."""

import hashlib

import numpy as np
import zarr
from zarr.core.indexing import decode_morton, morton_order_iter


def case(rng):
    """One array with a few changes, and the order of chunks in a shard of some shape."""
    said = [outcome(lambda: changed(rng))]
    shape = tuple(rng.choice([0, 1, 1, 2, 3, 4, 5, 7, 8, 9]) for _ in range(rng.randint(1, 4)))
    said.append(outcome(lambda: ordered(shape)))
    inside = tuple(max(length, 2) for length in shape)
    said.append(outcome(lambda: [decode_morton(code, inside) for code in rng.choices(range(60), k=5)]))
    return repr(said)


def ordered(shape):
    """The order, from a tuple and again from another one, with an iterator left half way in between."""
    order = morton_order_iter(shape)
    first = list(zip(order, range(2), strict=False))
    rest = list(order)
    return first, rest, list(morton_order_iter(shape)), {type(value) for chunk in rest for value in chunk}


def changed(rng):
    """The array after writing, with what the store holds."""
    dimensions = rng.randint(1, 3)
    chunks = [rng.randint(1, 3) for _ in range(dimensions)]
    per_shard = [rng.choice([1, 2, 3, 4, 5, 6]) for _ in range(dimensions)]
    shards = [chunk * count for chunk, count in zip(chunks, per_shard, strict=True)]
    if rng.random() < 0.1:
        shards[0] += 1
    shape = [rng.randint(1, 2 * shard + 1) for shard in shards]
    files = {}
    array = zarr.create_array(
        zarr.storage.MemoryStore(files),
        shape=tuple(shape),
        shards=tuple(shards),
        chunks=tuple(chunks),
        dtype=rng.choice(["uint8", "int16", "float64", "bool"]),
        fill_value=rng.choice([0, 1]),
        compressors=rng.choice(["auto", None]),
        order=rng.choice(["C", "F"]),
        config={"write_empty_chunks": rng.random() < 0.4},
    )
    seen = []
    for _ in range(rng.randint(1, 4)):
        starts = [rng.randrange(length) for length in shape]
        box = tuple(slice(start, start + rng.randint(0, 9)) for start in starts)
        way = rng.randrange(4)
        if way == 0:
            array[...] = rng.randint(0, 100)
        elif way == 1:
            array[box] = np.arange(array[box].size).reshape(array[box].shape) % 2
        elif way == 2:
            array[box] = rng.randint(0, 1)
        else:
            array.oindex[tuple([start] for start in starts)] = 5
        seen.append(array[box].tolist())
    stored = [(key, value.to_bytes()) for key, value in sorted(files.items())]
    return array[...].tolist(), seen, hashlib.sha256(repr(stored).encode()).hexdigest()


def outcome(question):
    """The value, or the error."""
    try:
        return question()
    except (ValueError, TypeError, IndexError, RuntimeError) as problem:
        return f"{type(problem).__name__}: {problem}"
