"""The stages of a run, chosen and wired: an open session in, the functions that `loop.optimize` calls out."""

from __future__ import annotations

import contextlib
import difflib
import functools
import hashlib
import itertools
import math
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from llmopt import (
    __version__,
    calibration,
    doubts,
    encoding,
    git,
    hot,
    judge,
    keep,
    known,
    localize,
    machine,
    paring,
    person,
    scopes,
    search,
    session,
    syntax,
    timer,
    touched,
    trial,
    workbench,
    workloads,
)
from llmopt.checks import calls, contexts, coverage, duplicate, guard, near, output, require, tests, timing
from llmopt.config import Settings
from llmopt.data import (
    Base,
    Candidate,
    Check,
    Conversation,
    Decision,
    Finding,
    Function,
    Grants,
    Hotspot,
    Limits,
    Model,
    Profile,
    Proposal,
    Proposer,
    ReadFile,
    Reply,
    Sandbox,
    Tree,
    Verdict,
)
from llmopt.errors import EditError, ModelError, UsageError, WorkloadError
from llmopt.events import View
from llmopt.journal import digest
from llmopt.loop import Localized, Stages
from llmopt.models import agent
from llmopt.profilers import lines, overlay, sampling
from llmopt.reports import words
from llmopt.sandbox import granted, open_sandbox, reach
from llmopt.sandbox.granted import Granted
from llmopt.search import agents, ask, code, earlier, effort, facts, regions, uses
from llmopt.search.tools import Workshop
from llmopt.session import Session
from llmopt.target import Probed, Tasks

# The sampler looks every 1 to 4 ms: a run of this length tells shares of half a percent from each other.
PROFILE_SECONDS = 1.5
UNSEEN = "it was not seen in the profile"
# A function that could not give this much if it cost nothing is not worth a proposal: no number of pairs shows less.
WORTH_A_TRY = 1.02
# The second pass may take this much longer than the plain run (line profiling a function that is called in a tight
# loop costs 20x and more, on 3.12 and later 100x); past that its lines, then all its details are given up.
SLOWDOWN, LEAST_SECOND_PASS = 30, 20.0
OBSERVED = 16  # functions of the second pass that are observed in full
COUNTED, WORTH_COUNTING = 60, 0.02  # more of which only the calls are counted, and the least share of these
PARING_SECONDS = 180.0  # of runs to find out which parts of an edit pay
DIFF_CHARACTERS = 6_000
LOOK_SECONDS = 15.0  # of one run, up to which a candidate that was not faster is profiled


def build(opened: Session, view: View, model: Model | None, ask_person: person.Ask | None = None) -> Stages:
    """Wire the stages. With `model` None only the rules, or an agent, propose; `ask_person` has the last word on each
    verdict."""
    tried: Counter[str] = Counter()
    memory = ask.Memory()
    return Stages(
        profile=lambda base: profiled(opened, base, view),
        localize=lambda found: localized(opened, found),
        propose=lambda base: proposer(opened, base, model, memory, view),
        attempt=lambda proposal, base, verdicts: attempt(opened, view, proposal, base, verdicts, tried, ask_person),
        accept=accepted,
        enough=lambda: enough(opened),
    )


def profiled(opened: Session, base: Base, view: View) -> Profile:
    """Both passes over the base, as a phase of the run; then comes the search."""
    view.phase("profile")
    found = profile(opened, base, view.stage)
    view.phase("search")
    return found


def profile(opened: Session, base: Base, watch: Callable[[str], None]) -> Profile:
    """Both passes over the base; taken once for each base, also over resumptions."""

    def take() -> Profile:
        watch("profiling, first pass: where the time goes")
        found = sampled(opened, base, opened.trees.of(base.commit))
        watch("profiling, second pass: lines, calls and arguments of the hot functions")
        found = detailed(opened, base, found)
        remember_hot(opened, found)
        return found

    return opened.journal.once("profile", base.commit, Profile, take)


def remember_hot(opened: Session, found: Profile) -> None:
    """Keep what is hot in the user's code for `llmopt check`. A run that keeps to a change looks closely at that alone,
    and does not take the place of a whole profile."""
    state, project = opened.place.state, opened.project
    if found.commit == opened.base and not (opened.scope and hot.read(state, project.folder)):
        hot.keep(state, project, every_hotspot(opened, found))


