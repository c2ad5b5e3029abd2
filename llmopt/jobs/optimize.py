"""An open session in; the search, measured and kept, out. What happens meanwhile is told to a view."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from llmopt import baseline, finish, git, interrupts, loop, models, person, search, session, stages
from llmopt import project as projects
from llmopt.config import Settings, flag
from llmopt.data import Base, Conversation, Hotspot, Model, Outcome, Reply, Verdict
from llmopt.errors import LlmoptError, ProjectError, UsageError
from llmopt.events import Budget, View
from llmopt.keep import Kept
from llmopt.models import agent, budget, cache, prices, transcript
from llmopt.models.manual import Ask
from llmopt.reports import summary
from llmopt.sandbox import granted
from llmopt.search import served
from llmopt.session import Pauses, Session

LEFT = 5  # functions that are told to be hot still


@dataclass(frozen=True)
class Asks:
    """Who is asked what no program decides: the last word on a verdict, and the answer to a request of `manual:DIR`.
    With None nobody is: the judge decides, and answers are waited for as files."""

    decide: person.Ask | None = None
    answer: Ask | None = None


@dataclass(frozen=True)
class Optimized:
    """A run that ended. `kept` says where its edits are now, None where there are none; `error` is what cut it off
    after something had been kept (before that it is raised)."""

    outcome: Outcome
    kept: Kept | None = None
    error: LlmoptError | None = None


@dataclass
class Progress:
    """What a run has so far; it is what an interruption or an error leaves."""

    base: Base | None = None
    verdicts: list[Verdict] = field(default_factory=list)
    hot: int = 0
    skipped: int = 0
    cold: tuple[tuple[str, str], ...] = ()  # functions not worth a try when the run began, and why
    left: tuple[Hotspot, ...] = ()
    stopped: str = ""
    error: LlmoptError | None = None
    interrupted: bool = False

    @property
    def accepted(self) -> bool:
        return any(verdict.accepted for verdict in self.verdicts)


def run(opened: Session, view: View, asks: Asks) -> Optimized:
    """Make the session's repository faster. An interruption ends it with what was kept until then."""
    settings = opened.settings
    view.budget(Budget(settings.max_time, settings.budget_usd, settings.max_tokens))
    view.header(summary.header(opened))
    for notice in opened.notices:
        view.notice(notice)
    model = open_model(settings, opened, view, asks.answer)  # a wrong key or name ends the run before it costs time
    progress = looked_at(opened, view) if opened.scope else None
    if progress is None or progress.hot:
        view.phase("base")
        base = gated(opened, view)
        opened = session.with_gate(opened, base)
        progress = work(opened, base, view, model, rested(asks.decide, opened.pauses))
    outcome = conclude(opened, view, progress)
    with interrupts.held(already=outcome.interrupted):
        outcome, kept = close(opened, outcome)
    return Optimized(outcome, kept, progress.error)


def looked_at(opened: Session, view: View) -> Progress | None:
    """What of the change is hot, before the tests and the judge take their time. None where the tests are the workload:
    first it must be known which of them pass."""
    progress = Progress()
    if stages.touched_by(opened):
        if opened.tests_are_workload:
            return None
        view.phase("profile")
        take(progress, stages.localized(opened, stages.profile(opened, stages.unmeasured_base(opened), view.stage)))
    return progress


def rested(decide: person.Ask | None, pauses: Pauses) -> person.Ask | None:
    """The clock of --max-time rests while somebody thinks."""
    if decide is None:
        return None

    def ask(question: person.Question) -> person.Answer:
        with pauses.resting():
            return decide(question)

    return ask


def open_model(settings: Settings, opened: Session, view: View, answer: Ask | None) -> Model | None:
    """The model of the settings, with a smaller one for repairs if there is one; None for the rules alone."""
    if settings.model == "rules":
        return None
    if agent.is_agent(settings.model):
        refuse_for_agents(settings)
        return None
    model = bounded(settings.model, settings, opened, view, answer)
    if settings.model_small:
        model = search.repaired_by(model, bounded(settings.model_small, settings, opened, view, answer))
    return opened.journal.remembered(watched(model, view, opened))


def refuse_for_agents(settings: Settings) -> None:
    """What cannot be used, and what cannot be kept when an agent proposes: nobody here counts or hears what it asks."""
    if agent.wants_tools(agent.words_of(agent.command_of(settings.model))):
        served.require()
    granted.parse(settings.agent_allow)
    given = {"budget_usd": settings.budget_usd, "max_tokens": settings.max_tokens}
    for name, value in {**given, "model_small": settings.model_small, "record": settings.record}.items():
        if value is not None:
            raise UsageError(
                f"{flag(name)} is for models, and {settings.model.split()[0]} is an agent that asks its own",
                "give the agent's command its own budget; --attempts, --agent-seconds and --max-time bound it here",
            )


