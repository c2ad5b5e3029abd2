"""The command line: verbs, flags and their help. The work is in `llmopt.commands`, imported when a verb runs."""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from llmopt.commands import complete
from llmopt.errors import LlmoptError, UsageError

EPILOG = (
    "Exit codes: 0 something kept or nothing to do, 1 error, 2 usage, 3 nothing found within the budget, "
    "130 interrupted. Settings: flags win over LLMOPT_* variables, which win over [tool.llmopt] in pyproject.toml "
    "(or llmopt.toml)."
)

app = typer.Typer(
    name="llmopt",
    help="Make a real Python repository faster, and prove it: profile, propose, test, measure, keep.",
    epilog=EPILOG,
    invoke_without_command=True,
    rich_markup_mode=None,  # rich help costs 0.1 s of start-up and says the same
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

PathArgument = Annotated[Path, typer.Argument(help="The repository, or a folder in it.")]
Workloads = Annotated[
    list[str] | None,
    typer.Option(
        "--workload",
        "-w",
        metavar="SPEC",
        help="What is to become faster: a script (with setup()/workload(), or plain), module:function, pytest:ARGS, "
        "asv:REGEX, a shell command (cmd:...). SPEC@WEIGHT weighs it. Repeat for several. "
        "Default: benchmarks found, else the tests.",
    ),
]
Python = Annotated[
    str | None, typer.Option("--python", metavar="PATH", help="The target's interpreter or environment folder.")
]
Test = Annotated[str | None, typer.Option("--test", metavar="CMD", help="The command that runs the tests.")]
TestTimeout = Annotated[
    str | None,
    typer.Option("--test-timeout", metavar="TIME", help="Most time of one run of the tests. [default: 30m]"),
]
MinSpeedup = Annotated[
    float | None,
    typer.Option("--min-speedup", metavar="X", help="What a speedup's lower bound must exceed. [default: 1.005]"),
]
PairsOfADecision = Annotated[
    int | None, typer.Option("--max-pairs", metavar="N", help="Most pairs of runs for one decision. [default: 30]")
]
MostPairs = Annotated[
    int | None,
    typer.Option("--max-pairs", metavar="N", help="Most pairs; it ends sooner once it is clear. [default: 40]"),
]
Resolution = Annotated[float, typer.Option("--resolution", metavar="X", help="What counts as the same: 1.02 is 2 %.")]
Staged = Annotated[
    bool,
    typer.Option("--staged", help="Only what the next commit changes and what that calls; the rest is not looked at."),
]
ChangedSince = Annotated[
    str,
    typer.Option(
        "--changed-since", metavar="REV", help="Only what has changed since the checkout left REV, and what that calls."
    ),
]
NoGit = Annotated[bool, typer.Option("--no-git", help="The folder is no git repository: work on a copy, give a patch.")]
Json = Annotated[
    bool, typer.Option("--json", help="One JSON object on standard output; words for people on standard error.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Only the result and errors.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="A plain log with every step.")]
PathOption = Annotated[Path, typer.Option("--path", help="The repository, or a folder in it.")]
RunName = Annotated[str, typer.Argument(help="A run's name, or 'last'.", autocompletion=complete.runs)]
Effort = Annotated[
    str | None,
    typer.Option(
        "--effort",
        metavar="HOW",
        help="How much is asked of the model: low, medium (default) or high.",
        autocompletion=complete.one_of("low", "medium", "high"),
    ),
]
Excluded = Annotated[
    list[str] | None, typer.Option("--exclude", metavar="GLOB", help="Paths that are never edited nor sent.")
]
MaxTime = Annotated[
    str | None,
    typer.Option("--max-time", metavar="TIME", help="Wall time, such as 90s, 30m, 1h30m. [default: 30m]"),
]
Objective = Annotated[
    str | None,
    typer.Option(
        "--objective",
        metavar="WHAT",
        help="What decides: time (default), cpu, memory, instructions or energy.",
        autocompletion=complete.one_of("time", "cpu", "memory", "instructions", "energy"),
    ),
]
Roots = Annotated[
    list[str] | None,
    typer.Option("--root", metavar="FOLDER", help="A folder modules are imported from, relative to the git root."),
]
Require = Annotated[
    str | None,
    typer.Option(
        "--require",
        metavar="LEVEL",
        help="Least evidence that an edit behaves the same: none, output, tests or calls. [default: tests]",
        autocompletion=complete.one_of("none", "output", "tests", "calls"),
    ),
]
SandboxChoice = Annotated[
    str | None,
    typer.Option(
        "--sandbox",
        metavar="HOW",
        help="What confines the code under test: auto (the strongest that works here, the default), strict (refuse to "
        "run it unconfined), docker, podman, off; or bubblewrap, landlock.",
        autocompletion=complete.one_of(
            "auto", "strict", "off", "bubblewrap", "landlock", "seatbelt", "docker", "podman"
        ),
    ),
]
AllowNetwork = Annotated[
    bool | None,
    typer.Option("--allow-network", help="Let it use this machine's network: other hosts, and servers that run here."),
]
AllowRead = Annotated[
    list[str] | None,
    typer.Option("--allow-read", metavar="PATH", help="A path outside of the repository that it may read; repeat."),
]
AllowEnv = Annotated[
    list[str] | None,
    typer.Option("--allow-env", metavar="NAME", help="A variable of the environment that it gets; repeat."),
]
Timeout = Annotated[
    str | None,
    typer.Option("--workload-timeout", metavar="TIME", help="Most time of one run of a workload. [default: 10m]"),
]


def _confinement(
    sandbox: str | None, network: bool | None, read: list[str] | None, environment: list[str] | None
) -> dict[str, object]:
    """The flags that every command has which runs the target."""
    return {
        "sandbox": sandbox,
        "allow_network": network,
        "allow_read": [str(Path(path).expanduser().absolute()) for path in read or []] or None,
        "allow_env": environment,
    }


def _resolved(words: list[str] | None) -> list[str] | None:
    """Paths that an agent may read by their whole names: a resumed run may start in another folder."""
    return [
        f"read:{Path(word[5:]).expanduser().absolute()}" if word.startswith("read:") and word[5:] else word
        for word in words or []
    ] or None


def version(show: bool) -> None:
    if show:
        from llmopt import __version__

        typer.echo(f"llmopt {__version__}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    show_version: Annotated[
        bool, typer.Option("--version", callback=version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        from llmopt.commands import here

        raise typer.Exit(here.run(Path()))


@app.command(epilog=EPILOG)
def optimize(
    path: PathArgument = Path(),
    workload: Workloads = None,
    test: Test = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            metavar="SPEC",
            help="rules (no model, the default), anthropic:NAME, openai:NAME, openai:NAME@URL for any compatible "
            "endpoint, manual:DIR (you are the model), replay:FILE, agent:COMMAND (a coding agent edits a copy).",
            autocompletion=complete.one_of(*complete.MODELS),
        ),
    ] = None,
    function: Annotated[
        list[str] | None,
        typer.Option("--function", "-f", metavar="NAME", help="Only this function; repeat for several."),
    ] = None,
    staged: Staged = False,
    changed_since: ChangedSince = "",
    min_speedup: MinSpeedup = None,
    objective: Objective = None,
    max_memory_growth: Annotated[
        float | None,
        typer.Option(
            "--max-memory-growth", metavar="X", help="Most peak memory of an edit, by the base's. [default: 1.1]"
        ),
    ] = None,
    max_pairs: PairsOfADecision = None,
    float_tolerance: Annotated[
        float | None,
        typer.Option(
            "--float-tolerance", metavar="X", help="How far floats may differ, relatively. [default: 0, exact]"
        ),
    ] = None,
    require: Require = None,
    budget_usd: Annotated[
        float | None, typer.Option("--budget-usd", metavar="X", help="Stop before a call that could cost more in all.")
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option("--max-tokens", metavar="N", help="Stop before a call that could need more in all.")
    ] = None,
    max_time: MaxTime = None,
    keep: Annotated[
        str | None,
        typer.Option(
            "--keep",
            metavar="HOW",
            help="branch (default), commit, worktree (uncommitted changes), patch, or index (the default of --staged).",
            autocompletion=complete.one_of("branch", "commit", "worktree", "patch", "index"),
        ),
    ] = None,
    model_small: Annotated[
        str | None,
        typer.Option(
            "--model-small",
            metavar="SPEC",
            help="A cheaper model to repair edits.",
            autocompletion=complete.one_of(*complete.MODELS),
        ),
    ] = None,
    effort: Effort = None,
    attempts: Annotated[
        int | None,
        typer.Option("--attempts", metavar="N", help="Edits tried on each hot region. [default: by effort]"),
    ] = None,
    agent_allow: Annotated[
        list[str] | None,
        typer.Option(
            "--agent-allow",
            metavar="WHAT",
            help="What the agent, and it alone, may reach: network, env:NAME, read:PATH, home:PATH (a copy of that "
            "part of your HOME); repeat.",
        ),
    ] = None,
    agent_seconds: Annotated[
        str | None,
        typer.Option("--agent-seconds", metavar="TIME", help="Most time of one start of the agent. [default: 15m]"),
    ] = None,
    cache: Annotated[
        bool | None,
        typer.Option("--cache/--no-cache", help="Use answers of earlier runs on the same code.", show_default=False),
    ] = None,
    exclude: Excluded = None,
    rules: Annotated[
        bool | None,
        typer.Option("--rules/--no-rules", help="Try the free rewrites before the model.", show_default=False),
    ] = None,
    allow_no_tests: Annotated[
        bool | None,
        typer.Option("--allow-no-tests", help="Go on without tests; what the workload prints is the only check then."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would run and the exact prompts; send nothing, change nothing.")
    ] = False,
    resume: Annotated[
        str,
        typer.Option(
            "--resume",
            metavar="RUN",
            help="Go on with an earlier run ('last'); nothing is paid for twice.",
            autocompletion=complete.runs,
        ),
    ] = "",
    interactive: Annotated[
        bool,
        typer.Option(
            "--interactive",
            "-i",
            help="Show each verdict with its diff, and ask: keep, skip, hint, edit by hand, stop.",
        ),
    ] = False,
    record: Annotated[
        str | None,
        typer.Option(
            "--record", metavar="FILE", help="Append every request and reply to a transcript for replay:FILE."
        ),
    ] = None,
    python: Python = None,
    sandbox: SandboxChoice = None,
    allow_network: AllowNetwork = None,
    allow_read: AllowRead = None,
    allow_env: AllowEnv = None,
    root: Roots = None,
    test_timeout: TestTimeout = None,
    workload_timeout: Timeout = None,
    no_git: NoGit = False,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> int:
    """Make the repository faster: keep only edits that pass the tests and are measurably faster."""
    from llmopt.commands import optimize as command

    flags = {
        **_confinement(sandbox, allow_network, allow_read, allow_env),
        "workloads": workload,
        "test": test,
        "model": model,
        "functions": function,
        "min_speedup": min_speedup,
        "objective": objective,
        "max_memory_growth": max_memory_growth,
        "max_pairs": max_pairs,
        "float_tolerance": float_tolerance,
        "require": require,
        "budget_usd": budget_usd,
        "max_tokens": max_tokens,
        "max_time": max_time,
        "keep": keep,
        "model_small": model_small,
        "effort": effort,
        "attempts": attempts,
        "agent_allow": _resolved(agent_allow),
        "agent_seconds": agent_seconds,
        "cache": cache,
        "exclude": exclude,
        "rules": rules,
        "allow_no_tests": allow_no_tests,
        "record": record and str(Path(record).resolve()),  # a resumed run may start in another folder
        "python": python,
        "roots": root,
        "test_timeout": test_timeout,
        "workload_timeout": workload_timeout,
    }
    options = command.Options(as_json, quiet, verbose, dry_run, no_git, resume, interactive, staged, changed_since)
    return command.run(path, flags, options)


@app.command(epilog=EPILOG)
def profile(
    path: PathArgument = Path(),
    workload: Workloads = None,
    function: Annotated[
        list[str] | None, typer.Option("--function", "-f", metavar="NAME", help="Show the lines of this function.")
    ] = None,
    staged: Staged = False,
    changed_since: ChangedSince = "",
    speedscope: Annotated[
        Path | None,
        typer.Option("--speedscope", metavar="FILE", help="Write the call stacks for https://speedscope.app."),
    ] = None,
    python: Python = None,
    sandbox: SandboxChoice = None,
    allow_network: AllowNetwork = None,
    allow_read: AllowRead = None,
    allow_env: AllowEnv = None,
    root: Roots = None,
    workload_timeout: Timeout = None,
    no_git: NoGit = False,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> int:
    """Show the hot functions: self and inclusive share, calls, lines, and what could be gained."""
    from llmopt.commands import profile as command

    flags = {
        **_confinement(sandbox, allow_network, allow_read, allow_env),
        "workloads": workload,
        "functions": function,
        "python": python,
        "roots": root,
        "workload_timeout": workload_timeout,
    }
    options = command.Options(as_json, quiet, verbose, no_git, speedscope, staged, changed_since)
    return command.run(path, flags, options)


COMPARE_EPILOG = (
    "Exit codes: 0 not slower, 4 slower beyond noise (over all workloads, or one of them), 1 error (also a workload "
    "that runs on BASE and not on HEAD), 2 usage, 130 interrupted (what is known so far is printed)."
)
CHECK_EPILOG = (
    "Exit codes: 0 looked (also where there is no profile), 5 found what --fail-on names, 1 error, 2 usage. With --fix "
    "those of optimize."
)
GUARD_EPILOG = (
    "Exit codes: 0 not slower, or nothing to compare; 4 slower beyond noise, 1 error, 2 usage, 130 interrupted."
)
VERIFY_EPILOG = (
    "Exit codes: 0 accepted, 3 not accepted (the reason is printed), 1 error, 2 usage, 130 interrupted. "
    "Nothing is committed and your files are not touched."
)
MCP_EPILOG = (
    "Exit codes: 0 the client went, 1 error, 2 usage (also where the MCP SDK is not installed), 130 interrupted. "
    "Settings hold for all calls; without --sandbox it is strict. Nothing in the repository is changed."
)
CI_EPILOG = (
    "Exit codes: 0 not slower, nothing to compare, or skipped; 4 slower beyond noise; 1 error, also a workload that "
    "ran before the change and fails now; 2 usage, 130 interrupted. That nothing faster is found is no failure. "
    "docs/ci.md says what each step needs."
)
BENCH_EPILOG = "Exit codes: 0 measured, 1 error, 2 usage, 130 interrupted (what was measured is printed, not stored)."


@app.command(epilog=COMPARE_EPILOG)
def compare(
    base: Annotated[str, typer.Argument(metavar="BASE", help="A revision or a folder.", show_default=False)],
    head: Annotated[
        str,
        typer.Argument(
            metavar="HEAD",
            help="A revision, a folder, or a .patch or .diff file for BASE. [default: the working tree as it is]",
            show_default=False,
        ),
    ] = "",
    path: PathOption = Path(),
    workload: Workloads = None,
    objective: Objective = None,
    max_pairs: MostPairs = None,
    resolution: Resolution = 1.02,
    fail_on: Annotated[
        str, typer.Option("--fail-on", metavar="WHAT", help="What exits with 4: slower, or none.")
    ] = "slower",
    max_time: MaxTime = None,
    force: Annotated[
        bool, typer.Option("--force", help="Measure also where the code is the same (an A/A run).")
    ] = False,
    python: Python = None,
    sandbox: SandboxChoice = None,
    allow_network: AllowNetwork = None,
    allow_read: AllowRead = None,
    allow_env: AllowEnv = None,
    root: Roots = None,
    workload_timeout: Timeout = None,
    as_json: Json = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="The result as Markdown, for a comment on a pull request.")
    ] = False,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE", help="Draw the ratios of all pairs as .svg or .png (llmopt[plot])."),
    ] = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> int:
    """Judge two revisions, folders or a patch: faster, slower, or the same. No model is involved."""
    from llmopt.commands import compare as command

    flags = {
        **_confinement(sandbox, allow_network, allow_read, allow_env),
        "workloads": workload,
        "python": python,
        "roots": root,
        "workload_timeout": workload_timeout,
        "max_time": max_time,
        "objective": objective,
    }
    options = command.Options(resolution, max_pairs, fail_on, force, as_json, markdown, plot, quiet, verbose)
    return command.run(base, head, path, flags, options)


@app.command(epilog=GUARD_EPILOG)
def guard(
    path: PathArgument = Path(),
    workload: Workloads = None,
    objective: Objective = None,
    max_pairs: MostPairs = None,
    resolution: Resolution = 1.02,
    max_time: MaxTime = None,
    python: Python = None,
    sandbox: SandboxChoice = None,
    allow_network: AllowNetwork = None,
    allow_read: AllowRead = None,
    allow_env: AllowEnv = None,
    root: Roots = None,
    workload_timeout: Timeout = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> int:
    """Compare what is about to be pushed with what is there: a pre-push hook against slower code."""
    from llmopt.commands import compare
    from llmopt.commands import guard as command

    flags = {
        **_confinement(sandbox, allow_network, allow_read, allow_env),
        "workloads": workload,
        "python": python,
        "roots": root,
        "workload_timeout": workload_timeout,
        "max_time": max_time,
        "objective": objective,
    }
    options = compare.Options(resolution, max_pairs, json=as_json, quiet=quiet, verbose=verbose)
    return command.run(path, flags, os.environ, options)


@app.command(epilog=CI_EPILOG)
def ci(
    step: Annotated[
        str,
        typer.Argument(
            metavar="STEP",
            help="all, or one step of it: start (reads what was spent before), run (measures and searches; needs no "
            "token), post (comments and suggests; runs no code).",
            autocompletion=complete.one_of("all", "start", "run", "post"),
        ),
    ] = "all",
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the report is written and read.")] = Path(
        "llmopt-report"
    ),
    mode: Annotated[
        str,
        typer.Option(
            "--mode",
            metavar="HOW",
            help="guard (is it slower?), suggest (also faster code, as suggestions), commit (it on the branch), "
            "pull-request (it as a pull request onto the branch).",
            autocompletion=complete.one_of("guard", "suggest", "commit", "pull-request"),
        ),
    ] = "guard",
    base: Annotated[
        str,
        typer.Option("--base", metavar="REV", help="What the change is on top of. [default: as the CI service says]"),
    ] = "",
    head: Annotated[
        str, typer.Option("--head", metavar="REV", help="Where it ends. [default: as the CI service says, else HEAD]")
    ] = "",
    path: PathOption = Path(),
    workload: Workloads = None,
    test: Test = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            metavar="SPEC",
            help="Who proposes edits, beyond the mode guard. [default: rules]",
            autocompletion=complete.one_of(*complete.MODELS),
        ),
    ] = None,
    effort: Effort = None,
    budget_usd: Annotated[
        float | None,
        typer.Option("--budget-usd", metavar="X", help="Most dollars of all runs on a pull request together."),
    ] = None,
    max_tokens: Annotated[
        int | None,
        typer.Option("--max-tokens", metavar="N", help="Most tokens of all runs on a pull request together."),
    ] = None,
    max_time: MaxTime = None,
    min_speedup: MinSpeedup = None,
    objective: Objective = None,
    max_pairs: MostPairs = None,
    resolution: Resolution = 1.02,
    fail_on: Annotated[
        str, typer.Option("--fail-on", metavar="WHAT", help="What exits with 4: slower, or none.")
    ] = "slower",
    exclude: Excluded = None,
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="Of the comment, where one pull request gets several.")
    ] = "default",
    bots: Annotated[bool, typer.Option("--bots", help="Look at changes by bots too.")] = False,
    sarif: Annotated[bool, typer.Option("--sarif", help="Write llmopt.sarif too, for code scanning.")] = False,
    python: Python = None,
    sandbox: SandboxChoice = None,
    allow_network: AllowNetwork = None,
    allow_read: AllowRead = None,
    allow_env: AllowEnv = None,
    root: Roots = None,
    test_timeout: TestTimeout = None,
    workload_timeout: Timeout = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> int:
    """Look at a change in CI: is it slower, can it be faster? Reports, comments, suggests or commits."""
    from llmopt.commands import ci as command

    flags = {
        **_confinement(sandbox, allow_network, allow_read, allow_env),
        "workloads": workload,
        "test": test,
        "model": model,
        "effort": effort,
        "budget_usd": budget_usd,
        "max_tokens": max_tokens,
        "max_time": max_time,
        "min_speedup": min_speedup,
        "objective": objective,
        "exclude": exclude,
        "python": python,
        "roots": root,
        "test_timeout": test_timeout,
        "workload_timeout": workload_timeout,
    }
    options = command.Options(mode, base, head, name, resolution, max_pairs, fail_on, bots, sarif, quiet, verbose)
    return command.run(step, folder, path, flags, options)


@app.command(epilog=CHECK_EPILOG)
def check(
    path: PathArgument = Path(),
    fix: Annotated[
        bool,
        typer.Option("--fix", help="Try the rewrites, and put those that pass tests and timing into your files."),
    ] = False,
    fail_on: Annotated[
        str,
        typer.Option(
            "--fail-on",
            metavar="WHAT",
            help="What exits with 5: rules (a rewrite is known), any (also a slow pattern), none.",
            autocompletion=complete.one_of("none", "rules", "any"),
        ),
    ] = "none",
    changed_since: ChangedSince = "",
    workload: Workloads = None,
    test: Test = None,
    max_time: Annotated[
        str | None, typer.Option("--max-time", metavar="TIME", help="Wall time of --fix. [default: 5m]")
    ] = None,
    python: Python = None,
    sandbox: SandboxChoice = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Look at hot functions that the next commit touches: known rewrites, slow patterns. Runs nothing without --fix."""
    from llmopt.commands import check as command

    flags = {"workloads": workload, "test": test, "max_time": max_time, "python": python, "sandbox": sandbox}
    options = command.Options(fix, fail_on, changed_since, as_json, quiet)
    return command.run(path, flags, os.environ, options)


@app.command(epilog=VERIFY_EPILOG)
def verify(
    change: Annotated[
        str,
        typer.Argument(
            metavar="CHANGE",
            help="A .patch or .diff file for the working tree as it is (- reads it from standard input), a commit, a "
            "branch, or BASE..REV. [default: the uncommitted changes]",
            show_default=False,
        ),
    ] = "",
    path: PathOption = Path(),
    base: Annotated[
        str,
        typer.Option(
            "--base",
            metavar="REV",
            help="What the change is on top of. [default: where REV left HEAD; the parent of a commit in its history]",
        ),
    ] = "",
    workload: Workloads = None,
    test: Test = None,
    timing: Annotated[
        bool,
        typer.Option("--timing/--no-timing", help="Without: only whether it behaves the same.", show_default=False),
    ] = True,
    require: Require = None,
    min_speedup: MinSpeedup = None,
    objective: Objective = None,
    max_memory_growth: Annotated[
        float | None,
        typer.Option("--max-memory-growth", metavar="X", help="Most peak memory, by the base's. [default: 1.1]"),
    ] = None,
    max_pairs: PairsOfADecision = None,
    float_tolerance: Annotated[
        float | None,
        typer.Option("--float-tolerance", metavar="X", help="How far floats may differ, relatively. [default: exact]"),
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option("--exclude", metavar="GLOB", help="Paths that a change may not touch.")
    ] = None,
    allow_path: Annotated[
        list[str] | None,
        typer.Option("--allow-path", metavar="GLOB", help="Tests, benchmarks, configuration that it may touch."),
    ] = None,
    allow_no_tests: Annotated[
        bool | None, typer.Option("--allow-no-tests", help="Go on without tests.", show_default=False)
    ] = None,
    python: Python = None,
    sandbox: SandboxChoice = None,
    allow_network: AllowNetwork = None,
    allow_read: AllowRead = None,
    allow_env: AllowEnv = None,
    root: Roots = None,
    test_timeout: TestTimeout = None,
    workload_timeout: Timeout = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> int:
    """Judge anybody's change as optimize judges its own: does it behave the same, and is it faster?"""
    from llmopt.commands import verify as command

    flags = {
        **_confinement(sandbox, allow_network, allow_read, allow_env),
        "workloads": workload,
        "test": test,
        "require": require,
        "min_speedup": min_speedup,
        "objective": objective,
        "max_memory_growth": max_memory_growth,
        "max_pairs": max_pairs,
        "float_tolerance": float_tolerance,
        "exclude": exclude,
        "allow_paths": allow_path,
        "allow_no_tests": allow_no_tests,
        "python": python,
        "roots": root,
        "test_timeout": test_timeout,
        "workload_timeout": workload_timeout,
    }
    options = command.Options(timing, as_json, quiet, verbose)
    return command.run(change, base, path, flags, options)


@app.command(epilog=BENCH_EPILOG)
def bench(
    revision: Annotated[
        str,
        typer.Argument(
            metavar="REV", help="A revision or a folder. [default: the working tree as it is]", show_default=False
        ),
    ] = "",
    path: PathOption = Path(),
    workload: Workloads = None,
    runs: Annotated[
        int, typer.Option("--runs", metavar="N", help="Timed runs of each workload, each a fresh process.")
    ] = 20,
    precision: Annotated[
        float | None,
        typer.Option(
            "--precision", metavar="X", help="Go on until the median is known this well: 1.01 is an interval of 1 %."
        ),
    ] = None,
    max_time: MaxTime = None,
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="Store the result as NAME. [default: the short commit]")
    ] = "",
    against: Annotated[
        str, typer.Option("--compare", metavar="NAME", help="Say how the result differs from a stored one.")
    ] = "",
    listed: Annotated[bool, typer.Option("--list", help="List what is stored; measure nothing.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Compare also with a result of another machine or interpreter.")
    ] = False,
    python: Python = None,
    sandbox: SandboxChoice = None,
    allow_network: AllowNetwork = None,
    allow_read: AllowRead = None,
    allow_env: AllowEnv = None,
    root: Roots = None,
    workload_timeout: Timeout = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> int:
    """Measure one revision and store the result; look at stored ones, and compare with them."""
    from llmopt.commands import bench as command

    flags = {
        **_confinement(sandbox, allow_network, allow_read, allow_env),
        "workloads": workload,
        "python": python,
        "roots": root,
        "workload_timeout": workload_timeout,
        "max_time": max_time,
    }
    options = command.Options(runs, precision, name, against, force, as_json, quiet, verbose)
    return command.show_list(path, as_json) if listed else command.run(revision, path, flags, os.environ, options)


@app.command(epilog=MCP_EPILOG)
def mcp(
    path: PathArgument = Path(),
    workload: Workloads = None,
    test: Test = None,
    require: Require = None,
    min_speedup: MinSpeedup = None,
    objective: Objective = None,
    max_time: MaxTime = None,
    exclude: Annotated[
        list[str] | None, typer.Option("--exclude", metavar="GLOB", help="Paths that an edit may not touch.")
    ] = None,
    allow_no_tests: Annotated[
        bool | None, typer.Option("--allow-no-tests", help="Go on without tests.", show_default=False)
    ] = None,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Print the JSON for an agent's configuration, and serve nothing.")
    ] = False,
    python: Python = None,
    sandbox: SandboxChoice = None,
    allow_network: AllowNetwork = None,
    allow_read: AllowRead = None,
    allow_env: AllowEnv = None,
    root: Roots = None,
    test_timeout: TestTimeout = None,
    workload_timeout: Timeout = None,
) -> int:
    """Serve profile, dossier, verify and compare to coding agents, by the Model Context Protocol on standard input."""
    from llmopt.commands import mcp as command

    flags = {
        **_confinement(sandbox, allow_network, allow_read, allow_env),
        "workloads": workload,
        "test": test,
        "require": require,
        "min_speedup": min_speedup,
        "objective": objective,
        "max_time": max_time,
        "exclude": exclude,
        "allow_no_tests": allow_no_tests,
        "python": python,
        "roots": root,
        "test_timeout": test_timeout,
        "workload_timeout": workload_timeout,
    }
    return command.show_config(path, flags) if print_config else command.run(path, flags)