def sampled(opened: Session, base: Base, tree: Tree) -> Profile:
    """The first pass over a tree; the base tells how often each workload is to run."""

    def sample(index: int, tasks: Tasks) -> Probed:
        workload, repetitions = opened.project.workloads[index], profiled_repetitions(base.seconds[index])
        limits = opened.workload_limits
        return workloads.run(opened.target, tree, workload, limits, tasks=tasks, repetitions=repetitions).probed

    return sampling.profile(sample, tree, opened.project)


def detailed(opened: Session, base: Base, found: Profile) -> Profile:
    """The profile with lines, calls and arguments of its hot functions; with less of it where that takes too long."""
    every = every_hotspot(opened, found)
    hot = observed(localized(opened, found).hotspots, every)
    if not hot:
        return found
    passed = counted(every, hot)
    tree = opened.trees.of(base.commit)

    def observe(index: int, tasks: Tasks) -> Probed:
        seconds = min(opened.settings.workload_timeout, LEAST_SECOND_PASS + SLOWDOWN * base.seconds[index])
        workload = opened.project.workloads[index]
        limits = Limits(seconds=seconds)
        return workloads.run(opened.target, tree, workload, limits, tasks=tasks, reads=read).probed

    profiler = overlay.folder(opened.project.interpreter)
    read = [profiler] if profiler else []
    reason = ""
    # A program may look into functions that it makes at run time, and stumble over a wrapped one: do without those.
    lasting = [function for function in hot if function.name.count(".") < 2]
    less = [(lasting, True, ())] if lasting != hot or passed else []
    for functions, lined, more in ((hot, True, passed), *less, (lasting, False, ())):
        try:
            return lines.detail(found, functions, observe, tree, overlay=profiler, lines=lined, counted=more)
        except WorkloadError as problem:
            reason = problem.message
    notice = f"lines, calls and arguments of the hot functions could not be observed: {reason}"
    return replace(found, notices=(*found.notices, notice))


def observed(hot: Sequence[Hotspot], every: Sequence[Hotspot]) -> list[Function]:
    """The hot functions, then those on the way to them."""
    known = {spot.function.key for spot in every}
    above = (caller.function for spot in hot for caller in spot.chain[: regions.NEAR] if caller.function.key in known)
    return list(dict.fromkeys([*(spot.function for spot in hot), *above]))[:OBSERVED]


def counted(every: Sequence[Hotspot], hot: Sequence[Function]) -> list[Function]:
    """What else takes part in the run: the numbers of its calls tell where there is too much of them."""
    largest = sorted(every, key=lambda spot: -spot.inclusive_share)
    wanted = [spot.function for spot in largest if spot.inclusive_share >= WORTH_COUNTING and spot.function not in hot]
    return wanted[:COUNTED]


def profiled_repetitions(seconds: float) -> int:
    """How often a workload of so many seconds runs under the profiler (where one process can run it again)."""
    return min(calibration.MOST_REPETITIONS, max(1, math.ceil(PROFILE_SECONDS / seconds)))


def unmeasured_base(opened: Session) -> Base:
    """A base for looking only: each workload run once, no tests."""
    tree = opened.trees.of(opened.base)
    seconds = tuple(
        workloads.run(opened.target, tree, workload, opened.workload_limits, tasks={"leaks": {}}).sample.seconds
        for workload in opened.project.workloads
    )
    return Base(commit=opened.base, gate={}, seconds=seconds)


def localized(opened: Session, found: Profile) -> Localized:
    """The functions worth a try: of the repository and the change that the run keeps to, wanted by --function, with
    enough to gain."""
    hotspots, skipped = hotspots_of(opened, found)
    if wanted := opened.settings.functions:
        if found.commit == opened.base:
            refuse_unseen(found, wanted)
        hotspots = [spot for spot in hotspots if is_wanted(spot.function.key, wanted)]
    reasons = {each.function.key: each.reason for each in skipped}
    if opened.scope:
        within = touched_by(opened)
        called = localize.below(found, within)
        hotspots = [spot for spot in hotspots if spot.function.key in within | called]
        seen = {spot.function.key for spot in hotspots}
        reasons = {key: reasons.get(key, UNSEEN) for key in sorted(within - seen)}
    return Localized(tuple(hotspots[: opened.settings.hotspots]), tuple(reasons.items()))


