"""The loop with scripted stages: what follows what, what each stage is told, and how it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import pytest

from llmopt.data import Base, Function, Hotspot, Profile, Proposal, Proposer, Verdict
from llmopt.errors import BudgetError, ModelError
from llmopt.loop import Event, Localized, Stages, Stopped, optimize

SPOTS = tuple(Hotspot(Function("a.py", name, 1), 2, 0.4, 0.4, 0.4, 1.7) for name in ("f", "g"))
BASE = Base("0", {})


@dataclass
class Script:
    """Fakes at the seams. `plans` are the proposals of each round, by name; names with "!" are accepted."""

    plans: Sequence[Sequence[str]]
    enough_after: int = 1000
    fail_at: str = ""
    error: Exception = field(default_factory=lambda: BudgetError("the budget is spent"))
    told: list[tuple[str, ...]] = field(default_factory=list)
    bases: list[str] = field(default_factory=list)
    tried: list[tuple[str, str]] = field(default_factory=list)

    def stages(self) -> Stages:
        return Stages(self.profile, self.localize, self.propose, self.attempt, self.accept, self.enough)

    def profile(self, base: Base) -> Profile:
        self.bases.append(base.commit)
        return Profile(base.commit, (1.0,), (), ())

    def localize(self, profile: Profile) -> Localized:
        return Localized(SPOTS, (("a.py::h", "too little to gain"),))

    def propose(self, base: Base) -> Proposer:
        plan = self.plans[len(self.bases) - 1]

        def proposals(hotspots: Sequence[Hotspot], verdicts: Sequence[Verdict]) -> Iterator[Proposal]:
            assert tuple(hotspots) == SPOTS
            for name in plan:
                if name == self.fail_at:
                    raise self.error
                self.told.append(tuple(verdict.plan for verdict in verdicts))
                yield Proposal("author", SPOTS[0], name)

        return proposals

    def attempt(self, proposal: Proposal, base: Base, verdicts: Sequence[Verdict]) -> Verdict:
        assert [verdict.plan for verdict in verdicts] == [plan for plan, _ in self.tried]
        self.tried.append((proposal.plan, base.commit))
        return Verdict(
            "!" in proposal.plan, "s", "", "a.py::f", "author", proposal.plan, commit=f"{base.commit}{proposal.plan}"
        )

    def accept(self, base: Base, verdict: Verdict) -> Base:
        return replace(base, commit=verdict.commit)

    def enough(self) -> str:
        return "time is over" if len(self.tried) >= self.enough_after else ""

    def run(self) -> list[Event]:
        return list(optimize(BASE, self.stages()))


def names(events: Sequence[Event]) -> list[str]:
    return [type(event).__name__ for event in events]


def test_without_an_accepted_edit_there_is_one_round() -> None:
    script = Script([["a", "b"]])
    assert names(script.run()) == ["Profile", "Localized", "Proposal", "Verdict", "Proposal", "Verdict"]
    assert script.tried == [("a", "0"), ("b", "0")]


def test_accepted_edit_is_the_base_of_a_new_round_with_a_new_profile() -> None:
    script = Script([["a", "b!", "c"], ["d!"], []])
    events = script.run()
    assert script.bases == ["0", "0b!", "0b!d!"]
    assert script.tried == [("a", "0"), ("b!", "0"), ("d!", "0b!")]
    assert [event.commit for event in events if isinstance(event, Profile)] == script.bases
    assert names(events)[-2:] == ["Profile", "Localized"]


def test_proposers_hear_of_all_verdicts_so_far_also_of_earlier_rounds() -> None:
    script = Script([["a", "b!"], ["c", "d"]])
    script.run()
    assert script.told == [(), ("a",), ("a", "b!"), ("a", "b!", "c")]


def test_each_event_comes_as_soon_as_it_is_there() -> None:
    script = Script([["a", "b"]])
    events = optimize(BASE, script.stages())
    for _ in range(4):
        last = next(events)
    assert isinstance(last, Verdict)
    assert script.tried == [("a", "0")]


def test_enough_ends_the_run_after_the_verdict_that_is_not_lost() -> None:
    script = Script([["a", "b!", "c"], ["d"]], enough_after=2)
    events = script.run()
    assert events[-1] == Stopped("time is over")
    assert isinstance(events[-2], Verdict)
    assert events[-2].accepted
    assert script.bases == ["0"]


@pytest.mark.parametrize("at", ["a", "c"])
def test_spent_budget_ends_the_run_and_what_was_found_stays(at: str) -> None:
    script = Script([["a", "b!"], ["c"]], fail_at=at)
    events = script.run()
    assert events[-1] == Stopped("the budget is spent")
    assert sum(isinstance(event, Verdict) for event in events) == (0 if at == "a" else 2)


@pytest.mark.parametrize("error", [ModelError("no route"), KeyboardInterrupt()])
def test_other_failures_go_to_the_edge(error: Exception) -> None:
    with pytest.raises(type(error)):
        Script([["a"]], fail_at="a", error=error).run()


def test_profile_without_hotspots_ends_quietly() -> None:
    assert names(Script([[]]).run()) == ["Profile", "Localized"]


def test_stages_are_plain_functions() -> None:
    profile: Callable[[Base], Profile] = Script([]).stages().profile
    assert profile(BASE).commit == "0"