@app.command()
def runs(path: PathArgument = Path(), as_json: Json = False) -> int:
    """List the runs on this repository, newest last."""
    from llmopt.commands import runs as command

    return command.run(path, as_json)


@app.command()
def show(
    run: RunName = "last",
    path: PathOption = Path(),
    as_json: Json = False,
) -> int:
    """Show what a run tried: the diff, the verdicts with their evidence, and the numbers."""
    from llmopt.commands import show as command

    return command.run(path, run, as_json)


@app.command()
def report(
    run: RunName = "last",
    path: PathOption = Path(),
    as_html: Annotated[bool, typer.Option("--html", help="One page that needs nothing else (default).")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="The body of a pull request.")] = False,
    as_json: Json = False,
    as_speedscope: Annotated[bool, typer.Option("--speedscope", help="The profiles for speedscope.app.")] = False,
    as_pprof: Annotated[bool, typer.Option("--pprof", help="The profiles for pprof, before and after.")] = False,
    file: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="Where to; '-' is standard output.")] = "",
    open_it: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> int:
    """Write what a run found, for people and for other tools: a page, Markdown, JSON, or profiles for other viewers."""
    from llmopt.commands import report as command

    asked = {
        "html": as_html,
        "markdown": as_markdown,
        "json": as_json,
        "speedscope": as_speedscope,
        "pprof": as_pprof,
    }
    kinds = [kind for kind, is_asked in asked.items() if is_asked] or ["html"]
    if len(kinds) > 1:
        raise UsageError(f"--{kinds[0]} and --{kinds[1]} at once", "one report a call")
    return command.run(path, run, kinds[0], file, open_it)