def refuse_unseen(found: Profile, wanted: Sequence[str]) -> None:
    """UsageError for a --function that names none of those that the profile has seen."""
    keys = [function.key for function in found.functions]
    for name in wanted:
        if not any(is_wanted(key, [name]) for key in keys):
            last = {key.rpartition("::")[2].rpartition(".")[2] for key in keys}
            close = difflib.get_close_matches(name, sorted(last), 1)
            hint = f"did you mean {close[0]}?" if close else "`llmopt profile` shows what is hot"
            raise UsageError(f"--function {name}: the workload was not seen to run such a function", hint)


def touched_by(opened: Session) -> frozenset[str]:
    """The functions that the change touches to which the run keeps: PATH::NAME, of files that may be edited."""
    scope, root = opened.scope, opened.place.root
    assert scope

    def look() -> list[str]:
        changes = scopes.changes(root, scope.old, opened.base)
        names = python_files(opened.trees.of(opened.base)) if changes else ()
        keys = touched.keys(changes, scopes.texts(root, opened.base, names))
        return sorted(key for key in keys if may_be_edited(opened, key.partition("::")[0]))

    return frozenset(opened.journal.once("touched", opened.base, list[str], look))


def every_hotspot(opened: Session, found: Profile) -> list[Hotspot]:
    """Also those that only stand on the way to the functions worth a try."""
    return hotspots_of(opened, found)[0]


def hotspots_of(opened: Session, found: Profile) -> tuple[list[Hotspot], list[localize.Skipped]]:
    """The repository's functions that may be edited and have enough to gain, and those that have not."""
    return localize.hotspots(
        found,
        encoding.reader(opened.trees.of(found.commit)),
        min_speedup=max(WORTH_A_TRY, opened.settings.min_speedup),
        is_target=functools.partial(may_be_edited, opened),
        weights=[workload.weight for workload in opened.project.workloads],
    )


def may_be_edited(opened: Session, path: str) -> bool:
    """Is it code of the user's product, and not out of bounds?"""
    settings = opened.settings
    is_code = localize.is_code(path, opened.project.folder)
    return is_code and not guard.turned_down(path, workload_files(opened), settings.exclude, settings.allow_paths)


def is_wanted(key: str, wanted: Sequence[str]) -> bool:
    """Does one of the names mean this function: its key, its qualified name, or the last part of it?"""
    name = key.partition("::")[2]
    return any(each in (key, name, name.rpartition(".")[2]) or key.endswith(f"/{each}") for each in wanted)


def workload_files(opened: Session) -> list[str]:
    """Repository paths that the workloads run and that therefore nobody may edit."""
    folder = Path(opened.project.folder)
    return [str(folder / workload.target) for workload in opened.project.workloads]


def proposer(opened: Session, base: Base, model: Model | None, memory: ask.Memory, view: View) -> Proposer:
    """The free rules first, then the model or the agent."""
    chosen = [ruled(opened, base)] if opened.settings.rules else []
    if agent.is_agent(opened.settings.model):
        chosen.append(delegated(opened, base, memory, view))
    elif model:
        chosen.append(asked(opened, base, model, memory))
    return search.in_order(chosen)


def ruled(opened: Session, base: Base) -> Proposer:
    """The model-free rewrites."""
    read = encoding.reader(opened.trees.of(base.commit))

    def propose(hotspots: Sequence[Hotspot], verdicts: Sequence[Verdict]) -> Iterator[Proposal]:
        from llmopt.models import rules  # libcst takes 0.3 s to import

        yield from rules.propose(hotspots, verdicts, read)

    return propose


def asked(opened: Session, base: Base, model: Model, memory: ask.Memory) -> Proposer:
    """A model, asked with the dossier of each hot region; it sees nothing of what the user excludes."""
    asking = questions(opened, base, model, memory)

    def propose(hotspots: Sequence[Hotspot], verdicts: Sequence[Verdict]) -> Iterator[Proposal]:
        yield from ask.propose(regions.regions(hotspots, asking.hotspots), verdicts, asking, memory)

    return propose


def nobody(conversation: Conversation) -> Reply:
    """The model of a run in which an agent proposes."""
    raise ModelError("an agent proposes, and no model is asked")


