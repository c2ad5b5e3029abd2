"""Random graphs of every kind, weights of every kind, and all the searches of the file that was improved."""

import networkx as nx

KINDS = (nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph)


def case(rng):
    """One graph, a few searches in it. The order of nodes within a result is free: the improvement changed it too."""
    graph = rng.choice(KINDS)()
    nodes = rng.sample(range(40), rng.randint(1, 14)) if rng.random() < 0.8 else list("abcdefg")
    graph.add_nodes_from(nodes)
    for _ in range(rng.randint(0, 45)):
        data = {} if rng.random() < 0.1 else {"w": rng.choice([rng.randint(0, 9), rng.random(), 1, 1])}
        graph.add_edge(rng.choice(nodes), rng.choice(nodes), **data)
    a, b = rng.choice(nodes), rng.choice([*nodes, "nowhere"])
    cutoff = rng.choice([None, None, 0, 3, 8.5])
    weight = rng.choice(["w", "w", None, lambda u, v, d: None if (hash(u) + hash(v)) % 7 == 0 else 2])
    some = rng.sample(nodes, rng.randint(1, min(3, len(nodes))))
    searches = [
        lambda: nx.bidirectional_dijkstra(graph, a, b, weight=weight),
        lambda: nx.dijkstra_path(graph, a, b, weight=weight),
        lambda: nx.single_source_dijkstra(graph, a, target=b, cutoff=cutoff, weight=weight),
        lambda: nx.single_source_dijkstra(graph, a, cutoff=cutoff, weight=weight),
        lambda: nx.multi_source_dijkstra(graph, set(some), target=b, cutoff=cutoff, weight=weight),
        lambda: nx.multi_source_dijkstra_path(graph, set(some), cutoff=cutoff, weight=weight),
        lambda: nx.dijkstra_predecessor_and_distance(graph, a, cutoff=cutoff, weight=weight),
        lambda: list(nx.all_pairs_dijkstra(graph, cutoff=cutoff, weight=weight)),
        lambda: nx.shortest_path(graph, a, b, weight=weight),
        lambda: list(nx.all_shortest_paths(graph, a, b, weight=weight)),
        lambda: nx.bellman_ford_path(graph, a, b, weight=weight),
        lambda: nx.single_source_bellman_ford(graph, a, weight=weight),
        lambda: nx.johnson(graph, weight=weight),
    ]
    return " | ".join(outcome(search) for search in searches)


def outcome(search):
    """The value of a search, or its error."""
    try:
        return repr(ordered(search()))
    except (nx.NetworkXException, KeyError, ValueError, TypeError) as problem:
        return f"{type(problem).__name__}: {problem}"


def ordered(value):
    """The value with its dictionaries in one order."""
    if isinstance(value, dict):
        return {key: ordered(value[key]) for key in sorted(value, key=repr)}
    return type(value)(map(ordered, value)) if isinstance(value, list | tuple) else value
