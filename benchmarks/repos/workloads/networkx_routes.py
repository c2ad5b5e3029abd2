"""Answer route requests on a city's road network: the cheapest way between two crossings, one request after another."""

import random

import networkx as nx

SIDE = 110
roads = nx.DiGraph()
requests = []


def setup():
    """Make a grid of streets with one-way parts, and the requests of a few minutes."""
    rng = random.Random(2)
    roads.clear()
    for x in range(SIDE):
        for y in range(SIDE):
            for other in ((x + 1, y), (x, y + 1)):
                if max(other) < SIDE:
                    roads.add_edge((x, y), other, seconds=rng.randint(5, 90))
                    if rng.random() < 0.9:
                        roads.add_edge(other, (x, y), seconds=rng.randint(5, 90))
    nodes = sorted(roads)
    requests[:] = [rng.sample(nodes, 2) for _ in range(14)]


def workload():
    """Route each request as a web service does: with both searches that the package offers for a single pair."""
    for start, end in requests:
        seconds, path = nx.bidirectional_dijkstra(roads, start, end, weight="seconds")
        print(start, end, seconds, path[:: len(path) // 4 + 1])
        print(nx.dijkstra_path(roads, start, end, weight="seconds")[1::29])