def delegated(opened: Session, base: Base, memory: ask.Memory, view: View, run: Sandbox | None = None) -> Proposer:
    """A coding agent, started in a copy of the base for each hot region. `run` takes the place of its sandbox."""
    settings, root = opened.settings, opened.place.root
    given = granted.parse(settings.agent_allow)
    protected = workload_files(opened)
    words = agent.words_of(agent.command_of(settings.model))

    def once(subject: str, work: Callable[[], agents.Work]) -> agents.Work:
        view.stage(f"{agents.name_of(words)} works: {subject}")
        return opened.journal.once("agent", f"{base.commit} {subject}", agents.Work, work)

    asking = questions(opened, base, nobody, memory)
    working = agents.Working(
        words,
        replace(asking, more=for_agents(opened, base)),
        export=lambda folder: git.export(root, base.commit, folder),
        base=lambda: opened.trees.of(base.commit),
        checkout=root,
        sandbox=run or open_sandbox(opened.target.layer, agents_grants(opened, given)).run,
        granted=given,
        limits=lambda: Limits(seconds=max(1.0, min(settings.agent_seconds, opened.seconds_left()))),
        is_excluded=lambda path: guard.is_excluded(path, settings.exclude),
        turned_down=lambda path: guard.turned_down(path, protected, settings.exclude, settings.allow_paths),
        once=once,
        tell=(lambda text: None) if run else view.notice,
    )

    def propose(hotspots: Sequence[Hotspot], verdicts: Sequence[Verdict]) -> Iterator[Proposal]:
        yield from agents.propose(regions.regions(hotspots, asking.hotspots), verdicts, working, memory)

    return propose


def agents_grants(opened: Session, given: Granted) -> Grants:
    """The agent's own: what the user lets the code under test reach is not lent to it, nor the other way round."""
    return replace(
        session.bounds(opened.settings),
        read=(*reach.interpreter(opened.project.interpreter, opened.project.root), *given.read),
        environment=given.environment,
        network=given.network,
    )


def for_agents(opened: Session, base: Base) -> dict[str, object]:
    """What only an agent is told, which can run things itself."""
    project, exclude = opened.project, opened.settings.exclude
    path = os.pathsep.join(root or "." for root in project.roots)
    files = git.files(opened.place.root, base.commit) if exclude else []
    return {
        "time_limit": opened.settings.agent_seconds,
        "test_command": words.command(project.tests) if project.tests else "",
        "commands": tuple(each.spec for each in project.workloads),
        "environment": f"PYTHONPATH={path} {project.interpreter.path}",
        "below": project.folder,
        "left_out": tuple(path for path in files if guard.is_excluded(path, exclude)),
    }


def questions(opened: Session, base: Base, model: Model, memory: ask.Memory) -> ask.Asking:
    """What stays the same over all questions about a base."""
    tree, settings = opened.trees.of(base.commit), opened.settings
    found = profile(opened, base, lambda stage: None)
    every = tuple(every_hotspot(opened, found))
    # The tree may go and come again between two questions.
    read = permitted(lambda path: encoding.reader(opened.trees.of(base.commit))(path), settings.exclude)
    files = [path for path in python_files(tree) if not guard.is_excluded(path, settings.exclude)]
    about = facts.facts_of(
        opened.project, base.seconds, read, files, touching(opened, tree), tried_before(opened), found.collecting
    )
    masks = memory.masked(read, excluded_texts(tree, settings.exclude))
    return ask.Asking(
        model,
        masks,
        about,
        recipe(settings),
        base.commit,
        code_of(opened, base),
        every,
        folder=Path(settings.prompts) if settings.prompts else None,
        look=lambda verdict: look(opened, base, verdict),
        pared=lambda verdict: difference(opened, verdict) if {"pared", person.EDITED} & verdict.evidence.keys() else "",
        shop=workshop(opened, base, found, Workshop(masks, about, code.open_code(masks.read, about.roots), every)),
    )


def workshop(opened: Session, base: Base, found: Profile, shop: Workshop) -> Workshop:
    """What a model's tools may look at, with what they may run."""
    checks = {**read_checks(opened), **run_checks(opened)}
    return workbench.equipped(shop, opened, base, found, functools.partial(commit, opened), checks)


def tried_before(opened: Session) -> list[earlier.Tried]:
    """What earlier runs on the repository tried, but for files that the user excludes now."""
    exclude = opened.settings.exclude
    found = earlier.tried(opened.place.state, but=opened.name)
    return [each for each in found if not any(guard.is_excluded(path, exclude) for path in each.paths)]


