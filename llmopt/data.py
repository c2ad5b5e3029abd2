"""The nouns of llmopt, in the order they flow, and the function types of the seams.

Every value is frozen; a stage makes a new one instead of changing one. All of them are plain data that pydantic's
`TypeAdapter` can write to JSON and read back, which is what the journal relies on. Paths inside a repository are
POSIX strings relative to the git root; times are seconds; shares are fractions of the run, 0 to 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# --- the project -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Interpreter:
    """A Python interpreter that runs the target's code.

    `found` says where it came from ("--python", ".venv", "VIRTUAL_ENV", ...); `search_path` is its own `sys.path`
    without the current folder; `packages` maps the normalised names of its installed distributions to versions. `needs`
    are paths beside it that it reads: its prefixes, and packages of other folders that editable installs map to.
    """

    path: str
    version: tuple[int, int, int]
    found: str
    search_path: tuple[str, ...] = ()
    packages: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Workload:
    """What is to become faster. `kind` names the module in `llmopt.workloads`; `target` is what that kind needs.

    `spec` is what the user wrote (or what was detected), and names the workload in reports.
    """

    spec: str
    kind: str
    target: str
    arguments: tuple[str, ...] = ()
    weight: float = 1.0


@dataclass(frozen=True)
class TestCommand:
    """How the target's tests run. `kind` is "pytest", "unittest" (outcomes test by test) or "command" (its exit code).

    For the first two `arguments` follow `python -m KIND`; for "command" they are one shell line.
    """

    kind: str
    arguments: tuple[str, ...] = ()

    __test__ = False  # not a test class, whatever pytest makes of its name


@dataclass(frozen=True)
class Project:
    """A repository and how its code runs.

    `root` is the git top level, `folder` where the user pointed to below it ("" for the root itself): commands run
    there. `roots` are the folders from which the repository's modules are imported, relative to `root`, first wins.
    """

    root: Path
    folder: str
    interpreter: Interpreter
    tests: TestCommand | None
    workloads: tuple[Workload, ...]
    roots: tuple[str, ...] = ("",)


@dataclass(frozen=True)
class Scope:
    """The changed code that a run keeps to: what differs between the commits `old` ("" for nothing) and `new`, "" for
    the checkout as it is. `name` says what was asked for; `staged`: `new` is what the next commit will have."""

    name: str
    old: str
    new: str = ""
    staged: bool = False


@dataclass(frozen=True)
class Tree:
    """A commit of the target, written out as plain files below `path` (no .git: no history to read)."""

    commit: str
    path: Path


# --- running commands: the sandbox seam ------------------------------------------------------------------------


@dataclass(frozen=True)
class Limits:
    """Bounds of one command; `output_bytes` is what is kept of each stream (the head and the tail), `cpu_seconds` hold
    for each of its processes."""

    seconds: float = 600.0
    output_bytes: int = 64 * 1024
    file_bytes: int = 8 * 1024**3
    cores: tuple[int, ...] = ()
    cpu_seconds: float = math.inf


@dataclass(frozen=True)
class Grants:
    """What all commands of a run may reach and use, besides what each `Command` names.

    `read`: paths that may be read and executed, the interpreter's among them; `environment`: names of variables passed
    on; `network`: that of this machine, and not one of their own. Memory, processes and disk are those of one command,
    all its processes together.
    """

    read: tuple[Path, ...] = ()
    environment: tuple[str, ...] = ()
    network: bool = False
    memory_bytes: int = 1 << 62
    processes: int = 512
    disk_bytes: int = 1 << 62


@dataclass(frozen=True)
class Command:
    """One command of the target: `argv` run in `folder` with `environment` added to the sandbox's clean one.

    With `marks`, the child gets a pipe in LLMOPT_MARKS_FD; each line it writes there is stamped by the parent's clock.
    `counter` counts instructions: "perf", "cachegrind", or "" for nobody.

    Confined, it may write below the paths `writes` but not below `keeps` in them, and read below `reads`. `stands_for`,
    pairs of a path and another one, shows the first (a tree) in the place of the second (the checkout).
    """

    argv: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    marks: bool = False
    counter: str = ""
    reads: tuple[Path, ...] = ()
    writes: tuple[Path, ...] = ()
    keeps: tuple[Path, ...] = ()
    stands_for: tuple[tuple[Path, Path], ...] = ()


@dataclass(frozen=True)
class Ran:
    """What one command did, its children included. `marks` are (label, seconds since start) as the parent saw them, and
    `mark_cpu_seconds` the CPU time used by then, empty where the system does not tell. `instructions` and `joules` (of
    the whole machine) are None where nobody counted."""

    exit_code: int
    wall_seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    stdout: str
    stderr: str
    stdout_digest: str = ""
    timed_out: bool = False
    marks: tuple[tuple[str, float], ...] = ()
    mark_cpu_seconds: tuple[float, ...] = ()
    instructions: int | None = None
    joules: float | None = None
    exceeded: str = ""  # the bound it was ended for, to be read after "more than"


# --- the baseline ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TestRun:
    """Outcomes by node id ("passed", "failed", "error", "skipped", "xfailed", "xpassed"), and how the run ended."""

    outcomes: Mapping[str, str]
    seconds: float
    problem: str = ""  # the tail of the output when the run did not end in the ordinary way

    __test__ = False


@dataclass(frozen=True)
class Base:
    """The code every candidate is compared with: a commit and what is known of it.

    `gate` are the outcomes a candidate must reproduce; `unstable` and `failing` node ids are left out of it.
    `seconds` is one repetition of each workload; `noise` the spread (a standard deviation that outliers do not move)
    of the log ratio of the same code with itself in pairs, over all workloads: the noise floor.
    """

    commit: str
    gate: Mapping[str, str]
    unstable: tuple[str, ...] = ()
    failing: tuple[str, ...] = ()
    test_seconds: float = 0.0
    seconds: tuple[float, ...] = ()
    noise: float = 0.0
    repetitions: tuple[int, ...] = ()  # in-process repetitions per sample, per workload
    outputs: tuple[str, ...] = ()  # digest of what each workload prints; "" where two runs differ
    pinned: tuple[bool, ...] = ()  # whether each workload is timed on one core: it uses no more

    @property
    def pair_seconds(self) -> float:
        """A pair of runs of all workloads, of base and candidate."""
        return 2 * sum(a * b for a, b in zip(self.seconds, self.repetitions, strict=True))


# --- the profile -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Function:
    """A function of the profile: `path` relative to the git root for the repository's code, absolute otherwise.

    `name` is the qualified name ("Class.method", "outer.inner"; "<module>" for module level), `line` that of `def`.
    """

    path: str
    name: str
    line: int

    @property
    def key(self) -> str:
        return f"{self.path}::{self.name}"


@dataclass(frozen=True)
class Stack:
    """A call stack seen by the sampler: `frames` index `Profile.functions`, outermost first; `share` of the run."""

    workload: int
    frames: tuple[int, ...]
    share: float


@dataclass(frozen=True)
class LineCost:
    """A line of a function: hits counted and share of the function's own time, from the line profiler."""

    line: int
    hits: int
    share: float


