"""Random tournaments, and graphs that are none, asked for reachability between all pairs."""

import networkx as nx


def case(rng):
    """One graph and all questions about it."""
    size, upset = rng.randint(1, 6), rng.random()
    names = rng.sample(range(100), size)
    graph = nx.DiGraph()
    graph.add_nodes_from(names)
    for i, a in enumerate(names):
        for b in names[:i]:
            graph.add_edge(*((a, b) if rng.random() < upset else (b, a)))
    if rng.random() < 0.2:
        graph.add_edge(rng.choice(names), rng.choice(names))
    if rng.random() < 0.1 and graph.size():
        graph.remove_edge(*rng.choice(list(graph.edges)))
    asked = [*names, "nobody"]
    reached = [nx.tournament.is_reachable(graph, a, b) for a in asked for b in asked]
    path = nx.tournament.hamiltonian_path(graph) if nx.is_tournament(graph) else None
    scores = nx.tournament.score_sequence(graph)
    return repr((reached, path, scores, nx.tournament.is_strongly_connected(graph), list(graph.edges)))
