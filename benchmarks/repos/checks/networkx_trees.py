"""Random trees: are two isomorphic, is the match one, and what are center, radius and the like."""

import networkx as nx


def case(rng):
    """Two graphs. The match itself may be another one; whether it is one is what counts."""
    one = tree(rng, rng.randint(1, 14))
    other = tree(rng, rng.choice([len(one), len(one), rng.randint(1, 14)]))
    if rng.random() < 0.6:
        names = list(one)
        rng.shuffle(names)
        other = nx.relabel_nodes(one, dict(zip(one, [f"n{name}" for name in names], strict=True)))
    asked = [
        lambda: matches(one, other),
        lambda: nx.center(one),
        lambda: nx.center(other),
        lambda: (nx.radius(other), nx.diameter(other), nx.periphery(other), nx.barycenter(other)),
        lambda: nx.center(nx.cycle_graph(rng.randint(3, 7))),
        lambda: nx.center(nx.Graph(other), weight="w"),
    ]
    return " | ".join(outcome(question) for question in asked)


def tree(rng, size):
    """A random tree."""
    made = nx.Graph()
    made.add_node(0)
    for node in range(1, size):
        made.add_edge(node, rng.randrange(max(0, node - rng.randint(1, 5)), node), w=rng.randint(1, 4))
    return made


def matches(one, other):
    """Whether a match was found, and is one."""
    found = nx.isomorphism.tree_isomorphism(one, other)
    names = dict(found)
    right = all(other.has_edge(names[a], names[b]) for a, b in one.edges) if found else None
    return len(found), right


def outcome(question):
    """The value, or the error."""
    try:
        return repr(question())
    except (nx.NetworkXException, KeyError, ValueError, TypeError, AssertionError) as problem:
        return f"{type(problem).__name__}: {problem}"
