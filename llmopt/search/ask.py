"""Hotspots and the verdicts so far in, a model's proposals out: ask, apply, let it correct, refine by the verdict.

For each hotspot in order the model has a number of attempts, all in one conversation. Whoever draws the proposals
appends each one's verdict to `verdicts` before drawing the next: the feedback is what that list ends with.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from llmopt import edits, keys
from llmopt.data import Conversation, Hotspot, Message, Model, Proposal, ReadFile, Reply, Verdict
from llmopt.errors import EditError
from llmopt.models.context import ContextError
from llmopt.prompts import render
from llmopt.search import dossier
from llmopt.search.facts import Facts
from llmopt.search.masks import Masks

RULES = "rules"  # proposals of these authors cost nothing and are no attempts of a model
EVIDENCE_CHARACTERS = 3_000  # of each piece shown to the model; the end of a test's output says most
TIMED = ("timing", "confirmation")  # the stages that measure, also where they crash before they have
INTERNAL = ("syntax", "files")  # evidence that tells a model nothing
NO_EDIT = "NO EDIT"  # how the prompt says that a model declines
LEAST_TOKENS = 1_000  # a dossier that is cut further does not hold the function any more
DONE_WITH = 1_000  # attempts: a function that a model declined is not asked about again
DECLINED = "the model sees nothing worth changing"
UNUSABLE = {
    "refusal": "the model refused to answer",
    "length": "the answer was cut off at the limit of output tokens: answer shorter, with fewer and smaller blocks",
}


@dataclass(frozen=True)
class Asking:
    """What stays the same over all questions."""

    model: Model
    read: ReadFile
    facts: Facts
    masks: Masks
    author: str = ""
    folder: Path | None = None
    tokens: int = dossier.TOKENS


@dataclass(frozen=True)
class Turn:
    """A proposal and the conversation that led to it."""

    proposal: Proposal
    messages: tuple[Message, ...]
    stop: str


def propose(
    hotspots: Sequence[Hotspot],
    verdicts: Sequence[Verdict],
    *,
    model: Model,
    read: ReadFile,
    facts: Facts,
    attempts: int = 2,
    author: str = "",
    folder: Path | None = None,
    tokens: int = dossier.TOKENS,
    excluded: Sequence[str] = (),
) -> Iterator[Proposal]:
    """Proposals of a model, hotspot by hotspot; ends once one is accepted, as the hotspots are stale then.

    `excluded` are the texts of files that `read` does not give, so that no test's output quotes them to the model.
    `author` names the model in proposals (default: what it calls itself), `folder` holds the user's own prompts,
    `tokens` bounds a dossier. ModelError and BudgetError of the model propagate.
    """
    masks = Masks(read, keys.values(os.environ), excluded)
    asking = Asking(model, masks.read, facts, masks, author, folder, tokens)
    known = len(verdicts)
    for hotspot in hotspots:
        yield from _pursue(hotspot, hotspots, verdicts, asking, attempts)
        if any(verdict.accepted for verdict in verdicts[known:]):
            return


def _pursue(
    hotspot: Hotspot, hotspots: Sequence[Hotspot], verdicts: Sequence[Verdict], asking: Asking, attempts: int
) -> Iterator[Proposal]:
    """The attempts at one hotspot that it has left."""
    messages: tuple[Message, ...] = ()
    feedback = ""
    for number in range(used_attempts(hotspot, verdicts, asking.author) + 1, attempts + 1):
        if not messages:
            try:
                messages = _opening(hotspot, hotspots, verdicts, asking)
            except EditError as error:
                yield Proposal(asking.author or "model", hotspot, "", problem=error.message)
                return
        try:
            turn = _take_turn(hotspot, messages, f"attempt={number}{feedback}", asking)
        except ContextError as error:
            if asking.tokens > LEAST_TOKENS and not feedback:
                yield from _pursue(hotspot, hotspots, verdicts, replace(asking, tokens=asking.tokens // 2), attempts)
            else:
                yield Proposal(asking.author or "model", hotspot, "", problem=str(error))
            return
        before = len(verdicts)
        yield turn.proposal
        verdict = verdicts[-1] if len(verdicts) > before else None
        if verdict is None or verdict.accepted or turn.stop == "refusal" or turn.proposal.problem == DECLINED:
            return
        kind = feedback_kind(turn.proposal, verdict)
        told = _without_excluded(verdict, asking.masks)
        messages = (*turn.messages, _refinement(kind, told, asking.folder))
        feedback = f" refine {kind}"


def used_attempts(hotspot: Hotspot, verdicts: Sequence[Verdict], author: str = "") -> int:
    """How often a model has tried this function since it last changed, read off the verdicts so that it holds after a
    resume and for a new round with new hotspots alike."""
    used = 0
    for verdict in verdicts:
        if verdict.function == hotspot.function.key:
            used = 0 if verdict.accepted else used + _is_own(verdict, author)
            if verdict.reason == DECLINED:
                return DONE_WITH
    return used


def _is_own(verdict: Verdict, author: str) -> bool:
    return verdict.author == author if author else not verdict.author.startswith(RULES)


def feedback_kind(proposal: Proposal, verdict: Verdict) -> str:
    """ "edit" (nothing could be tried), "timing" (measured, not faster), "tests", or the stage that turned it down."""
    if proposal.problem:
        return "edit"
    if verdict.stage in TIMED or verdict.interval != (0.0, 0.0):
        return "timing"
    return "tests" if "test" in verdict.stage else verdict.stage


# --- one turn: a question, the answer, and at most one correction ------------------------------------------------


def _take_turn(hotspot: Hotspot, messages: tuple[Message, ...], what: str, asking: Asking) -> Turn:
    subject = f"optimize {hotspot.function.key} source={_digest(hotspot, asking.read)} {what}"
    turn = _ask(hotspot, messages, subject, asking)
    if not turn.proposal.problem or turn.stop != "end" or turn.proposal.problem == DECLINED:
        return turn
    retry = render("retry-edit", asking.folder, reason=turn.proposal.problem)
    second = _ask(hotspot, (*turn.messages, Message("user", retry)), f"{subject} retry-edit", asking)
    both = turn.proposal.usage + second.proposal.usage
    plan = second.proposal.plan or turn.proposal.plan
    return replace(second, proposal=replace(second.proposal, usage=both, plan=plan))


def _ask(hotspot: Hotspot, messages: tuple[Message, ...], subject: str, asking: Asking) -> Turn:
    sent = tuple(replace(message, text=asking.masks.hide(message.text)) for message in messages)
    reply = asking.model(Conversation(sent, subject))
    answered = (*messages, Message("assistant", reply.text if reply.text.strip() else "(no answer)"))
    return Turn(_proposal(hotspot, reply, asking), answered, reply.stop)


def _proposal(hotspot: Hotspot, reply: Reply, asking: Asking) -> Proposal:
    bare = Proposal(asking.author or reply.model, hotspot, edits.plan_of(reply.text), usage=reply.usage)
    if reply.stop != "end":
        return replace(bare, problem=UNUSABLE.get(reply.stop, f"the model stopped early: {reply.stop}"))
    if reply.text.lstrip("*`# \n").upper().startswith(NO_EDIT):
        return replace(bare, problem=DECLINED)
    try:
        parsed = edits.parse(reply.text)
        return replace(bare, edits=parsed, files=asking.masks.restore(edits.apply(parsed, asking.masks.as_sent)))
    except EditError as error:
        return replace(bare, problem=str(error))


def _digest(hotspot: Hotspot, read: ReadFile) -> str:
    return hashlib.sha256(read(hotspot.function.path).encode(errors="surrogatepass")).hexdigest()[:12]


# --- messages --------------------------------------------------------------------------------------------------


def _opening(
    hotspot: Hotspot, hotspots: Sequence[Hotspot], verdicts: Sequence[Verdict], asking: Asking
) -> tuple[Message, ...]:
    values = dossier.describe(hotspot, hotspots, verdicts, asking.read, asking.facts, asking.tokens)
    question = render("optimize", asking.folder, **values)
    return Message("system", render("system", asking.folder)), Message("user", question)


def _without_excluded(verdict: Verdict, masks: Masks) -> Verdict:
    evidence = {name: masks.without_excluded(text) for name, text in verdict.evidence.items()}
    return replace(verdict, reason=masks.without_excluded(verdict.reason), evidence=evidence)


def _refinement(kind: str, verdict: Verdict, folder: Path | None) -> Message:
    text = render(
        "refine",
        folder,
        kind=kind,
        function=verdict.function,
        stage=verdict.stage,
        reason=verdict.reason.rstrip("."),
        measured=verdict.interval != (0.0, 0.0),
        speedup=verdict.speedup,
        interval=verdict.interval,
        evidence=[
            (name, _bounded(text)) for name, text in verdict.evidence.items() if text.strip() and name not in INTERNAL
        ],
    )
    return Message("user", text)


def _bounded(text: str) -> str:
    if len(text) <= EVIDENCE_CHARACTERS:
        return text
    head, tail = EVIDENCE_CHARACTERS // 3, 2 * EVIDENCE_CHARACTERS // 3
    return f"{text[:head]}\n… cut: {len(text) - head - tail} characters …\n{text[-tail:]}"
