"""Try every setting of three small systems once: a store of log files, a delivery round, and a shop's price plan."""

import optuna

optuna.logging.set_verbosity(optuna.logging.WARNING)


def archive(trial):
    """Seconds and gigabytes of an archive; what can be set depends on the codec."""
    codec = trial.suggest_categorical("codec", ["none", "gzip", "zstd"])
    block = trial.suggest_categorical("block", [16, 64, 256])
    if codec == "none":
        return 40.0 + 2.0 / block
    level = trial.suggest_int("level", 1, 9) if codec == "gzip" else trial.suggest_int("zstd_level", 1, 19, step=3)
    checked = trial.suggest_categorical("checked", [True, False])
    return 40.0 / (1.0 + level**0.5) + (0.3 if codec == "zstd" else 0.5) * level + (0.4 if checked else 0.0) + 8 / block


def round_trip(trial):
    """Cost of a delivery round by vans, stops, and the hour of the start."""
    vans = trial.suggest_int("vans", 1, 4)
    stops = trial.suggest_int("stops", 4, 16, step=4)
    start = trial.suggest_float("start", 6.0, 9.0, step=0.5)
    if stops * vans < 12:
        raise optuna.TrialPruned
    return vans * (90 + 3.5 * stops) + abs(start - 7.5) * 12 * vans + 900 / (stops * vans)


def prices(trial):
    """What a week brings by price, discount, and the days on which it is given."""
    price = trial.suggest_float("price", 1.6, 2.8, step=0.2)
    discount = trial.suggest_float("discount", 0.0, 0.3, step=0.05)
    days = trial.suggest_int("days", 1, 5) if discount > 0 else 0
    return (price * (1 - discount) - 1.1) * (300 - 80 * price + 220 * discount * days / 7)


def workload():
    """Print how each search went, trial by trial, and its best."""
    for seed, (objective, direction) in enumerate(
        [(archive, "minimize"), (round_trip, "minimize"), (prices, "maximize")]
    ):
        study = optuna.create_study(sampler=optuna.samplers.BruteForceSampler(seed=seed), direction=direction)
        study.optimize(objective)
        print(objective.__name__, len(study.trials), study.best_params, round(study.best_value, 9))
        for trial in study.trials:
            print(trial.state.name, trial.params, trial.value and round(trial.value, 9))
