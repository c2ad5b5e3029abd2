"""Plan a build: a layered graph of 600 tasks, its reduction, closure, critical path and order."""

import random

import networkx as nx

graph = nx.DiGraph()


def setup():
    """Make a layered task graph, like a build's: each task needs a few tasks of the three layers before."""
    rng = random.Random(7)
    layers = [[f"task-{layer}-{i}" for i in range(20)] for layer in range(30)]
    graph.clear()
    for depth, layer in enumerate(layers):
        earlier = [task for tasks in layers[max(0, depth - 3) : depth] for task in tasks]
        for task in layer:
            graph.add_node(task)
            for needed in rng.sample(earlier, min(len(earlier), rng.randint(1, 6))):
                graph.add_edge(needed, task, weight=rng.randint(1, 90))


def workload():
    """Analyse the graph as a build planner does."""
    reduced = nx.transitive_reduction(graph)
    closure = nx.transitive_closure_dag(graph)
    print(reduced.number_of_edges(), closure.number_of_edges())
    print(*nx.dag_longest_path(graph))
    print([len(wave) for wave in nx.topological_generations(graph)])
    print(*nx.lexicographical_topological_sort(graph))