def excluded_texts(tree: Tree, exclude: Sequence[str]) -> list[str]:
    """The sources that the user excludes."""
    read, found = encoding.reader(tree), []
    for path in sorted(tree.path.rglob("*.py")) if exclude else ():
        name = path.relative_to(tree.path).as_posix()
        if guard.is_excluded(name, exclude):
            with contextlib.suppress(EditError):
                found.append(read(name))
    return found


def code_of(opened: Session, base: Base) -> str:
    """A short name of all Python files but the tests: the same on every machine."""
    files = git.run(opened.place.root, "ls-tree", "-r", base.commit).splitlines()
    return digest([line for line in files if line.endswith(".py") and not uses.is_test(line.partition("\t")[2])])[:12]


def recipe(settings: Settings) -> effort.Recipe:
    """The effort's, with the user's own number of attempts; functions that the user named are worth a question."""
    chosen = effort.RECIPES[settings.effort]
    chosen = replace(chosen, attempts=settings.attempts or chosen.attempts)
    return replace(chosen, worth=1.0) if settings.functions else chosen


def python_files(tree: Tree) -> tuple[str, ...]:
    """The repository paths of its Python files."""
    found = (path.relative_to(tree.path) for path in sorted(tree.path.rglob("*.py")))
    return tuple(path.as_posix() for path in found if not any(part.startswith(".") for part in path.parts))


def touching(opened: Session, tree: Tree) -> Callable[[Iterable[str]], Sequence[str]]:
    """Which tests execute functions, where that was recorded: the tests are not run for it."""
    folder = opened.folder / "tests"

    def tests(functions: Iterable[str]) -> Sequence[str]:
        if not contexts.are_in(folder):
            return ()
        return contexts.touching(contexts.of(opened.target, tree, folder, opened.test_limits), functions)

    return tests


def look(opened: Session, base: Base, verdict: Verdict) -> ask.Look:
    """A short profile of a candidate that was not faster: where its time goes. Nothing where that would take long."""
    if not verdict.commit or sum(base.seconds) > LOOK_SECONDS or opened.seconds_left() < 4 * LOOK_SECONDS:
        return ask.Look()
    tree = opened.trees.of(verdict.commit)

    def take() -> Profile:
        return sampled(opened, base, tree)

    try:
        found = opened.journal.once("look", verdict.commit, Profile, take)
    except WorkloadError:
        return ask.Look()
    text = permitted(encoding.reader(tree), opened.settings.exclude)
    return ask.Look(tuple(every_hotspot(opened, found)), tuple(hottest(found, text)))


def difference(opened: Session, verdict: Verdict) -> str:
    """The diff of an edit, bounded."""
    text = git.diff(opened.place.root, verdict.base, verdict.commit).decode(errors="replace")
    return text if len(text) <= DIFF_CHARACTERS else text[:DIFF_CHARACTERS] + "\n…"


def hottest(found: Profile, read: ReadFile) -> Iterator[tuple[str, float]]:
    """The text of the repository's hottest lines with their shares."""
    for place, share in itertools.islice(found.line_shares.items(), ask.HOT_LINES):
        path, _, number = place.rpartition(":")
        with contextlib.suppress(EditError, IndexError):
            yield read(path).split("\n")[int(number) - 1].strip(), share


def permitted(read: ReadFile, exclude: Sequence[str]) -> ReadFile:
    """The same files without the excluded ones."""

    def read_permitted(path: str) -> str:
        if guard.is_excluded(path, exclude):
            raise EditError(f"{path} is excluded by the configuration")
        return read(path)

    return read_permitted


def attempt(
    opened: Session,
    view: View,
    proposal: Proposal,
    base: Base,
    verdicts: Sequence[Verdict],
    tried: Counter[str],
    ask_person: person.Ask | None = None,
) -> Verdict:
    """Put a proposal through the funnel, once over all resumptions; `tried` tells a repeated one from its first."""
    judge = functools.partial(judged, opened, view, base, verdicts)
    tried[name_of(proposal, base)] += 1
    key = f"{name_of(proposal, base)} #{tried[name_of(proposal, base)]}"

    def take() -> Verdict:
        verdict = settled(opened, proposal, base, judge, key, ask_person) if ask_person else judge(proposal)
        return kept(opened, verdict) if verdict.accepted else verdict

    return opened.journal.once("verdict", key, Verdict, take)