@dataclass(frozen=True)
class Observed:
    """One argument (or "return") of a hot function: the kinds of values seen, most frequent first.

    A kind is text such as "list[int] len 3..1200" or "ndarray float64 (1000, 3)"; `counts` are their sampled numbers.
    """

    name: str
    kinds: tuple[str, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Repeats:
    """Of the first `calls` calls, how many had arguments that none before them had."""

    calls: int
    distinct: int


@dataclass(frozen=True)
class Detail:
    """What the second pass found about one hot function over the whole run. `callers` are the nearest functions of the
    repository above its calls, by `Function.key`, with their numbers of calls, most first."""

    function: str  # Function.key
    calls: int
    lines: tuple[LineCost, ...] = ()
    arguments: tuple[Observed, ...] = ()
    callers: tuple[tuple[str, int], ...] = ()
    repeats: Repeats = Repeats(0, 0)


@dataclass(frozen=True)
class Profile:
    """Where the time of the workloads goes: a call tree as stacks with shares that sum to at most 1 per workload.

    What is missing to 1 was waiting (sleep, I/O, child processes) or outside any Python frame. `measured_by` says which
    line profiler gave the details ("target's line_profiler 5.0", "overlay line_profiler 5.1", "tracing").
    `collecting` is the share of full garbage collections, which the stacks of those who allocate hold.
    """

    commit: str
    seconds: tuple[float, ...]  # of each workload, under the sampler
    functions: tuple[Function, ...]
    stacks: tuple[Stack, ...]
    details: tuple[Detail, ...] = ()
    line_shares: Mapping[str, float] = field(default_factory=dict)  # "path:line" -> self share, from the sampler
    measured_by: str = ""
    notices: tuple[str, ...] = ()
    collecting: float = 0.0


@dataclass(frozen=True)
class Caller:
    """A function on the way to another, with its inclusive share and, where they were counted, its calls."""

    function: Function
    share: float
    calls: int | None = None


@dataclass(frozen=True)
class Hotspot:
    """A function of the repository worth a model's time.

    `self_share`: the function's own frames, native calls included. `own_share`: also the library code it calls that
    lies outside the repository; functions are ranked by it. `inclusive_share`: all it calls. `headroom` = 1 / (1 -
    inclusive_share), the speedup of the run if the function cost nothing. `chain` are the callers, nearest first.
    """

    function: Function
    end_line: int
    self_share: float
    own_share: float
    inclusive_share: float
    headroom: float
    calls: int | None = None
    chain: tuple[Caller, ...] = ()
    callees: tuple[tuple[Function, float], ...] = ()
    lines: tuple[LineCost, ...] = ()
    arguments: tuple[Observed, ...] = ()
    callers: tuple[tuple[str, int], ...] = ()  # as in Detail
    repeats: Repeats = Repeats(0, 0)


@dataclass(frozen=True)
class Region:
    """Hot functions of the repository on one chain of calls, which a model is asked about together.

    `functions` go from the outermost caller to the leaves; `focus` is the one of the largest own share, `share` the sum
    of their own shares: what there is to gain here.
    """

    functions: tuple[Hotspot, ...]
    focus: Hotspot
    share: float

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(each.function.key for each in self.functions)


# --- talking to a model ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tool:
    """Something a model may ask for before it answers. `schema` is the JSON schema of its arguments, an object; `body`
    names the one that is long text: where a call is written as plain text, it stands below the others. What it gives
    is cut beyond so many `characters`."""

    name: str
    about: str
    schema: Mapping[str, Any]
    body: str = ""
    characters: int = 4_000


@dataclass(frozen=True)
class Call:
    """A tool that a model asks for. `id` pairs it with its result; `arguments` is the JSON as the model wrote it."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Result:
    """What a call gave, or one line of why it gave nothing; `id` is that of the call."""

    id: str
    text: str


@dataclass(frozen=True)
class Message:
    """`role` is "system", "user" or "assistant". An assistant's message may hold calls, and the user's right after it
    then holds the result of each; `thoughts` are as in its `Reply`."""

    role: str
    text: str
    calls: tuple[Call, ...] = ()
    results: tuple[Result, ...] = ()
    thoughts: str = ""


@dataclass(frozen=True)
class Conversation:
    """What is sent to a model. `subject` names what is asked in stable words (no measured numbers): the same question
    about the same code has the same subject on every machine, so recorded answers are found by it. `repairs`: it only
    asks to mend an edit, which a cheaper model may do."""

    messages: tuple[Message, ...]
    subject: str
    max_output_tokens: int = 16_000
    tools: tuple[Tool, ...] = ()
    repairs: bool = False


@dataclass(frozen=True)
class Usage:
    """Tokens of one call; `cached_tokens` are the part of `input_tokens` read from the provider's cache. `known` is
    false where somebody else counts: an agent pays by itself."""

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    cost_usd: float = 0.0
    known: bool = True

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.cached_tokens + other.cached_tokens,
            self.output_tokens + other.output_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
            self.cost_usd + other.cost_usd,
            self.known and other.known,
        )

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True)
class Reply:
    """A model's answer; `stop` is "end", "length" or "refusal". With `calls` it wants their results first, and with
    these its `thoughts`, signed by the provider, as they came ("" where nobody asks for them)."""

    text: str
    model: str
    usage: Usage = Usage()
    stop: str = "end"
    calls: tuple[Call, ...] = ()
    thoughts: str = ""


# --- edits, candidates, verdicts -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Edit:
    """One change. With `search`: replace that text, which must occur once in `path`. With `function`: replace the whole
    definition of that qualified name by `replace`. With neither: `replace` is the whole new file."""

    path: str
    replace: str
    search: str | None = None
    function: str | None = None


@dataclass(frozen=True)
class Proposal:
    """Edits that may make the run faster. `files` maps repository paths to their whole new text once the edits applied
    ("\\n" line ends, as `ReadFile` gives them); `problem` says why they did not."""

    author: str  # "rules: join-strings", "anthropic:NAME", ...
    hotspot: Hotspot
    plan: str
    files: Mapping[str, str] = field(default_factory=dict)
    edits: tuple[Edit, ...] = ()
    problem: str = ""
    usage: Usage = Usage()


@dataclass(frozen=True)
class Candidate:
    """A proposal as a commit on top of the base's commit."""

    proposal: Proposal
    base: str
    commit: str
    changed: tuple[str, ...]


@dataclass(frozen=True)
class Sample:
    """What one fresh process of a workload used.

    `seconds` is the wall time of one repetition, `first_seconds` that of the first one (None for a workload that is not
    repeated), `setup_seconds` what passed from the start of the process to it, `rest_seconds` what passed from then on
    beside the timed parts, until the process ended (both 0 when the whole process is timed).
    `cpu_seconds` is of one repetition too where the system tells, children included. The rest is of the whole process;
    None where nobody counted.
    """

    seconds: float
    cpu_seconds: float = 0.0
    peak_bytes: int = 0
    first_seconds: float | None = None
    setup_seconds: float = 0.0
    rest_seconds: float = 0.0
    instructions: int | None = None
    joules: float | None = None


@dataclass(frozen=True)
class Pair:
    """One paired sample: base and candidate run next to each other, in fresh processes, on one workload."""

    workload: int
    base: Sample
    candidate: Sample
    candidate_first: bool = False


@dataclass(frozen=True)
class Decision:
    """What the judge says about some pairs. `outcome` is "accept", "reject" or "continue"."""

    outcome: str
    reason: str
    speedup: float
    interval: tuple[float, float]
    pairs: int


@dataclass(frozen=True)
class Finding:
    """What one check of the funnel says: passed or not, why, and what it saw (kept as evidence).

    `put_aside`: not passed, but for a person to decide: the gain is there, and is not what it seems.
    """

    passed: bool
    reason: str
    evidence: Mapping[str, str] = field(default_factory=dict)
    decision: Decision | None = None
    put_aside: bool = False


DECLINED = "the model sees nothing worth changing"


@dataclass(frozen=True)
class Verdict:
    """The end of a proposal: accepted or not, which stage decided and why, with the evidence of all stages before.

    `hint` is what a person who looked at it wants whoever proposed it to hear.
    """

    accepted: bool
    stage: str
    reason: str
    function: str
    author: str
    plan: str = ""
    commit: str = ""  # the candidate's, "" when the edits did not apply
    base: str = ""
    speedup: float = 1.0
    interval: tuple[float, float] = (0.0, 0.0)
    evidence: Mapping[str, str] = field(default_factory=dict)
    usage: Usage = Usage()
    seconds: float = 0.0
    put_aside: bool = False  # not accepted, and left for a person: `commit` is on a ref
    hint: str = ""
    lines: int = 0  # added and removed, of an accepted edit

    @property
    def is_edit(self) -> bool:
        """Whether something was tried: a model may also answer that it sees nothing to do."""
        return self.reason != DECLINED


@dataclass(frozen=True)
class Outcome:
    """The end of a run. `speedup` and `interval` (95 %) are end to end, all kept edits against the original base,
    measured once more at the end (`measured` is "end to end"; "per edit" when the run was cut off before: then they are
    products of the edits' own); 1 and (1, 1) when nothing was kept. `branch` is where the commits are, "" if on none.
    """

    run: str
    base: str
    branch: str = ""
    speedup: float = 1.0
    interval: tuple[float, float] = (1.0, 1.0)
    measured: str = ""
    objective: str = "time"  # what the speedup is of
    sandbox: str = ""  # the layer that everything ran under; "" where an older journal does not say
    workloads: tuple[tuple[str, float], ...] = ()  # spec, speedup
    verdicts: tuple[Verdict, ...] = ()
    hot: int = 0  # functions worth a try when the run ended, and `skipped` ones
    skipped: int = 0
    left: tuple[tuple[str, float, float], ...] = ()  # functions that are still hot: key, own share, headroom
    scope: str = ""  # the change that the run kept to, "" for all of the code
    not_worth: tuple[tuple[str, str], ...] = ()  # the change's functions that are not hot: key, why
    whole: Mapping[str, str] = field(default_factory=dict)  # evidence that all kept edits together behave as the base
    usage: Usage = Usage()
    seconds: float = 0.0
    stopped: str = ""
    interrupted: bool = False

    @property
    def accepted(self) -> tuple[Verdict, ...]:
        return tuple(verdict for verdict in self.verdicts if verdict.accepted)

    @property
    def rejected(self) -> tuple[Verdict, ...]:
        return tuple(verdict for verdict in self.verdicts if not verdict.accepted)

    @property
    def put_aside(self) -> tuple[Verdict, ...]:
        return tuple(verdict for verdict in self.verdicts if verdict.put_aside)


# --- seams -----------------------------------------------------------------------------------------------------

Sandbox = Callable[[Command, Limits], Ran]
Model = Callable[[Conversation], Reply]
ReadFile = Callable[[str], str]  # repository path -> text of the base, "\n" line endings; EditError when not there
Proposer = Callable[[Sequence[Hotspot], Sequence[Verdict]], Iterator[Proposal]]
Check = Callable[[Candidate, Base], Finding]
Timer = Callable[[Tree, Tree], Iterator[Pair]]
Profiler = Callable[[Base], Profile]
