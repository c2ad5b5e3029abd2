"""Learn from two tables what depends on what: patients of a clinic, and orders of a web shop, with the PC algorithm."""

import numpy as np
import pandas as pd
from pgmpy.causal_discovery import PC
from pgmpy.ci_tests import GSq

TABLES = {}


def setup():
    """Draw the tables: every column follows from one or two earlier ones, and by chance."""
    rng = np.random.default_rng(7)
    TABLES["clinic"] = clinic(rng, 2500)
    TABLES["shop"] = shop(rng, 1800)


def clinic(rng, count):
    """Patients: what they live with, what they have, what was found."""
    age = rng.choice(["young", "middle", "old"], size=count, p=[0.3, 0.4, 0.3])
    smokes = rng.random(count) < 0.3
    sport = rng.choice(["never", "weekly", "daily"], size=count, p=[0.5, 0.35, 0.15])
    pressure = rng.random(count) < 0.15 + 0.3 * (age == "old") + 0.2 * (sport == "never")
    lungs = rng.random(count) < 0.05 + 0.4 * smokes
    heart = rng.random(count) < 0.05 + 0.45 * pressure + 0.2 * (age == "old")
    cough = np.where(rng.random(count) < 0.1 + 0.6 * lungs, "often", "rare")
    pain = np.where(rng.random(count) < 0.1 + 0.5 * heart + 0.15 * lungs, "yes", "no")
    columns = {"age": age, "smokes": smokes, "sport": sport, "pressure": pressure, "lungs": lungs}
    return pd.DataFrame(columns | {"heart": heart, "cough": cough, "pain": pain})


def shop(rng, count):
    """Orders: where they come from, what is in them, how they end."""
    channel = rng.choice(["search", "mail", "app", "shop"], size=count)
    device = np.where(rng.random(count) < 0.2 + 0.6 * (channel == "app"), "phone", "desk")
    region = rng.integers(0, 5, size=count)
    goods = (rng.integers(0, 3, size=count) + (channel == "mail")) % 4
    price = np.minimum(goods + rng.integers(0, 2, size=count), 3)
    carrier = np.where(rng.random(count) < 0.2 + 0.15 * region, "post", "van")
    late = rng.random(count) < 0.1 + 0.4 * (carrier == "post")
    back = rng.random(count) < 0.1 + 0.3 * late + 0.1 * price
    columns = {"channel": channel, "device": device, "region": region, "goods": goods, "price": price}
    return pd.DataFrame(columns | {"carrier": carrier, "late": late, "back": back})


def workload():
    """Print the graph and why edges are missing, then how strongly each pair of the shop hangs together."""
    for name, test, most in (("clinic", "chi_square", 3), ("shop", "g_sq", 2)):
        learnt = PC(variant="stable", ci_test=test, max_cond_vars=most, show_progress=False).fit(TABLES[name])
        print(name, sorted(learnt.causal_graph_.directed_edges), sorted(map(sorted, learnt.skeleton_.edges)))
        print(sorted((sorted(pair), sorted(given)) for pair, given in learnt.separating_sets_.items()))
    test = GSq(TABLES["shop"])
    for given in ([], ["region"], ["carrier", "late"]):
        for pair in (("channel", "price"), ("device", "back"), ("goods", "price")):
            statistic, chance = test.run_test(*pair, given)
            print(*pair, given, round(float(statistic), 8), round(float(chance), 10), test.dof_)
