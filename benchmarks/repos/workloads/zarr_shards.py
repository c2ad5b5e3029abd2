"""Keep a segmented tissue scan in sharded arrays, as an annotation tool does: a few labels painted, windows read."""

import numpy as np
import zarr

DATA = {}


def setup():
    """Make an overview picture, and the boxes and labels of a few cells and of a vessel's frames."""
    rng = np.random.default_rng(11)
    rows, columns = np.mgrid[0:300, 0:360]
    DATA["overview"] = (1000 + 400 * np.sin(rows / 40) * np.cos(columns / 55) + rng.integers(0, 90, (300, 360))).astype(
        "uint16"
    )
    DATA["cells"] = [(rng.integers(0, (64, 64, 140)), rng.integers(6, 20, 3), label) for label in range(1, 5)]
    DATA["frames"] = [(frame, rng.integers(0, 260, 2), rng.integers(20, 60, 2)) for frame in (0, 13)]


def workload():
    """Write the arrays into a store in memory, and print sums of windows and the sizes of what is stored."""
    files = {}
    root = zarr.create_group(zarr.storage.MemoryStore(files))
    overview = root.create_array("overview", shape=(300, 360), shards=(300, 360), chunks=(12, 12), dtype="uint16")
    overview[:] = DATA["overview"]
    for row, column in ((0, 0), (100, 37), (229, 290)):
        window = overview[row : row + 70, column : column + 64]
        print("overview", window.shape, int(window.sum()), round(float(window.std()), 9))

    labels = root.create_array("labels", shape=(80, 80, 160), shards=(80, 80, 80), chunks=(8, 8, 8), dtype="uint8")
    for corner, size, label in DATA["cells"]:
        box = tuple(slice(start, start + length) for start, length in zip(corner, size, strict=True))
        labels[box] = label
    for depth in (16, 50, 56):
        found, counts = np.unique(labels[depth], return_counts=True)
        print("labels", depth, dict(zip(found.tolist(), counts.tolist(), strict=True)))

    vessel = root.create_array("vessel", shape=(14, 320, 320), shards=(14, 320, 320), chunks=(1, 40, 40), dtype="bool")
    for frame, (row, column), (height, width) in DATA["frames"]:
        vessel[frame, row : row + height, column : column + width] = True
    print("vessel", vessel[:].sum(axis=(1, 2)).tolist())
    for key in sorted(files):
        print(key, len(files[key]))
