"""Random tables of few values: tests of independence of every kind, given nothing to three columns, and graphs learnt.

Columns have two values at least, none are missing, sums are rounded, no test divides by what was counted, and those
that take logarithms are given one column at most: the improvement differs in the rest.
"""

import warnings

import numpy as np
import pandas as pd
from pgmpy import ci_tests
from pgmpy.causal_discovery import PC
from pgmpy.ci_tests import get_ci_test

KINDS = ("ChiSquare", "GSq", "LogLikelihood", "PowerDivergence")
LAMBDAS = ("pearson", "log-likelihood", "cressie-read", 0.5, 1, 2, 2 / 3, 3)


def case(rng):
    """One table."""
    warnings.simplefilter("ignore")
    table = made(rng)
    columns = list(table.columns)
    told = []
    for _ in range(3):
        kind = rng.choice(KINDS)
        more = {"lambda_": rng.choice(LAMBDAS)} if kind == "PowerDivergence" else {}
        test = outcome(lambda kind=kind, more=more: getattr(ci_tests, kind)(table, **more))
        for _ in range(2):
            most = 3 if likelihood(kind, more) else 5
            chosen = rng.sample(columns, rng.randint(2, min(most, len(columns))))
            given = rng.choice([list, tuple])(chosen[2:])
            told.append(outcome(lambda test=test, c=chosen, g=given: asked(test, c[0], c[1], g)))
            told.append(outcome(lambda test=test, c=chosen, g=given: asked(test, c[1], c[0], g[::-1])))
        given = rng.choice([[columns[0]], ["missing"], [columns[2]]])
        told.append(outcome(lambda test=test, g=given: asked(test, columns[0], rng.choice(columns), g)))
    test = rng.choice(["chi_square", "g_sq", "log_likelihood", "Unknown"])
    told.append(outcome(lambda: type(get_ci_test(test, data=table)).__name__))
    if test != "Unknown":
        told.append(outcome(lambda: learnt(PC, rng, table, test)))
    return " | ".join(map(str, told))


def made(rng):
    """A table of three to six columns, of which some follow from others."""
    draw = np.random.default_rng(rng.randrange(10**9))
    count = rng.choice([12, 40, 150, 400])
    table = {}
    for name in "abcdef"[: rng.randint(3, 6)]:
        states = rng.randint(2, 4)
        values = draw.integers(0, states, size=count)
        if table and rng.random() < 0.6:
            source = pd.factorize(table[rng.choice(list(table))])[0]
            values = np.where(draw.random(count) < 0.6, source % states, values)
        values[:2] = 0, 1
        table[name] = rng.choice([lambda v: v, lambda v: v.astype(str), lambda v: v * 0.5, lambda v: v > 0])(values)
    frame = pd.DataFrame(table)
    if rng.random() < 0.3:
        frame = frame.astype("category")
    return frame if rng.random() < 0.7 else frame.sample(frac=1.0, random_state=3)


def asked(test, x, y, given):
    """What is left on the test after a question."""
    independent = test(x, y, given, significance_level=0.037)
    return independent, rounded(test.statistic_), rounded(test.p_value_), int(test.dof_)


def learnt(kind, rng, table, test):
    """The graph."""
    variant, most = rng.choice(["orig", "stable"]), rng.randint(0, 2 if test == "chi_square" else 1)
    found = kind(variant=variant, ci_test=test, max_cond_vars=most, show_progress=False).fit(table)
    edges = sorted(map(sorted, found.skeleton_.edges)), sorted(found.causal_graph_.directed_edges)
    return edges, sorted((sorted(pair), sorted(given)) for pair, given in found.separating_sets_.items())


def likelihood(kind, more):
    """Does the test take logarithms?"""
    return kind in ("GSq", "LogLikelihood") or more.get("lambda_") == "log-likelihood"


def rounded(value):
    """A float without its last digits, -0.0 as 0.0."""
    return round(float(value), 7) + 0.0


def outcome(question):
    """The value, or the error."""
    try:
        return question()
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        return f"{type(problem).__name__}: {problem}"
