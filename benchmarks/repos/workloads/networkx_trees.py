"""Compare the folder structures of backups as trees, whatever the folders are called."""

import random

import networkx as nx

pairs = []


def setup():
    """Make folder trees, each with a renamed copy, and one that differs in a leaf."""
    rng = random.Random(8)
    pairs.clear()
    for size in (300, 700, 1100, 1500):
        tree = nx.Graph()
        tree.add_node(0)
        for folder in range(1, size):
            tree.add_edge(folder, rng.randrange(max(0, folder - 40), folder))
        names = list(range(size))
        rng.shuffle(names)
        pairs.append((tree, nx.relabel_nodes(tree, dict(zip(tree, names, strict=True)))))
        moved = tree.copy()
        leaf = max(node for node in moved if moved.degree(node) == 1)
        moved.remove_node(leaf)
        moved.add_edge(leaf, 0)
        pairs.append((tree, moved))


def workload():
    """Match the trees."""
    for one, other in pairs:
        matches = nx.isomorphism.tree_isomorphism(one, other)
        print(len(one), len(matches), nx.center(nx.bfs_tree(one, 0).to_undirected())[:2] if len(one) < 400 else "")
