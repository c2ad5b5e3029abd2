"""How likely is a relapse, and how likely death without one, by month, in a trial of two arms?"""

import warnings

import numpy as np
from lifelines import AalenJohansenFitter

arms = {}

RELAPSE, DEATH, END = 1, 2, 1500  # days


def setup():
    """Make the patients of each arm: days until relapse or death, or 0 for those who left or were well at the end."""
    rng = np.random.default_rng(12)
    for name, patients, relapse, death in (("standard", 135, 900, 2600), ("new", 120, 1700, 2300)):
        left = rng.exponential(5000, patients)
        times = np.stack([left, rng.weibull(0.9, patients) * relapse, rng.weibull(1.3, patients) * death])
        days = np.minimum(times.min(axis=0).astype(int) + 1, END)
        arms[name] = days, np.where(days < END, times.argmin(axis=0), 0), rng.choice([1, 1, 1, 2], patients)


def workload():
    """Print the estimates with their bounds: of each arm by cause, and of the whole trial."""
    warnings.simplefilter("ignore")  # days are whole: ties are told of
    for name, (days, causes, weights) in arms.items():
        for cause in (RELAPSE, DEATH):
            fitter = AalenJohansenFitter(seed=3).fit(days, causes, event_of_interest=cause, label=f"{name} {cause}")
            report(fitter)
        report(AalenJohansenFitter(seed=4, alpha=0.1).fit(days, causes, event_of_interest=RELAPSE, weights=weights))
    days, causes, _ = (np.concatenate(parts) for parts in zip(*arms.values(), strict=True))
    report(AalenJohansenFitter(seed=5).fit(days, causes, event_of_interest=DEATH, label="all"))


def report(fitter):
    """The curve every sixth time, and its bounds and variance."""
    bounds = fitter.confidence_interval_
    rows = zip(bounds.index, fitter.cumulative_density_.iloc[:, 0], bounds.values, fitter.variance_, strict=True)
    print(list(bounds.columns), len(bounds))
    for time, value, (low, high), variance in list(rows)[1::6]:
        print(round(time, 6), round(value, 9), round(low, 9), round(high, 9), round(variance, 9))
