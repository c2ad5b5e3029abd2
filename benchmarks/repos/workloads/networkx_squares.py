"""Measure how clustered a club's network is, in triangles and in squares, as a study of social networks does."""

import networkx as nx

graphs = {}


def setup():
    """Make a network with many triangles, and one of buyers and goods without any."""
    graphs["friends"] = nx.powerlaw_cluster_graph(600, 9, 0.5, seed=5)
    graphs["purchases"] = nx.bipartite.random_graph(160, 240, 0.07, seed=6)


def workload():
    """Print the measures node by node."""
    for name, graph in graphs.items():
        print(name, {node: round(value, 12) for node, value in nx.square_clustering(graph).items()})
        print(name, nx.transitivity(graph), round(nx.average_clustering(graph), 12))