def name_of(proposal: Proposal, base: Base) -> str:
    """A proposal's short name in the journal."""
    edits = digest([sorted(proposal.files.items()), proposal.problem, proposal.hotspot.function.key])
    return f"{base.commit}:{edits}"


def judged(opened: Session, view: View, base: Base, verdicts: Sequence[Verdict], proposal: Proposal) -> Verdict:
    """What the funnel says of a proposal; what passed it is pared, and not on a ref yet."""
    opened.journal.add("proposal", proposal)
    store = verdict_store(opened, base) if opened.settings.cache else None
    every = checks(opened, view, base, verdicts)
    what = f"{proposal.author} on {words.short(proposal.hotspot.function.key)}"
    verdict = trial.attempt(
        proposal,
        base,
        lambda each, onto: commit(opened, each, onto),
        known.remembering(every, store) if store else every,
        lambda stage: view.check(stage, what, base.test_seconds if stage == "tests" else 0.0),
    )
    if store:
        store.keep(verdict)
    if verdict.put_aside:
        keep.put_aside(opened.place.root, opened.name, verdict.commit)
    return pared(opened, view, proposal, base, verdict, verdicts) if verdict.accepted else verdict


def settled(
    opened: Session,
    proposal: Proposal,
    base: Base,
    judge: Callable[[Proposal], Verdict],
    key: str,
    ask_person: person.Ask,
) -> Verdict:
    """What a person makes of a verdict. A run that is stopped at the question resumes with it."""

    def once(each: Proposal) -> Verdict:
        name = key if each is proposal else name_of(each, base)
        return opened.journal.once("judged", name, Verdict, lambda: judge(each))

    def ask(each: Proposal, verdict: Verdict) -> person.Answer:
        return ask_person(question(opened, each, base, verdict))

    verdict = person.decide(proposal, once(proposal), ask, once)
    if verdict.stage == person.STAGE:
        keep.put_aside(opened.place.root, opened.name, verdict.commit)  # it was good: somebody may want it back
    return verdict


def question(opened: Session, proposal: Proposal, base: Base, verdict: Verdict) -> person.Question:
    """What a person is shown of a verdict; where there is no edit, the function's file as it is can be edited."""
    root, at = opened.place.root, verdict.commit or base.commit
    paths = git.changed(root, base.commit, at) or (proposal.hotspot.function.path,)
    return person.Question(
        verdict,
        git.diff(root, base.commit, at).decode(errors="replace"),
        paring.read_all(paths, encoding.reader(opened.trees.of(at))),
        person.may_keep(verdict),
        opened.settings.model != "rules",
    )


# What a verdict does not depend on: how proposals are looked for, what they cost, and what becomes of those kept.
INDIFFERENT = {"model", "model_small", "rules", "functions", "effort", "attempts", "hotspots", "budget_usd", "keep"}
INDIFFERENT |= {"max_time", "max_tokens", "max_output_tokens", "cache", "record", "prompts", "prices"}


def verdict_store(opened: Session, base: Base) -> known.Store:
    """The verdicts of earlier runs under the same circumstances on the same code."""
    settings = opened.settings.model_dump(mode="json", exclude=INDIFFERENT)
    about = digest(
        {
            "code": git.tree_of(opened.place.root, base.commit),
            "tests": sorted(base.gate.items()),
            "outputs": [bool(each) for each in base.outputs],  # their digests tell how often a workload was repeated
            "project": [opened.project.folder, opened.project.roots, opened.project.tests, opened.project.workloads],
            "interpreter": opened.project.interpreter,
            "settings": settings,
            "environment": {name: os.environ.get(name) for name in opened.settings.allow_env},
            "sandbox": opened.target.layer,
            "llmopt": [__version__, own_code()],
        }
    )
    return known.Store(opened.place.state / "cache" / "verdicts", about, opened.name, str(machine.this()))


@functools.lru_cache(maxsize=1)
def own_code() -> str:
    """A short name of llmopt's own sources: a check may have changed while the version has not."""
    root = Path(__file__).parent
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*.py"))}
    return hashlib.sha256(repr(files).encode()).hexdigest()[:16]


def commit(opened: Session, proposal: Proposal, base: Base) -> Candidate:
    """The proposal's files as a commit on the base, in the files' own encoding and line ends."""
    made = written(opened, proposal.files, base, f"Candidate: {proposal.author}")
    return Candidate(proposal, base.commit, made, git.changed(opened.place.root, base.commit, made))