@app.command()
def init(
    path: PathArgument = Path(),
    python: Python = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing; leave out what cannot be found.")] = False,
    hooks: Annotated[
        bool, typer.Option("--hooks", help="Add llmopt's hooks to .pre-commit-config.yaml; without, nobody does.")
    ] = False,
    workflow: Annotated[
        bool, typer.Option("--workflow", help="Add .github/workflows/llmopt.yml: a guard for pull requests.")
    ] = False,
    quiet: Quiet = False,
) -> int:
    """Write [tool.llmopt] after detecting tests, interpreter and workloads; asks only what it cannot find."""
    from llmopt.commands import init as command

    return command.run(path, python, yes, quiet, hooks, workflow)


@app.command()
def doctor(
    path: PathArgument = Path(),
    workload: Workloads = None,
    test: Test = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            metavar="SPEC",
            help="The model to check.",
            autocompletion=complete.one_of(*complete.MODELS),
        ),
    ] = None,
    python: Python = None,
    sandbox: SandboxChoice = None,
    allow_network: AllowNetwork = None,
    allow_read: AllowRead = None,
    allow_env: AllowEnv = None,
    as_json: Json = False,
) -> int:
    """Check interpreter, tests, workload, model access, confinement and the machine's noise, one line each."""
    from llmopt.commands import doctor as command

    flags = {
        **_confinement(sandbox, allow_network, allow_read, allow_env),
        "workloads": workload,
        "test": test,
        "model": model,
        "python": python,
    }
    return command.run(path, flags, os.environ, as_json)


