"""Describe the roles in a social network: brokers, closed triads, the rich club and the core."""

import networkx as nx

graphs = {}


def setup():
    """Make a scale-free friendship graph with triangles, and who follows whom."""
    graphs["friends"] = nx.powerlaw_cluster_graph(120, 4, 0.4, seed=3)
    graphs["follows"] = nx.gnp_random_graph(200, 0.03, seed=4, directed=True)


def workload():
    """Compute the measures that a study of a network reports."""
    friends, follows = graphs["friends"], graphs["follows"]
    show(nx.constraint(friends))
    show(nx.effective_size(friends))
    print(nx.rich_club_coefficient(friends, normalized=False))
    print(nx.core_number(friends))
    print(nx.triadic_census(follows))
    show(nx.square_clustering(friends))
    print(nx.transitivity(friends))


def show(measure):
    """Print a measure by node, without the last digits."""
    print({node: round(value, 9) for node, value in measure.items()})
