"""Random small spaces, searched whole: conditions, pruned and failed trials, queued and added ones, running ones.

Without spaces that change from trial to trial: when they are told of, the improvement changes.
"""

import warnings

import optuna

optuna.logging.set_verbosity(optuna.logging.CRITICAL)
warnings.simplefilter("ignore")

CHOICES = (["a", "b"], [None, 1.5, "x"], [float("nan"), 0, "y"], [True, False], ["only"], [float("inf"), -2])
MOST = 90  # trials of a search


def case(rng):
    """One space and one or two searches."""
    endless = rng.random() < 0.05
    space = ("p", ("float", (0, 1, None)), [], True) if endless else drawn(rng, rng.randint(1, 3), "p")
    sampler = optuna.samplers.BruteForceSampler(seed=rng.randrange(100), avoid_premature_stop=rng.random() < 0.4)
    study = optuna.create_study(sampler=sampler, direction=rng.choice(["minimize", "maximize"]))
    prune, fail = rng.choice([0, 0, 5]), rng.choice([0, 0, 7])
    said = []

    def objective(trial):
        value = walked(trial, space)
        if prune and trial.number % prune == 1:
            raise optuna.TrialPruned
        if fail and trial.number % fail == 2:
            raise ArithmeticError
        return value

    for step in rng.sample([queued, added, added, asked], 0 if endless else rng.randint(0, 4)):
        said.append(outcome(lambda step=step: step(study, space, rng)))
    most = rng.choice([MOST, MOST, 3])
    said.append(outcome(lambda: study.optimize(objective, n_trials=most, catch=(ArithmeticError,))))
    said.append(outcome(lambda: study.optimize(objective, n_trials=3)))
    said += [(trial.number, trial.state.name, trial.params, trial.value) for trial in study.trials]
    return repr(said)


def drawn(rng, depth, name):
    """A parameter, and for its first values more of them."""
    kind = rng.randrange(4)
    if kind == 0:
        how = ("cat", rng.choice(CHOICES))
    elif kind == 1:
        how = ("float", rng.choice([(0.0, 0.3, 0.1), (-1, 1, 0.5), (0.25, 0.25, 0.1), (1.0, 2.05, 0.35)]))
    else:
        how = ("int", rng.choice([(0, 2, 1), (1, 9, 3), (-3, 3, 2), (4, 4, 1), (0, 10, 4)]))
    below = [drawn(rng, depth - 1, f"{name}{branch}") for branch in range(rng.randint(0, 2))] if depth else []
    return name, how, below, rng.random() < 0.5


def walked(trial, space):
    """The value of a trial: suggests what the space says."""
    name, (kind, how), below, always = space
    if kind == "cat":
        value = trial.suggest_categorical(name, how)
        place = [repr(each) for each in how].index(repr(value))
    else:
        low, high, step = how
        value = (trial.suggest_float if kind == "float" else trial.suggest_int)(name, low, high, step=step)
        place = round((value - low) / (step or 1))
    total = place
    for branch, inner in enumerate(below):
        if always or branch == place:
            total += 0.1 * walked(trial, inner)
    return total


def queued(study, space, rng):
    """Ask for a value of the first parameter first."""
    name, (kind, how), _, _ = space
    study.enqueue_trial({name: rng.choice(how) if kind == "cat" else how[0]}, skip_if_exists=rng.random() < 0.5)


def added(study, space, rng):
    """A whole trial from elsewhere, now and then between the steps."""
    states = [optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED, optuna.trial.TrialState.FAIL]
    params, distributions = {}, {}
    filled(space, rng, params, distributions)
    study.add_trial(
        optuna.create_trial(state=rng.choice(states), value=1.0, params=params, distributions=distributions)
    )


def filled(space, rng, params, distributions):
    """The parameters of a trial, written into the two dicts."""
    name, (kind, how), below, always = space
    if kind == "cat":
        place = rng.randrange(len(how))
        params[name], distributions[name] = how[place], optuna.distributions.CategoricalDistribution(how)
    else:
        low, high, step = how
        made = optuna.distributions.FloatDistribution if kind == "float" else optuna.distributions.IntDistribution
        value = low + step * rng.choice([0, 0, 1])
        params[name], distributions[name] = value if value <= high else low, made(low, high, step=step)
        place = round((params[name] - low) / step)
        if rng.random() < 0.1:
            params[name] = low + (high - low) / 2 if kind == "float" else (low + high) // 2
    for branch, inner in enumerate(below):
        if always or branch == place:
            filled(inner, rng, params, distributions)


def asked(study, space, rng):
    """A trial that stays open, or is told of at once."""
    trial = study.ask()
    value = walked(trial, space)
    if rng.random() < 0.5:
        study.tell(trial, value)
    return trial.params


def outcome(question):
    """The value, or the error's type: what it says of a space is free."""
    try:
        return question()
    except Exception as problem:
        return type(problem).__name__