@app.command("help")
def help_on(
    topic: Annotated[
        str, typer.Argument(metavar="TOPIC", help="A topic, or a command.", autocompletion=complete.topics)
    ] = "",
) -> int:
    """Show what the documentation says on a topic; without one, list the topics."""
    from llmopt.commands import help as command

    names = [each.name or getattr(each.callback, "__name__", "") for each in app.registered_commands]
    if topic in names and topic not in command.TOPICS:
        app([topic, "--help"], standalone_mode=False)
        return 0
    return command.run(topic, names)


# typer carries click's exceptions under a name of its own; the family is found from the one that typer exports.
USAGE_ERROR: type[Exception] = typer.BadParameter.__bases__[0]

INTERRUPTED = 130


def main(arguments: list[str]) -> int:
    """Run one command; its exit code, also when nobody reads its output any more."""
    try:
        return run(arguments)
    finally:
        let_go_of_closed_pipes()


def run(arguments: list[str]) -> int:
    """Run one command; expected failures become one line on standard error and a documented exit code."""
    try:
        with terminated_as_interrupt():
            code: int = app(arguments, standalone_mode=False) or 0
        sys.stdout.flush()
        return fail("interrupted", code) if code == INTERRUPTED else code
    except USAGE_ERROR as error:
        return refuse(error)
    except (typer.Abort, KeyboardInterrupt):
        return fail("interrupted", INTERRUPTED)
    except LlmoptError as error:
        return fail(str(error), error.exit_code)
    except BrokenPipeError:  # the reader of our output has gone, as in `llmopt show | head`
        return LlmoptError.exit_code
    except OSError as error:
        return fail(about_system(error), LlmoptError.exit_code)
    except Exception as surprise:
        if os.environ.get("LLMOPT_DEBUG"):
            raise
        return fail(about_surprise(surprise), LlmoptError.exit_code)


