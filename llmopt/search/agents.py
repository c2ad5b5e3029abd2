"""Regions and the verdicts so far in, a coding agent's proposals out: what it changed in a copy of the base.

A sibling of `ask`, whose conversations it shares: an agent is started anew for each attempt, in a fresh copy, with the
dossier as a file and, from the second attempt on a region on, with what became of the one before.
"""

from __future__ import annotations

import difflib
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

from llmopt import encoding, output, replies
from llmopt.data import Command, Limits, Message, Proposal, Ran, Region, Sandbox, Tree, Usage, Verdict
from llmopt.errors import EditError
from llmopt.folders import remove
from llmopt.models import agent
from llmopt.prompts import fenced
from llmopt.sandbox import granted, reach
from llmopt.sandbox.granted import Granted
from llmopt.search import ask, copies, served
from llmopt.search.masks import Masks

TASK, FEEDBACK, PLAN = OURS = ("LLMOPT_TASK.md", "LLMOPT_FEEDBACK.md", "LLMOPT_PLAN.md")
# Copies what the user grants of HOME into the one that the command has for itself, then becomes the command.
START = 'cp -R "$1/." "$HOME" && exec <"$2" && shift 2 && exec "$@"'
SHELL = "/bin/sh"
DIFF_CHARACTERS = 6_000
PLAN_CHARACTERS = 2_000
NAMED = 3  # of what does not count
# What agents print that cannot reach their model, and the grant that opens it.
NO_NETWORK = re.compile(
    r"network|connect|ENOTFOUND|EAI_AGAIN|getaddrinfo|name resolution|resolve host|fetch failed|socket", re.IGNORECASE
)
NO_KEY = re.compile(
    r"api[ _-]?key|unauthori[sz]ed|\b401\b|authenticated|authentication|credential|token", re.IGNORECASE
)
NO_LOGIN = re.compile(r"log(ged)?[ -]?(in|out)\b|sign(ed)?[ -]in\b|subscription|no config", re.IGNORECASE)
# What bubblewrap prints where an agent confines its own commands once more, which no sandbox inside of ours may.
NESTED = re.compile(r"bwrap: |new namespace|sandbox-exec: ", re.IGNORECASE)
HELPS = "it is confined; what may help"
KEYS = ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY")


@dataclass(frozen=True)
class Work:
    """What one start of an agent left, as the journal holds it: new texts with masks for secrets, what of its changes
    does not count, its own words on them, how it ended if not well, and the end of what it printed."""

    files: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[tuple[str, str], ...] = ()
    plan: str = ""
    problem: str = ""
    printed: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Working:
    """What stays the same over all starts on one base.

    `words` are the agent's command; `export` writes the base to a folder, `base` is its tree, `checkout` the user's.
    `sandbox` has the agent's grants. `once` gives the work of an earlier session for the same subject, `tell` shows a
    line to the user.
    """

    words: tuple[str, ...]
    asking: ask.Asking
    export: Callable[[Path], Tree]
    base: Callable[[], Tree]
    checkout: Path
    sandbox: Sandbox
    granted: Granted
    limits: Callable[[], Limits]
    is_excluded: Callable[[str], bool]
    turned_down: Callable[[str], str]
    once: Callable[[str, Callable[[], Work]], Work]
    tell: Callable[[str], None]


def propose(
    regions: Sequence[Region], verdicts: Sequence[Verdict], working: Working, memory: ask.Memory
) -> Iterator[Proposal]:
    """Proposals region by region, as `ask.propose` gives them: the same order, attempts and ends."""
    adapted = replace(working, asking=_adapted(working))

    def turn(thread: ask.Thread, subject: str) -> ask.Turn:
        return _turn(thread, subject, verdicts, adapted)

    yield from ask.propose(regions, verdicts, replace(adapted.asking, turn=turn), memory)


def _adapted(working: Working) -> ask.Asking:
    """The asking with the texts for agents, which make their plans themselves."""
    asking = working.asking
    names = [tool.name for tool in served.offered(asking.shop)] if agent.wants_tools(working.words) else []
    more = {"feedback": "", "plan_file": PLAN, "tools": names, **asking.more}
    recipe = replace(asking.recipe, plans=0, task="agent")
    return replace(asking, first="agent", later="agent-refine", more=more, recipe=recipe)