def bounded(spec: str, settings: Settings, opened: Session, view: View, answer: Ask | None) -> Model:
    """The model that `spec` names with its budget, its transcript and the answers of earlier runs."""
    tables = {name: price.model_dump(exclude_none=True) for name, price in settings.prices.items()}
    known = prices.read_prices(tables, "tool.llmopt.prices")
    model = models.open_model(spec, known, manual_wait=opened.seconds_left(), ask=answer, tell=view.notice)
    if settings.cache and not spec.startswith("replay:"):
        model = cached(model, spec, opened, view)
    if settings.record:
        model = transcript.record(model, Path(settings.record))
    price = models.price_for(models.parse_spec(spec), known)
    return budget.within_budget(
        model, lambda: session.spent(opened.journal), settings.max_tokens, settings.budget_usd, price
    )


def cached(model: Model, spec: str, opened: Session, view: View) -> Model:
    """The model with the answers of earlier runs on the same code."""
    code = git.tree_of(opened.place.root, opened.base)
    told: list[Reply] = []

    def tell(reply: Reply) -> None:
        if not told:
            view.notice("answers of an earlier run on the same code are used again; --no-cache asks anew")
        told.append(reply)

    return cache.cached(model, opened.place.state / "cache", f"{spec} {code}", tell)


def watched(model: Model, view: View, opened: Session) -> Model:
    """The model, with the settings' length of a reply, and the view told what it does and what it used."""

    def ask(conversation: Conversation) -> Reply:
        view.stage(f"asking {opened.settings.model}: {conversation.subject}")
        reply = model(replace(conversation, max_output_tokens=opened.settings.max_output_tokens))
        view.spent(session.spent(opened.journal) + reply.usage)
        return reply

    return ask


def work(opened: Session, gate: Base, view: View, model: Model | None, asked: person.Ask | None = None) -> Progress:
    """Time the base and search; what was found is there however it ends."""
    progress = Progress()
    try:
        progress.base = timed(opened, gate, view)
        view.header([summary.baseline(progress.base, opened.settings)])
        for notice in summary.left_out(progress.base, opened.settings):
            view.notice(notice)
        for event in loop.optimize(progress.base, stages.build(opened, view, model, asked)):
            view.event(event)
            take(progress, event)
    except KeyboardInterrupt:
        progress.interrupted, progress.stopped = True, "interrupted"
    except LlmoptError as error:
        if not progress.accepted:
            raise
        progress.error, progress.stopped = error, error.message
    return progress


def take(progress: Progress, event: loop.Event) -> None:
    """Add what an event says to what is known."""
    if isinstance(event, Verdict):
        progress.verdicts.append(event)
        if event.accepted:
            progress.left = ()  # what is hot now is not known yet
    elif isinstance(event, loop.Localized):
        progress.cold = progress.cold or event.skipped
        progress.hot, progress.skipped, progress.left = len(event.hotspots), len(event.skipped), event.hotspots
    elif isinstance(event, loop.Stopped):
        progress.stopped = event.reason


def gated(opened: Session, view: View) -> Base:
    """The base with its gate of tests; without tests only if the user allows it."""
    if opened.project.tests is None and not opened.settings.allow_no_tests:
        raise ProjectError(
            projects.about_tests(opened.project) or f"no tests were found in {opened.place.named}",
            "llmopt checks its edits with your tests: name them with --test, or pass --allow-no-tests to go on with "
            "what the workload prints as the only check",
        )
    tree = opened.trees.of(opened.base)
    return opened.journal.once(
        "gate",
        opened.base,
        Base,
        lambda: baseline.gate(opened.target, tree, opened.test_limits, view.stage, opened.folder / "tests"),
    )


def timed(opened: Session, base: Base, view: View) -> Base:
    """The base with the time of its workloads."""
    tree = opened.trees.of(opened.base)
    return opened.journal.once(
        "base",
        opened.base,
        Base,
        lambda: baseline.timed(
            opened.target,
            base,
            tree,
            opened.workload_limits,
            view.stage,
            objective=opened.settings.objective,
            counter=opened.counter,
            floors=opened.place.state / "noise.json",
        ),
    )


def conclude(opened: Session, view: View, progress: Progress) -> Outcome:
    """The outcome, measured end to end once more unless the run was cut off."""
    outcome = finish.unmeasured(opened, progress.verdicts)
    outcome = replace(
        outcome,
        hot=progress.hot,
        skipped=progress.skipped,
        not_worth=progress.cold if opened.scope else (),
        left=tuple((spot.function.key, spot.own_share, spot.headroom) for spot in progress.left[:LEFT]),
        stopped=progress.stopped,
        interrupted=progress.interrupted,
    )
    if not outcome.accepted or progress.interrupted or progress.base is None:
        return outcome
    try:
        view.phase("end to end")
        outcome = finish.verify(opened, progress.base, outcome, stages.run_checks(opened), view.stage)
        view.stage("measuring all kept edits against the base")
        return finish.measure(opened, progress.base, outcome, partial(view.progress, most=finish.MOST_ROUNDS))
    except KeyboardInterrupt:
        return replace(outcome, stopped="interrupted", interrupted=True)


def close(opened: Session, outcome: Outcome) -> tuple[Outcome, Kept | None]:
    """Keep what was accepted where it was asked for, and write the outcome down."""
    kept = finish.keep_edits(opened, outcome) if outcome.accepted else None
    seconds = opened.journal.seconds() + time.monotonic() - opened.started
    outcome = replace(outcome, branch=kept.branch if kept else "", seconds=seconds)
    opened.journal.add("outcome", outcome)
    return outcome, kept