def let_go_of_closed_pipes() -> None:
    """Point a stream without a reader to nowhere: Python's own flush at the end would fail, with exit code 120."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextmanager
def terminated_as_interrupt() -> Iterator[None]:
    """SIGTERM ends a command as Ctrl-C does: cleanly, with what was kept so far."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def refuse(error: Exception) -> int:
    """What is wrong with the command line, and where its help is: in one line, for which click takes four."""
    context = error.ctx  # type: ignore[attr-defined]
    command = context.command_path if context else app.info.name
    said = error.format_message().rstrip(".")  # type: ignore[attr-defined]
    if close := getattr(error, "possibilities", None):  # of an option; of a command it is said already
        said = f"{error.message}. Did you mean {' or '.join(map(repr, close[:2]))}?"  # type: ignore[attr-defined]
    return fail(
        f"{said}{'' if said.endswith('?') else ';'} `{command} --help` shows what there is", UsageError.exit_code
    )


def about_surprise(surprise: Exception) -> str:
    """A bug of ours in one line, with its traceback kept for the report."""
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile("w", prefix="llmopt-traceback-", suffix=".txt", delete=False) as stream:
        traceback.print_exception(surprise, file=stream)
    said = f"{type(surprise).__name__}: {surprise}".splitlines()[0]
    return f"internal error: {said} (please report it with {stream.name}; LLMOPT_DEBUG=1 shows it here)"


def about_system(error: OSError) -> str:
    """What the system said, where, and what to try."""
    hints = {
        errno.ENOSPC: "free some space, or point TMPDIR to a larger disk; `--resume last` goes on from there",
        errno.EACCES: "check the permissions, or use --no-git to work on a copy",
        errno.EROFS: "the file system is read-only; use --no-git to work on a copy",
    }
    where = f": {error.filename}" if error.filename else ""
    hint = hints.get(error.errno or 0, "")
    return f"{error.strerror or error}{where}{f' ({hint})' if hint else ''}"


def fail(text: str, code: int) -> int:
    """One line on standard error; what others said is in it, so no terminal escape of theirs gets through."""
    from llmopt.output import one_line

    print(f"llmopt: {one_line(text)}", file=sys.stderr)
    return code