def name_of(words: Sequence[str]) -> str:
    """How reports call an agent: its program, and the script or verb right after it."""
    second = [
        word for word in words[1:2] if not word.startswith("-") and not any(each in word for each in agent.PLACEHOLDERS)
    ]
    return " ".join(["agent:" + Path(words[0]).name, *(Path(word).name for word in second)])


# --- one start -------------------------------------------------------------------------------------------------


def _turn(thread: ask.Thread, subject: str, verdicts: Sequence[Verdict], working: Working) -> ask.Turn:
    """Start the agent once, or remember what it did."""
    told = tuple(thread.messages[-2:]) if thread.feedback else ()
    work = working.once(subject, lambda: _work(*_texts(thread, told, verdicts, working.asking), working))
    if work.left_out and work.files:
        working.tell(f"the agent also changed what does not count: {_named(work.left_out)}")
    proposal, stop = _proposal(thread, work, working)
    if HELPS in proposal.problem:  # a verdict's line may be cut before it
        working.tell(proposal.problem)
    done = Message("assistant", _done(work, working.asking.masks))
    return ask.Turn(proposal, (*thread.messages[:2], done), stop)


def _texts(
    thread: ask.Thread, told: tuple[Message, ...], verdicts: Sequence[Verdict], asking: ask.Asking
) -> tuple[str, str]:
    """The task, and what became of the attempt before ("" on the first): each start is a new process that knows
    nothing, and the base may have become another."""
    asked = replace(asking, more={**asking.more, "feedback": FEEDBACK if told else ""})
    task = ask.opened(replace(thread, messages=()), verdicts, asked).messages[1].text
    return tuple(asking.masks.hide(text) for text in (task, "\n\n".join(each.text for each in told)))  # type: ignore[return-value]


def _work(task: str, feedback: str, working: Working) -> Work:
    """Start it in a fresh copy, and see what it did there."""
    masks = working.asking.masks
    folder = Path(tempfile.mkdtemp(prefix="llmopt-agent-"))
    try:
        copy = working.export(folder / working.checkout.name)
        copies.prepare(copy, masks, working.is_excluded)
        for name, text in ((TASK, task), (FEEDBACK, feedback)):
            if text:
                (copy.path / name).write_text(text, encoding="utf-8", errors="replace")
        before = copies.signatures(copy)
        limits = working.limits()
        ran = _started(copy, task, limits, working)
        return _seen(ran, limits, copy, before, working)
    finally:
        remove(folder)


def _started(copy: Tree, prompt: str, limits: Limits, working: Working) -> Ran:
    file = copy.path / TASK
    given = file if agent.takes_input(working.words) else Path(os.devnull)
    with ExitStack() as stack:
        home = stack.enter_context(granted.copies(working.granted))
        mcp = stack.enter_context(_tools(working, copy.path.with_name(f"{copy.path.name}-mcp")))
        words = agent.filled(working.words, prompt, file, copy.path, mcp)
        command = Command(
            (SHELL, "-c", START, "sh", str(home), str(given), *words),
            copy.path,
            {"GIT_CONFIG_NOSYSTEM": "1"},  # git ends where it may not read /etc/gitconfig
            reads=(home, *reach.installation(Path(words[0])), *reach.named(working.words, working.checkout)),
            writes=(copy.path, *([mcp.parent] if mcp else [])),
            stands_for=((copy.path, working.checkout),),
        )
        return working.sandbox(command, limits)


def _tools(working: Working, folder: Path) -> AbstractContextManager[Path | None]:
    """The file that tells the agent how to reach its tools, while they are served; None where it wants none."""
    if not agent.wants_tools(working.words) or working.asking.shop is None:
        return nullcontext()
    return served.serving(working.asking.shop, folder)


