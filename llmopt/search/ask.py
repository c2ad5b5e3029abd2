"""Regions and the verdicts so far in, a model's proposals out: ask, apply, let it correct, refine by the verdict.

The model is asked about one region at a time, that with the most to gain first. A failure is repaired in the same
conversation; a gain is built upon in a new one, which begins with the dossier of the new code: to send the old code and
all that was said of it again costs twice as much. Whoever draws the proposals appends each one's verdict to `verdicts`
before drawing the next: the feedback is what that list ends with.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from llmopt import edits, keys, person, replies
from llmopt.data import (
    DECLINED,
    Conversation,
    Edit,
    Function,
    Hotspot,
    Message,
    Model,
    Proposal,
    ReadFile,
    Region,
    Reply,
    Verdict,
)
from llmopt.errors import EditError
from llmopt.models.context import ContextError
from llmopt.profilers.names import spans
from llmopt.prompts import fenced, render
from llmopt.search import dossier, parallel
from llmopt.search.code import Code, open_code
from llmopt.search.converse import NOTHING, Heard, Spent, converse
from llmopt.search.effort import RECIPES, Recipe
from llmopt.search.facts import Facts
from llmopt.search.masks import Masks
from llmopt.search.moved import moved
from llmopt.search.regions import gain, headroom, together
from llmopt.search.tools import Workshop

EVIDENCE_CHARACTERS = 2_500  # of each piece shown to the model; the end of a test's output says most
TIMED = ("timing", "confirmation")  # the stages that measure, also where they crash before they have
UNKNOWN = ("syntax", "files", "tests", "coverage", "near tests", "known")  # evidence that tells a model nothing
RETRY = "retry-edit"  # how the subject of a request ends that asks to correct edits that did not apply
PERSON = person.STAGE
NO_EDIT = "NO EDIT"  # how the prompt says that a model declines
LEAST_TOKENS = 1_000  # a dossier that is cut further does not hold the function any more
ANOTHER = 2.0  # times as fast after an edit, from which on the profile is another: what was seen as left before is void
TRIES = 2  # at a region of which nothing was kept, and where the model sees little left
GROWING = 1.03  # a second gain whose lower bound is below it is the last one asked for
HOT_LINES = 5
UNUSABLE = {
    "refusal": "the model refused to answer",
    "length": "the answer was cut off at the limit of output tokens: answer shorter, with fewer and smaller blocks",
}


@dataclass(frozen=True)
class Look:
    """What a short profile of a candidate shows: its functions, and the hottest lines by share of its run."""

    functions: tuple[Hotspot, ...] = ()
    lines: tuple[tuple[str, float], ...] = ()


def blind(verdict: Verdict) -> Look:
    """Where profiling a candidate takes too long."""
    return Look()


def unchanged(verdict: Verdict) -> str:
    """Where what was kept is what was proposed."""
    return ""


@dataclass(frozen=True)
class Asking:
    """What stays the same over all questions about one base.

    `masks` gives the files of the base without secrets. `code` names the base's code in questions. `hotspots` are all
    functions of the repository in its profile. `author` names the model in proposals ("" for what it calls itself),
    `folder` holds the user's own prompts. `look` profiles a candidate; `pared` is the diff of a kept edit that is less
    than what was proposed, else "". `first` (with `more` values) and `later` are the templates of a region's messages;
    `turn` answers them in the place of `model`, given the subject. `shop` is what tools work with, None for no tools.
    """

    model: Model
    masks: Masks
    facts: Facts
    recipe: Recipe = RECIPES["medium"]
    base: str = ""
    code: str = ""
    hotspots: tuple[Hotspot, ...] = ()
    author: str = ""
    folder: Path | None = None
    look: Callable[[Verdict], Look] = blind
    pared: Callable[[Verdict], str] = unchanged
    shop: Workshop | None = None
    first: str = "optimize"
    more: Mapping[str, object] = field(default_factory=dict)
    later: str = "refine"
    turn: Callable[[Thread, str], Turn] | None = None

    @property
    def calls(self) -> int:
        """How many calls of tools a region may take."""
        return self.recipe.calls if self.shop else 0

    @cached_property
    def sources(self) -> Code:
        """The files as they are sent, each parsed once."""
        return open_code(self.masks.read, self.facts.roots)

    @property
    def asks_for_left(self) -> bool:
        """Whether an answer is to say what is left, as the first request of a region asks."""
        return self.recipe.task == "medium"


@dataclass(frozen=True)
class Turn:
    """A proposal and the conversation that led to it; `shown` is as in `Thread`, `spent` went to tools, and `left` is
    the speedup that the model sees beyond it."""

    proposal: Proposal
    messages: tuple[Message, ...]
    stop: str
    shown: Mapping[str, frozenset[int]] = field(default_factory=dict)
    spent: Spent = NOTHING
    left: float | None = None


@dataclass(frozen=True)
class Thread:
    """A conversation about a region. `told` are the functions the model has seen, `shown` the lines of the base; `last`
    is the latest verdict, `waiting` are answers that were not tried yet. `pending` is the answer that is being tried:
    its verdict will be number `known` of the run. `left` is the speedup that the model saw beyond the edit that was
    kept last, `before` what a new first question tells of that edit, and `made` are the functions that it wrote."""

    number: int
    region: Region
    base: str
    hotspots: tuple[Hotspot, ...] = ()  # of its profile
    messages: tuple[Message, ...] = ()
    shown: Mapping[str, frozenset[int]] = field(default_factory=dict)
    told: frozenset[str] = frozenset()
    attempts: int = 0
    gains: int = 0
    failures: int = 0
    last: Verdict | None = None
    pending: Turn | None = None
    known: int = 0
    feedback: str = ""
    repairs: bool = False  # the next question asks to mend what behaved otherwise
    waiting: tuple[Future[Turn], ...] = ()
    best: tuple[Turn, Verdict] | None = None  # of the plans that were turned down
    spent: Spent = NOTHING  # on tools
    left: float | None = None
    before: str = ""
    made: tuple[Function, ...] = ()
    done: bool = False


class Memory:
    """The conversations of a run: they go on after a new profile of a new base."""

    def __init__(self) -> None:
        self.threads: list[Thread] = []
        self.masks: Masks | None = None

    def masked(self, read: ReadFile, excluded: Sequence[str] = ()) -> Masks:
        """The files of a base without secrets; a secret keeps its mask, as earlier messages hold it.

        `excluded` are the texts of files that `read` does not give, so that no test's output quotes them to the model.
        """
        self.masks = Masks(read, keys.values(os.environ), excluded, self.masks)
        return self.masks

    def about(self, region: Region) -> Thread | None:
        """The thread that has seen the functions in which most of the region's time is spent: what is hot moves with
        every edit that is kept, and a region that was asked about may come apart into several."""
        seen = [(_seen(each, region), each) for each in self.threads]
        near = [(share, each) for share, each in seen if share * 2 > region.share]
        return max(near, key=lambda pair: pair[0])[1] if near else None

    def keep(self, thread: Thread) -> Thread:
        """Put the thread in the place of what it was before."""
        self.threads = [*(each for each in self.threads if each.number != thread.number), thread]
        return thread

    def begin(self, region: Region, asking: Asking) -> Thread:
        number = 1 + max((each.number for each in self.threads), default=0)
        return self.keep(Thread(number, region, asking.base, asking.hotspots))


def _seen(thread: Thread, region: Region) -> float:
    """The share of the run in functions of the region that the conversation has shown."""
    told = thread.told | thread.region.keys
    return sum(each.own_share for each in region.functions if each.function.key in told)


def propose(
    regions: Sequence[Region], verdicts: Sequence[Verdict], asking: Asking, memory: Memory | None = None
) -> Iterator[Proposal]:
    """Proposals of a model, region by region; ends once one is accepted, as the regions are stale then.

    ModelError and BudgetError of the model propagate.
    """
    memory = memory or Memory()
    known, recipe = len(verdicts), asking.recipe
    least = recipe.left if _is_any_kept(verdicts) else recipe.worth
    for region in sorted(_together(regions, asking), key=lambda each: -_expected(each, memory)):
        if headroom(region) < least:
            continue
        yield from _pursue(_thread(region, verdicts, asking, memory), verdicts, asking, memory)
        if _is_any_kept(verdicts[known:]):
            return


def _is_any_kept(verdicts: Sequence[Verdict]) -> bool:
    return any(each.accepted for each in verdicts)


def _together(regions: Sequence[Region], asking: Asking) -> tuple[Region, ...]:
    most = asking.recipe.together * dossier.CHARACTERS_PER_TOKEN
    return together(regions, lambda spot: dossier.size(spot, asking.sources), most)


def _expected(region: Region, memory: Memory) -> float:
    thread = memory.about(region)
    return gain(region, thread.attempts if thread else 0)


def _thread(region: Region, verdicts: Sequence[Verdict], asking: Asking, memory: Memory) -> Thread:
    """The conversation to go on with, or a new one: also where the base has become another by other hands."""
    thread = memory.about(region)
    if thread is None:
        return memory.begin(region, asking)
    thread = memory.keep(_settled(thread, verdicts, asking))
    if thread.base == asking.base:
        return thread
    if thread.last is not None and thread.last.accepted and thread.last.commit == asking.base:
        return _gone_on(thread, region, asking)
    gained = thread.last is not None and thread.last.accepted  # and others gained after it, before it could be gone on
    new = Thread(thread.number, region, asking.base, asking.hotspots)
    return replace(new, attempts=thread.attempts, done=thread.done, gains=max(thread.gains, int(gained)))


def _gone_on(thread: Thread, region: Region, asking: Asking) -> Thread:
    """After an accepted edit of its own: a new dossier, that of the new code, with what became of the edit. An agent's
    start gets it anyway, and is told what the one before did."""
    assert thread.last is not None
    last = thread.last
    gone_on = replace(
        thread,
        region=region,
        base=asking.base,
        hotspots=asking.hotspots,
        shown={},
        told=thread.told | region.keys,
        gains=thread.gains + 1,
        failures=0,
        feedback=" refine kept",
        repairs=False,
        spent=NOTHING,
        done=thread.done or (_is_exhausted(thread, asking) and not last.hint),
    )
    if gone_on.done:
        return gone_on
    changed, pared = asking.pared(last), last.evidence.get("pared", "")
    told = render(
        asking.later,
        asking.folder,
        kind="kept",
        speedup=last.speedup,
        interval=last.interval,
        pared=pared,
        by_hand=bool(changed) and not pared,
        # A new conversation holds the new sources and profile, beside which the old ones would only take room.
        changed=changed if asking.turn else "",
        moved=moved(thread.hotspots, asking.hotspots, last.speedup) if asking.turn else (),
        hint=last.hint,
    )
    if asking.turn:
        return replace(gone_on, messages=(*thread.messages, Message("user", told)))
    said = replies.reasons(thread.messages[-1].text) if thread.messages else ""
    return replace(gone_on, messages=(), before=f"{fenced(said, 'text')}\n\n{told}" if said else told)


def _is_exhausted(thread: Thread, asking: Asking) -> bool:
    """After an edit that was kept: it changed the profile little and the model sees too little beyond it, or it was a
    second gain and a small one."""
    assert thread.last is not None
    spent = thread.last.speedup < ANOTHER and not _sees_more(thread.left, asking)
    return spent or (thread.gains > 0 and thread.last.interval[0] < GROWING)


def _sees_more(left: float | None, asking: Asking) -> bool:
    """Whether the model, as far as it said so, sees enough to gain for one more request."""
    return left is None or left >= asking.recipe.left


def _pursue(thread: Thread, verdicts: Sequence[Verdict], asking: Asking, memory: Memory) -> Iterator[Proposal]:
    """What is left of the attempts at one region."""
    memory.keep(thread)
    while not thread.done and (thread.waiting or thread.attempts < asking.recipe.attempts):
        try:
            thread, turn = _next(thread, verdicts, asking)
        except EditError as error:
            yield Proposal(asking.author or "model", thread.region.focus, "", problem=error.message)
            return
        if turn is None:
            continue
        added, changed = _written(turn.proposal, asking)
        told = thread.told | {each.key for each in added}
        thread = replace(thread, pending=turn, known=len(verdicts), told=told, made=(*added, *changed))
        memory.keep(thread)
        yield turn.proposal  # after an accepted edit nothing more is drawn: the next round goes on from what is kept
        thread = _settled(thread, verdicts, asking)
        memory.keep(thread)
        if thread.last is None or thread.last.accepted:
            return


def _settled(thread: Thread, verdicts: Sequence[Verdict], asking: Asking) -> Thread:
    """The conversation with what became of the answer that was being tried."""
    if thread.pending is None:
        return thread
    verdict = verdicts[thread.known] if len(verdicts) > thread.known else None
    return _heard(replace(thread, pending=None), thread.pending, verdict, asking)


def _next(thread: Thread, verdicts: Sequence[Verdict], asking: Asking) -> tuple[Thread, Turn | None]:
    """The next answer: one that waits, else to the next question. None where one that waited is of no use now."""
    if thread.waiting:
        turn = thread.waiting[0].result()
        thread = replace(thread, waiting=thread.waiting[1:])
        thread, fitted = _after(turn, thread), _fitted(turn, thread, asking)
        return (replace(thread, attempts=thread.attempts + 1), fitted) if fitted else (thread, None)
    if not thread.messages:
        thread = opened(thread, verdicts, asking)
        if asking.recipe.plans and not thread.attempts:
            return _planned(thread, asking), None
    what = f"attempt={thread.attempts + 1}{thread.feedback}"
    try:
        turn = _turn(thread, what, asking)
    except ContextError as error:
        return _shorter(thread, verdicts, asking, error)
    return replace(_after(turn, thread), attempts=thread.attempts + 1), turn


def _after(turn: Turn, thread: Thread) -> Thread:
    """The thread with what the tools of a turn took and showed; no lines of a base that the thread has left."""
    more = turn.shown if thread.shown else {}
    shown = {path: lines | thread.shown.get(path, frozenset()) for path, lines in more.items()}
    return replace(thread, shown={**thread.shown, **shown}, spent=thread.spent + turn.spent)


def _turn(thread: Thread, what: str, asking: Asking) -> Turn:
    if asking.turn:
        return asking.turn(thread, f"{_subject(thread, asking)} {what}")
    return _take_turn(thread, thread.messages, what, asking)


def _shorter(
    thread: Thread, verdicts: Sequence[Verdict], asking: Asking, error: ContextError
) -> tuple[Thread, Turn | None]:
    """The same question with half the dossier; a conversation that outgrew the context ends."""
    tokens = asking.recipe.tokens // 2
    if thread.feedback or tokens < LEAST_TOKENS:
        proposal = Proposal(asking.author or "model", thread.region.focus, "", problem=str(error))
        return replace(thread, done=True), Turn(proposal, thread.messages, "length")
    asked = replace(asking, recipe=replace(asking.recipe, tokens=tokens))
    return _next(replace(thread, messages=()), verdicts, asked)


def _fitted(turn: Turn, thread: Thread, asking: Asking) -> Turn | None:
    """An answer that waited while the base changed, applied to what the files are now; None where it does not fit."""
    if turn.proposal.problem or not turn.proposal.edits:
        return turn if turn.proposal.problem != DECLINED else None
    try:
        files = _applied(turn.proposal.edits, turn.shown if thread.shown else {}, asking)
    except EditError:
        return None
    return replace(turn, proposal=replace(turn.proposal, files=files))


def _heard(thread: Thread, turn: Turn, verdict: Verdict | None, asking: Asking) -> Thread:
    """The conversation with what became of the answer, so that the next question follows from it."""
    thread = replace(thread, last=verdict)
    if verdict is not None and verdict.hint:  # somebody took the trouble: it is not to end unheard
        thread = replace(thread, attempts=thread.attempts - 1)
    if verdict is None or verdict.accepted:
        return replace(thread, messages=turn.messages, best=None, left=turn.left)
    if thread.waiting or thread.best:
        thread = replace(thread, best=_better(thread.best, (turn, verdict)))
        if thread.waiting:
            return thread
        assert thread.best is not None
        turn, verdict = thread.best
    thread = replace(thread, messages=turn.messages, best=None)
    if (turn.stop == "refusal" or turn.proposal.problem == DECLINED) and not verdict.hint:
        return replace(thread, done=True)
    if thread.attempts >= asking.recipe.attempts:  # nobody will read the feedback: do not profile for it
        return thread
    kind = feedback_kind(turn.proposal, verdict)
    little = kind == "timing" and not _sees_more(turn.left, asking) and not verdict.hint
    if little and (thread.gains or thread.attempts >= TRIES):
        return replace(thread, done=True)
    message = _refinement(kind, _without_excluded(verdict, asking.masks), thread, asking)
    broke = kind not in ("timing", "edit", "duplicate", "person")
    # A second failure in a row asks for another plan, see prompts/refine.md.
    thread = replace(thread, repairs=broke and not thread.failures, failures=thread.failures + broke)
    return replace(thread, messages=(*turn.messages, message), feedback=f" refine {kind}")


def _written(proposal: Proposal, asking: Asking) -> tuple[list[Function], list[Function]]:
    """The functions that an edit adds, and those that it changes: whoever wrote them has seen them."""
    added, changed = [], []
    for path, text in proposal.files.items():
        file, lines = asking.sources.file(path), text.split("\n")
        for span in spans(text):
            before = file.by_name.get(span.name) if file else None
            written = "".join(f"{line}\n" for line in lines[span.first - 1 : span.end])
            if before is None:
                added.append(Function(path, span.name, span.line))
            elif file and before.text(file.lines) != written:
                changed.append(Function(path, span.name, span.line))
    return added, changed


def _better(best: tuple[Turn, Verdict] | None, other: tuple[Turn, Verdict]) -> tuple[Turn, Verdict]:
    """The one to refine: what behaves the same and came closest to a gain, else the first that is an edit at all."""
    turn, verdict = max((each for each in (best, other) if each), key=lambda each: _promise(*each))
    hints = [each[1].hint for each in (best, other) if each and each[1].hint]
    return turn, replace(verdict, hint=" ".join(hints))


def _promise(turn: Turn, verdict: Verdict) -> tuple[bool, bool, float]:
    measured = verdict.interval != (0.0, 0.0)
    return not turn.proposal.problem, measured, verdict.speedup if measured else 0.0


def feedback_kind(proposal: Proposal, verdict: Verdict) -> str:
    """ "edit" (nothing could be tried), "person" (somebody did not want it), "timing" (measured, not faster), "tests",
    or the stage that turned it down."""
    if proposal.problem:
        return "edit"
    if verdict.stage == PERSON:
        return PERSON
    if verdict.stage in TIMED or verdict.interval != (0.0, 0.0):
        return "timing"
    return "tests" if "test" in verdict.stage else verdict.stage


# --- plans of their own ----------------------------------------------------------------------------------------


def _planned(thread: Thread, asking: Asking) -> Thread:
    """Ask for plans, then for the edits of each at once; the answers wait in the order of the plans."""
    heard = _answer(thread, thread.messages, f"{_subject(thread, asking)} plans", asking, _left(thread, asking))
    reply, messages = heard.reply, heard.messages
    thread = replace(thread, spent=thread.spent + heard.spent, shown=heard.shown)
    if reply.text.lstrip("*`# \n").upper().startswith(NO_EDIT) or reply.stop == "refusal":
        return replace(thread, messages=messages, done=True)
    plans = replies.plans(reply.text)[: asking.recipe.plans]
    if not plans:
        plans = (reply.text.strip()[:1000],)

    def implemented(number: int, plan: str) -> Callable[[], Turn]:
        request = Message("user", render("implement", asking.folder, number=number, plan=plan))
        return lambda: _take_turn(thread, (*messages, request), f"plan={number}", asking, among=len(plans))

    waiting = parallel.start([implemented(number, plan) for number, plan in enumerate(plans, 1)])
    if asking.calls:  # what tools run would disturb the timing of the first answer
        wait(waiting)
    return replace(thread, messages=messages, waiting=tuple(waiting))


# --- one turn: a question, the answer, and at most one correction ------------------------------------------------


def _subject(thread: Thread, asking: Asking) -> str:
    """Regions by number: which functions are in one, and in which order they come, depends on what was measured."""
    return f"optimize region={thread.number} code={asking.code}"


def _take_turn(thread: Thread, messages: tuple[Message, ...], what: str, asking: Asking, among: int = 1) -> Turn:
    """The answer, corrected where it does not apply; `among` are asked side by side and share what tools may take."""
    subject, left = f"{_subject(thread, asking)} {what}", _left(thread, asking, among)
    turn = _ask(thread, messages, subject, asking, left, thread.repairs)
    if not turn.proposal.problem or turn.stop != "end" or turn.proposal.problem == DECLINED:
        return turn
    retry = render("retry-edit", asking.folder, reason=turn.proposal.problem)
    asked, left = (*turn.messages, Message("user", retry)), left.share(turn.spent)
    second = _ask(_after(turn, thread), asked, f"{subject} {RETRY}", asking, left, True)
    both = turn.proposal.usage + second.proposal.usage
    plan = second.proposal.plan or turn.proposal.plan
    proposal = replace(second.proposal, usage=both, plan=plan)
    left_over = turn.left if second.left is None else second.left
    return replace(second, proposal=proposal, spent=turn.spent + second.spent, left=left_over)


def _left(thread: Thread, asking: Asking, among: int = 1) -> Spent:
    """What tools may still take on the region, for one of so many that are asked side by side."""
    return Spent(asking.calls, asking.recipe.call_tokens).share(thread.spent, among)


def _ask(
    thread: Thread, messages: tuple[Message, ...], subject: str, asking: Asking, left: Spent, repairs: bool
) -> Turn:
    heard = _answer(thread, messages, subject, asking, left, repairs)
    proposal = _proposal(thread, heard.reply, heard.shown, asking)
    return Turn(proposal, heard.messages, heard.reply.stop, heard.shown, heard.spent, replies.left(heard.reply.text))


def _answer(
    thread: Thread, messages: tuple[Message, ...], subject: str, asking: Asking, left: Spent, repairs: bool = False
) -> Heard:
    shop = replace(asking.shop, shown=thread.shown) if asking.shop and asking.calls else None

    def ask(conversation: Conversation) -> Reply:
        sent = tuple(_hidden(message, asking.masks) for message in conversation.messages)
        return asking.model(replace(conversation, messages=sent))

    heard = converse(Conversation(messages, subject, repairs=repairs), ask, shop, left, asking.folder)
    return heard if shop else replace(heard, shown=thread.shown)


def _hidden(message: Message, masks: Masks) -> Message:
    """The message without secrets, also those that were not known when it was first sent."""
    calls = tuple(replace(call, arguments=masks.hide(call.arguments)) for call in message.calls)
    results = tuple(replace(result, text=masks.hide(result.text)) for result in message.results)
    return replace(message, text=masks.hide(message.text), calls=calls, results=results)


def _applied(parsed: tuple[Edit, ...], shown: Mapping[str, frozenset[int]], asking: Asking) -> dict[str, str]:
    """The edits refer to the files as they were sent; what comes out has its secrets again."""
    return asking.masks.restore(edits.apply(parsed, asking.masks.as_sent, shown))


def _proposal(thread: Thread, reply: Reply, shown: Mapping[str, frozenset[int]], asking: Asking) -> Proposal:
    author = asking.author or reply.model
    bare = Proposal(author, thread.region.focus, edits.plan_of(reply.text), usage=reply.usage)
    if reply.stop != "end":
        return replace(bare, problem=UNUSABLE.get(reply.stop, f"the model stopped early: {reply.stop}"))
    if reply.text.lstrip("*`# \n").upper().startswith(NO_EDIT):
        return replace(bare, problem=DECLINED)
    try:
        parsed = edits.parse(reply.text)
        return replace(bare, edits=parsed, files=_applied(parsed, shown, asking))
    except EditError as error:
        return replace(bare, problem=str(error))


# --- messages --------------------------------------------------------------------------------------------------


def opened(thread: Thread, verdicts: Sequence[Verdict], asking: Asking) -> Thread:
    """The thread with its first question."""
    told = [_without_excluded(each, asking.masks) for each in verdicts if not thread.before or each != thread.last]
    masks, recipe = asking.masks, asking.recipe
    earlier = [replace(each, verdict=_without_excluded(each.verdict, masks)) for each in asking.facts.earlier]
    facts = replace(asking.facts, earlier=tuple(earlier))
    tokens, most = (recipe.after, recipe.most_after) if _is_any_kept(verdicts) else (recipe.tokens, recipe.tokens)
    values = dossier.describe(
        thread.region,
        told,
        masks.read,
        facts,
        tokens,
        search=masks.original,
        similar=0 if thread.before else recipe.examples,
        before=thread.before,
        made=thread.made if thread.before else (),
        most=most,
    )
    shown = values.pop("shown")
    # Plans of their own come once, before the first attempt: later questions are for edits.
    task = "medium" if asking.recipe.plans and thread.attempts else asking.recipe.task
    values |= {"task": task, "plans": asking.recipe.plans, "calls": asking.calls, **asking.more}
    question = render(asking.first, asking.folder, **values)
    messages = (Message("system", render("system", asking.folder)), Message("user", question))
    assert isinstance(shown, dict)
    return replace(thread, messages=messages, shown=shown, told=thread.region.keys)


def _without_excluded(verdict: Verdict, masks: Masks) -> Verdict:
    evidence = {name: masks.without_excluded(text) for name, text in verdict.evidence.items()}
    return replace(verdict, reason=masks.without_excluded(verdict.reason), evidence=evidence)


def _refinement(kind: str, verdict: Verdict, thread: Thread, asking: Asking) -> Message:
    look = asking.look(verdict) if kind == "timing" else Look()
    pieces = [(name, _bounded(text)) for name, text in verdict.evidence.items() if text.strip() and name not in UNKNOWN]
    text = render(
        asking.later,
        asking.folder,
        kind=kind,
        stage=verdict.stage,
        reason=verdict.reason.rstrip("."),
        measured_pairs=verdict.interval != (0.0, 0.0),
        speedup=verdict.speedup,
        interval=verdict.interval,
        moved=moved(thread.hotspots, look.functions, verdict.speedup) if look.functions else (),
        lines=look.lines[:HOT_LINES],
        again=thread.failures > 0,
        wider=thread.attempts > 1 and not thread.gains,
        evidence=pieces if kind not in ("timing", "person") or verdict.interval == (0.0, 0.0) else [],
        hint=verdict.hint,
        left=asking.asks_for_left,
    )
    return Message("user", text)


def _bounded(text: str) -> str:
    if len(text) <= EVIDENCE_CHARACTERS:
        return text
    head, tail = EVIDENCE_CHARACTERS // 3, 2 * EVIDENCE_CHARACTERS // 3
    return f"{text[:head]}\n… cut: {len(text) - head - tail} characters …\n{text[-tail:]}"