def written(opened: Session, files: Mapping[str, str], base: Base, message: str) -> str:
    """The commit with these texts on the base."""
    contents = encoding.encoded(opened.trees.of(base.commit), files)
    return git.commit_files(opened.place.root, base.commit, contents, message)


def pared(
    opened: Session, view: View, proposal: Proposal, base: Base, verdict: Verdict, verdicts: Sequence[Verdict]
) -> Verdict:
    """The verdict on what pays of an accepted edit; the same one where all of it does, or where to tell takes long."""
    old = paring.read_all(list(proposal.files), encoding.reader(opened.trees.of(base.commit)))
    count = min(paring.MOST_PARTS, len(paring.parts(old, proposal.files)))
    pairs = min(PARING_SECONDS, opened.seconds_left() / 3) / (base.pair_seconds * max(1, count))  # for each part
    if count < 2 or pairs < paring.PAIRS:
        return verdict
    hotspots = every_hotspot(opened, profile(opened, base, lambda stage: None))
    faster = functools.partial(is_faster, opened, base, int(min(pairs, paring.MOST_PAIRS)))
    files, dropped = paring.pare(old, proposal.files, hotspots, faster, view.stage)
    if not dropped:
        return verdict
    less = replace(proposal, files=files)
    again = {name: check for name, check in checks(opened, view, base, verdicts).items() if name != "timing"}
    shorter = trial.attempt(less, base, functools.partial(commit, opened), again, lambda stage: view.stage(stage))
    if not shorter.accepted:
        return verdict
    names = ", ".join(dropped)
    evidence = {**verdict.evidence, **shorter.evidence, "pared": f"left out, as fast without: {names}"}
    return replace(shorter, evidence=evidence, seconds=verdict.seconds + shorter.seconds)


def is_faster(opened: Session, base: Base, most: int, old: Mapping[str, str], new: Mapping[str, str]) -> bool:
    """Are the second texts on the base faster than the first, by at most so many pairs? WorkloadError where one of them
    fails."""
    before, after = (opened.trees.of(written(opened, texts, base, "Part of a candidate")) for texts in (old, new))
    rounds = timer.rounds(opened.target, base, before, after, opened.workload_limits, counter=opened.counter)
    weights = [workload.weight for workload in opened.project.workloads]
    sides = (judge.combined(pairs, weights, opened.settings.objective) for pairs in itertools.islice(rounds, most))
    return paring.pays(old - new for old, new in sides)


def checks(opened: Session, view: View, base: Base, verdicts: Sequence[Verdict]) -> Mapping[str, Check]:
    """The funnel's checks in their order, cheapest first."""
    compared = {**read_checks(opened, verdicts), **run_checks(opened)}
    return {**require.after(compared, opened.settings.require or ""), **timed_checks(opened, view, base, verdicts)}


def read_checks(opened: Session, verdicts: Sequence[Verdict] = ()) -> dict[str, Check]:
    """Those that only read the candidate: they need nothing of the base but its commit."""
    settings, packages = opened.settings, opened.project.interpreter.packages
    fingerprints = {verdict.evidence["syntax"] for verdict in verdicts if "syntax" in verdict.evidence}

    def read(at: str, path: str) -> str:
        return encoding.reader(opened.trees.of(at))(path)

    return {
        "duplicate": duplicate.check(read, lambda: fingerprints),
        "guard": guard.check(workload_files(opened), settings.exclude, settings.allow_paths, read, packages),
    }


def run_checks(opened: Session) -> dict[str, Check]:
    """Those that run the candidate and compare what it does with the base."""
    target, tree_of, folder = opened.target, opened.trees.of, opened.folder / "tests"
    executed = coverage.Executed(target, tree_of)
    return {
        "calls": calls.check(
            target,
            tree_of,
            opened.folder / "calls",
            workload=opened.workload_limits,
            tests=opened.test_limits,
            tolerance=opened.settings.float_tolerance,
            executed=executed,
            may_grow=math.isinf(opened.settings.max_memory_growth),
        ),
        "near tests": near.check(target, tree_of, opened.test_limits, folder, executed, instead=opened.trees.instead),
        "output": output.check(target, tree_of, opened.workload_limits, executed),
        "tests": tests.check(target, tree_of, opened.test_limits, folder, executed, opened.trees.instead),
        "coverage": coverage.check(executed, allow_unexecuted=opened.settings.require == "none"),
    }


