"""Judge a round-robin season: who could have beaten whom through others, and whether everybody is in one cycle."""

import random

import networkx as nx

seasons = []


def setup():
    """Make three seasons in which the stronger team mostly wins."""
    rng = random.Random(4)
    seasons.clear()
    for teams, upset in ((24, 0.05), (36, 0.02), (30, 0.3)):
        season = nx.DiGraph()
        for a in range(teams):
            for b in range(a):
                season.add_edge(*((b, a) if rng.random() > upset else (a, b)))
        seasons.append(season)


def workload():
    """Ask for ten chains of victories in each season."""
    for season in seasons:
        teams = len(season)
        print([nx.tournament.is_reachable(season, i * 7 % teams, i * 13 % teams) for i in range(1, 11)])
        print(nx.tournament.score_sequence(season)[:8], nx.tournament.hamiltonian_path(season)[:8])
