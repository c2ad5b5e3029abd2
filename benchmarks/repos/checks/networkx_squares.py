"""Random graphs with odd nodes: every measure of clustering, for all nodes and for some.

Undirected and without edges from a node to itself: the improvement counts other squares otherwise.
"""

import networkx as nx


def case(rng):
    """One graph; values in the order they come, exactly."""
    nodes = rng.sample(range(30), rng.randint(0, 12)) + ["a", (1, 2)][: rng.randint(0, 2)]
    graph = nx.Graph()
    graph.add_nodes_from(nodes)
    for _ in range(rng.randint(0, 50) if nodes else 0):
        a, b = rng.choice(nodes), rng.choice(nodes)
        if a != b:
            graph.add_edge(a, b, weight=rng.randint(1, 5))
    some = [rng.choice([*nodes, "missing"]) for _ in range(3)]
    asked = [
        lambda: nx.square_clustering(graph),
        lambda: nx.square_clustering(graph, some),
        lambda: nx.square_clustering(graph, some[0]),
        lambda: nx.clustering(graph, weight=rng.choice([None, "weight"])),
        lambda: nx.triangles(graph),
        lambda: nx.transitivity(graph),
        lambda: nx.average_clustering(graph),
        lambda: nx.generalized_degree(graph),
        lambda: sorted(graph.edges, key=repr),
    ]
    return " | ".join(outcome(question) for question in asked)


def outcome(question):
    """The value, or the error."""
    try:
        return repr(question())
    except (nx.NetworkXException, KeyError, ValueError, TypeError, ZeroDivisionError) as problem:
        return f"{type(problem).__name__}: {problem}"