def timed_checks(opened: Session, view: View, base: Base, verdicts: Sequence[Verdict]) -> dict[str, Check]:
    """Those that time the candidate next to the base."""
    settings = opened.settings
    asked = settings.min_speedup, base.pair_seconds, settings.max_pairs, settings.objective
    so_far = 1 + sum("timing" in verdict.evidence for verdict in verdicts)

    def save(stage: str, commit: str, pairs: object) -> None:
        opened.journal.add("pairs", {"stage": stage, "commit": commit, "pairs": pairs})

    def timed(stage: str, rule: judge.Rule, **options: Any) -> Check:
        limits, counter = opened.workload_limits, opened.counter
        target, tree_of = opened.target, opened.trees.of
        progress = functools.partial(view.progress, most=rule.max_pairs)
        return timing.check(stage, rule, target, tree_of, limits, progress, save, counter=counter, **options)

    return {
        "timing": timed("timing", judge.screening(*asked)),
        "confirmation": timed(
            "confirmation",
            judge.confirmation(*asked, candidates=so_far),
            review=functools.partial(reviewed, opened),
            unclear=functools.partial(is_unclear, opened),
        ),
    }


def is_unclear(opened: Session, base: Base, rounds: timing.Rounds) -> bool:
    """Would more pairs tell whether a gain that was shown is what it seems?"""
    doubted = opened.settings.objective in doubts.DOUBTED
    return doubted and opened.seconds_left() > 0 and doubts.is_open(rounds, base.repetitions)


def reviewed(
    opened: Session, candidate: Candidate, base: Base, rounds: timing.Rounds, shown: Decision
) -> Finding | None:
    """What speaks against a gain that was shown: what it costs elsewhere, or that it is not what it seems."""
    settings = opened.settings
    if paid := doubts.price(rounds, settings.objective, settings.max_memory_growth):
        return Finding(False, f"{shown.reason}, but {paid}")
    if settings.objective in doubts.DOUBTED:
        low, bound = shown.interval[0], headroom_of_edit(opened, candidate, base)
        if found := doubts.doubt(rounds, base.repetitions, low, bound):
            return Finding(False, f"{shown.reason}, but {found}", put_aside=True)
    return None


def headroom_of_edit(opened: Session, candidate: Candidate, base: Base) -> float:
    """The most speedup there can be if the functions that the edit changes cost nothing."""
    before, after = opened.trees.of(base.commit), opened.trees.of(candidate.commit)
    old, new = encoding.reader(before), encoding.reader(after)
    keys: set[str] = set()
    for path in candidate.changed:
        if not (after.path / path).exists():
            return math.inf
        text = old(path) if (before.path / path).exists() else ""
        if (names := syntax.changed(text, new(path))) is None:
            return math.inf
        keys |= {f"{path}::{name}" for name in names}
    weights = [workload.weight for workload in opened.project.workloads]
    return localize.headroom_of(profile(opened, base, lambda stage: None), keys, weights)


def kept(opened: Session, verdict: Verdict) -> Verdict:
    """The accepted commit under its final message, on a ref that nothing loses."""
    specs = [workload.spec for workload in opened.project.workloads]
    final = git.reword(
        opened.place.root, verdict.commit, keep.message(verdict, opened.name, specs, opened.target.layer)
    )
    keep.record(opened.place.root, opened.name, final, as_branch=opened.settings.keep == "branch")
    return replace(verdict, commit=final, lines=git.changed_lines(opened.place.root, verdict.base, final))


def accepted(base: Base, verdict: Verdict) -> Base:
    """The base that an accepted edit leads to: the same tests gate it, its runs are shorter."""
    return replace(base, commit=verdict.commit, seconds=tuple(each / verdict.speedup for each in base.seconds))


def enough(opened: Session) -> str:
    """Why to stop now, "" to go on."""
    if opened.seconds_left() <= 0:
        return f"--max-time {words.duration(opened.settings.max_time)} is over"
    used = session.spent(opened.journal)
    if opened.settings.budget_usd is not None and used.cost_usd > opened.settings.budget_usd:
        return f"--budget-usd {opened.settings.budget_usd:g} is spent"
    return ""
