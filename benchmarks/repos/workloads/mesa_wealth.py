"""Run two teaching models of an economy: gifts among the people of a town, and buyers who go from shop to shop."""

import mesa


class Person(mesa.Agent):
    """Gives a coin to someone as long as there is one to give; who stays poor too long moves away."""

    def __init__(self, unique_id, model):
        super().__init__(unique_id, model)
        self.wealth = 1
        self.poor = 0

    def step(self):
        self.poor = 0 if self.wealth else self.poor + 1
        if self.wealth:
            other = self.random.choice(self.model.agents)
            other.wealth += 1
            self.wealth -= 1
        elif self.poor > self.model.patience:
            self.remove()


class Town(mesa.Model):
    """The people, and how unequal they are."""

    def __init__(self, people, patience, seed=None):
        super().__init__()
        self.patience = patience
        self.schedule = mesa.time.RandomActivation(self)
        for _ in range(people):
            self.schedule.add(Person(self.next_id(), self))
        self.datacollector = mesa.DataCollector({"Gini": gini, "People": lambda model: len(model.agents)})

    def step(self):
        self.schedule.step()
        self.datacollector.collect(self)


class Shop(mesa.Agent):
    """Sells at a price that follows how much is left."""

    def __init__(self, unique_id, model):
        super().__init__(unique_id, model)
        self.price = self.random.randint(5, 15)
        self.stock = 10

    def step(self):
        self.price = max(1, self.price + (1 if self.stock < 8 else -1))
        self.stock = 10


class Buyer(mesa.Agent):
    """Compares two shops and buys from the cheaper one."""

    def __init__(self, unique_id, model):
        super().__init__(unique_id, model)
        self.paid = 0

    def step(self):
        first, second = (self.random.choice(self.model.get_agents_of_type(Shop)) for _ in range(2))
        shop = first if first.price <= second.price else second
        if shop.stock:
            shop.stock -= 1
            self.paid += shop.price


class Market(mesa.Model):
    """Shops and buyers, day by day."""

    def __init__(self, shops, buyers, seed=None):
        super().__init__()
        self.schedule = mesa.time.RandomActivation(self)
        for kind, count in ((Shop, shops), (Buyer, buyers)):
            for _ in range(count):
                self.schedule.add(kind(self.next_id(), self))
        self.datacollector = mesa.DataCollector({"Price": price}, {"Paid": lambda agent: getattr(agent, "paid", None)})

    def step(self):
        self.schedule.step()
        self.datacollector.collect(self)


def gini(model):
    """The Gini coefficient of wealth."""
    wealth = sorted(model.agents.get("wealth"))
    share = sum(value * (len(wealth) - place) for place, value in enumerate(wealth)) / (len(wealth) * sum(wealth))
    return 1 + 1 / len(wealth) - 2 * share


def price(model):
    """The mean price over all shops."""
    prices = model.get_agents_of_type(Shop).get("price")
    return sum(prices) / len(prices)


def workload():
    """Print the curves of each run, and what the buyers paid."""
    for people, patience, seed in ((50, 1000, 1), (110, 40, 2), (190, 25, 3)):
        town = Town(people, patience, seed=seed)
        for _ in range(60):
            town.step()
        print(people, town.datacollector.get_model_vars_dataframe().round(10).to_csv())
    for shops, buyers, seed in ((30, 90, 4), (70, 100, 5)):
        market = Market(shops, buyers, seed=seed)
        for _ in range(25):
            market.step()
        print(shops, market.datacollector.get_model_vars_dataframe().round(10).to_csv())
        print(market.datacollector.get_agent_vars_dataframe().groupby("Step").Paid.sum().to_csv())
