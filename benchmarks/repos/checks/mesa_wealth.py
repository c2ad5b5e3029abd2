"""Small models with agents of one or two kinds that come and go: what the model says of its agents at every step.

Kinds come one after the other, sets are not changed in place, and nothing runs without a scheduler: the improvement
orders and counts otherwise there.
"""

import copy
import gc
import pickle
import weakref

import mesa


class Plant(mesa.Agent):
    """Grows, and may die or be eaten."""

    def __init__(self, unique_id, model, size=1):
        super().__init__(unique_id, model)
        self.size = size

    def step(self):
        self.size += self.random.randint(0, 2)
        agents = self.model.agents
        other = self.random.choice(agents)
        other.size -= len(agents) % 2
        if self.size > self.model.largest:
            self.remove()


class Sheep(Plant):
    """Eats what it meets."""

    def step(self):
        other = self.random.choice(self.model.agents)
        if isinstance(other, Sheep):
            other.size = max(other.size, self.size)
        elif len(self.model.get_agents_of_type(Plant)) > 1:
            self.size += other.size
            other.remove()
            other.remove()


class Meadow(mesa.Model):
    """Plants, perhaps sheep, and a collector."""

    def __init__(self, plants, sheep, largest, scheduler, births, reporter, seed=None):
        super().__init__()
        self.largest = largest
        self.births = births
        self.schedule = scheduler(self)
        for kind, count in ((Plant, plants), (Sheep, sheep)):
            for _ in range(count):
                self.schedule.add(kind(self.next_id(), self))
        self.datacollector = mesa.DataCollector({"Agents": count_agents}, {"Size": reporter})

    def step(self):
        self.schedule.step()
        for _ in range(self.births):
            self.schedule.add(Plant(self.next_id(), self, size=len(self.agents)))
        self.datacollector.collect(self)
        self.running = 0 < len(self.agents) < 40 and self.schedule.steps < 8


def size(agent):
    """How large it is."""
    return agent.size


def count_agents(model):
    """How many there are."""
    return len(model.agents)


def case(rng):
    """One model, step by step, and copies of it."""
    sheep = rng.choice([0, 0, 1, 4])
    scheduler = rng.choice([mesa.time.BaseScheduler, mesa.time.RandomActivation, mesa.time.StagedActivation])
    births = 0 if sheep else rng.randint(0, 2)
    largest, reporter = rng.randint(2, 30), rng.choice(["size", size])
    model = Meadow(rng.randint(1, 12), sheep, largest, scheduler, births, reporter, seed=rng.random())
    told = [outcome(lambda: described(model))]
    for _ in range(rng.randint(0, 6)):
        told.append(outcome(model.step))
        told.append(outcome(lambda: described(model)))
    told.append(outcome(lambda: setattr(model, "agents", [])).partition(":")[0])
    for copied in (lambda: copy.deepcopy(model), lambda: pickle.loads(pickle.dumps(model))):
        told.append(outcome(lambda copied=copied: described(copied())))
    if rng.random() < 0.5:
        told.append(outcome(lambda: model.run_model()))
    told.append(outcome(lambda: model.datacollector.get_agent_vars_dataframe().to_csv()))
    told.append(outcome(lambda: model.datacollector.get_model_vars_dataframe().to_csv()))
    told.append(outcome(lambda: left(model)))
    return " | ".join(told)


def left(model):
    """Whether an agent that was removed is gone, although a set was made before that had it."""
    kept = model.agents
    if not len(kept):
        return "there is none"
    agent = weakref.ref(kept[0])
    kept[0].remove()
    gc.collect()
    return agent() is None, len(model.agents), kept.model is model


def described(model):
    """The agents in order, by kind, and in ways to ask for some of them."""
    agents = model.agents
    return (
        len(agents),
        [(type(agent).__name__, agent.unique_id, agent.size) for agent in agents],
        [kind.__name__ for kind in model.agent_types],
        [(kind.__name__, model.get_agents_of_type(kind).get("unique_id")) for kind in model.agent_types],
        agents.shuffle().get("unique_id"),
        agents.sort("size").get("size"),
        agents.select(lambda agent: agent.size % 2).get(["unique_id", "size"]),
        agents.select(agent_type=Sheep).get("unique_id"),
        [agent.unique_id for agent in agents[:3]],
        outcome(lambda: agents[0].unique_id),
        model.schedule.get_agent_count(),
        model.random.random(),
        model.current_id,
    )


def outcome(question):
    """The value, or the error."""
    try:
        return repr(question())
    except (AttributeError, IndexError, KeyError, TypeError, ValueError, RuntimeError) as problem:
        return f"{type(problem).__name__}: {problem}"