def _seen(ran: Ran, limits: Limits, copy: Tree, before: Mapping[str, copies.Signature], working: Working) -> Work:
    masks = working.asking.masks
    printed = _masked(f"{ran.stdout}\n{ran.stderr}".strip(), working)
    work = Work(printed=printed, seconds=ran.wall_seconds)
    if ran.exit_code != 0 or ran.exceeded:
        ended = _masked(output.ending(ran, limits, "--agent-seconds"), working)
        work = replace(work, problem=f"the agent {ended}")
    try:
        found = copies.differences(copy, working.base(), before, masks, working.turned_down, OURS)
    except EditError as error:
        return replace(work, problem=work.problem or f"what the agent left cannot be used: {error.message}")
    return replace(work, files=found.files, left_out=found.left_out, plan=_plan(copy, printed))


def _masked(text: str, working: Working) -> str:
    """What it printed without secrets, those among them that the user gave it."""
    for name in working.granted.environment:
        if len(value := os.environ.get(name, "")) >= 4:
            text = text.replace(value, f"${name}")
    return working.asking.masks.hide(text)


def _plan(copy: Tree, printed: str) -> str:
    """What it wrote of its edit; else the paragraph of its output that says it is that."""
    try:
        plan = encoding.decode(encoding.read_bytes(copy, PLAN), PLAN).strip()[:PLAN_CHARACTERS]
    except EditError:
        plan = ""
    return plan or (replies.plan_of(printed) if "PLAN:" in printed else "")


# --- what becomes of it ----------------------------------------------------------------------------------------


def _proposal(thread: ask.Thread, work: Work, working: Working) -> tuple[Proposal, str]:
    """The proposal, and "end"; or "refusal" where another start on this region would end the same way. Whoever gained
    here before has all the grants that it needs."""
    author = working.asking.author or name_of(working.words)
    bare = Proposal(author, thread.region.focus, work.plan, usage=Usage(known=False))
    hint = "" if work.files or thread.gains else _hint(work.printed, working.granted)
    if work.problem:
        lost = "; its changes are not tried" if work.files else ""
        return replace(bare, problem=work.problem + lost + hint), "refusal"
    if not work.files and not work.left_out:
        return replace(bare, problem="the agent changed nothing" + hint), "refusal"
    if not work.files:
        return replace(bare, problem=f"the agent changed only what does not count: {_named(work.left_out)}"), "end"
    try:
        return replace(bare, files=working.asking.masks.restore(work.files)), "end"
    except EditError as error:
        return replace(bare, problem=str(error)), "end"


def _named(left_out: Sequence[tuple[str, str]]) -> str:
    more = f" and {len(left_out) - NAMED} more" if len(left_out) > NAMED else ""
    return "; ".join(f"{path}: {why}" for path, why in left_out[:NAMED]) + more


def _hint(printed: str, given: Granted) -> str:
    """Which grants to add, and what else, as far as its output speaks of it; "" where it does not."""
    keys = [name for name in KEYS if name in os.environ and name not in given.environment]
    wanted = []
    if NO_NETWORK.search(printed) and not given.network:
        wanted.append("--agent-allow network")
    if NO_KEY.search(printed) and not given.environment:
        wanted.append(f"--agent-allow env:{keys[0] if len(keys) == 1 else 'NAME'} (its key)")
    if NO_LOGIN.search(printed) and not given.home:
        wanted.append("--agent-allow home:PATH (its own configuration)")
    if NESTED.search(printed):
        wanted.append("an option of the agent that turns its own sandbox off")
    return f" ({HELPS}: {', '.join(wanted)})" if wanted else ""


def _done(work: Work, masks: Masks) -> str:
    """What it did, for its next start."""
    parts = ["# What you did before, and what became of it", work.plan]
    if text := _diff(work, masks):
        shown = text if len(text) <= DIFF_CHARACTERS else text[:DIFF_CHARACTERS] + "\n…"
        parts.append(fenced(shown, "diff"))
    if work.left_out:
        parts.append(f"Left out, as it does not count: {_named(work.left_out)}")
    return "\n\n".join(part for part in parts if part)


def _diff(work: Work, masks: Masks) -> str:
    lines: list[str] = []
    for path, new in sorted(work.files.items()):
        try:
            old = masks.as_sent(path)
        except EditError:
            old = ""
        lines += difflib.unified_diff(old.split("\n"), new.split("\n"), f"a/{path}", f"b/{path}", lineterm="")
    return "\n".join(lines)
