"""Random small cohorts with competing causes: estimates, variances and bounds, ties, weights, late entries, errors.

The last one under observation leaves without an event, and nobody enters late without others there: where all who are
left have an event at once, the improvement's bounds are others.
"""

import warnings

import numpy as np
import pandas as pd
from lifelines import AalenJohansenFitter

warnings.simplefilter("ignore")
DIGITS = 7


def case(rng):
    """One cohort, and up to three fits."""
    count = rng.randint(1, 14)
    whole = rng.random() < 0.5
    days = [rng.randint(1, 12) if whole else round(rng.uniform(0.5, 30), 3) for _ in range(count)] + [40]
    causes = [rng.choice([0, 1, 1, 2, 3]) for _ in range(count)] + [0]
    options = {"label": rng.choice([None, "risk"]), "alpha": rng.choice([None, None, 0.1, 0.5])}
    if rng.random() < 0.3:
        options["weights"] = [rng.randint(1, 4) for _ in days]
    if rng.random() < 0.2 and not whole:
        options["entry"] = [
            round(rng.uniform(0, day / 3), 2) if place % 3 == 0 else 0 for place, day in enumerate(days)
        ]
    if rng.random() < 0.15:
        options["ci_labels"] = rng.choice([["high", "low"], ["one"]])
    if rng.random() < 0.3:
        days, causes = pd.Series(days, dtype=float), pd.Series(causes)
    elif rng.random() < 0.5:
        days, causes = np.array(days, dtype=float), np.array(causes)
    made = {
        "seed": rng.randrange(9),
        "calculate_variance": rng.random() < 0.9,
        "jitter_level": rng.choice([1e-4, 0.01]),
    }
    if rng.random() < 0.05:
        made["jitter_level"] = 0
    interests = rng.sample([1, 2, 3, 7, "x"], 2)
    return repr([outcome(lambda of=of: fitted(made, days, causes, of, options)) for of in interests])


def fitted(made, days, causes, interest, options):
    """All that a fit says."""
    fitter = AalenJohansenFitter(**made).fit(days, causes, interest, **options)
    said = [fitter.event_table, fitter.cumulative_density_, fitter.confidence_interval_, fitter.variance_]
    return [*map(table, said), table(fitter.predict([0, 3.5, 20])), len(fitter.timeline)]


def table(frame):
    """Rows and names of a table, rounded."""
    if frame is None:
        return None
    names = [str(name) for name in (frame.columns if isinstance(frame, pd.DataFrame) else [frame.name])]
    rows = np.column_stack([np.asarray(frame.index, dtype=float), np.asarray(frame, dtype=float)])
    return names, (np.round(rows, DIGITS) + 0.0).tolist()


def outcome(question):
    """The value, or the error."""
    try:
        return question()
    except (ValueError, TypeError, AssertionError, KeyError) as problem:
        return f"{type(problem).__name__}: {problem}"
