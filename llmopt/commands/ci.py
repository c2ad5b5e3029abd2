"""`llmopt ci`: a change as the CI service names it in; reports, a comment, suggestions or commits, an exit code out.

Its steps are run one after the other by the action, each with what it needs: only `start` and `post` have the token,
and only `run` runs code of the change.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from llmopt import events as happening
from llmopt import git, output, session
from llmopt.ci import budget, comment, events, files, post, push, work, workflow
from llmopt.ci import github as hubs
from llmopt.ci import result as results
from llmopt.ci.budget import Spent
from llmopt.ci.events import Asked
from llmopt.ci.github import GitHub
from llmopt.ci.post import Posted
from llmopt.ci.result import Mode, Result
from llmopt.errors import LlmoptError, UsageError
from llmopt.reports import terminal
from llmopt.reports.markdown import cell
from llmopt.reports.screen import Screen

DONE, ERROR, SLOWER = 0, 1, 4
STEPS = ("all", "start", "run", "post")
FAIL_ON = ("slower", "none")
SPENT = "spent.json"
# What a job's steps are given to act in its name. Nothing that is run here needs them.
TOKENS = ("GITHUB_TOKEN", "GH_TOKEN", "ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "CI_JOB_TOKEN")


@dataclass(frozen=True)
class Options:
    """What is said about one call and not about the project."""

    mode: str = "guard"
    base: str = ""
    head: str = ""
    name: str = "default"
    resolution: float = 1.02
    max_pairs: int | None = None
    fail_on: str = "slower"
    bots: bool = False
    sarif: bool = False
    quiet: bool = False
    verbose: bool = False


@dataclass(frozen=True)
class Job:
    """One call: where the reports and the repository are, settings, the service's environment, and GitHub if there is
    a token for it."""

    folder: Path
    path: Path
    flags: Mapping[str, Any]
    options: Options
    environ: Mapping[str, str]
    hub: GitHub | None

    @property
    def asked(self) -> Asked:
        return events.read(git.top(self.path), self.environ, self.options.base, self.options.head)

    @property
    def is_github(self) -> bool:
        return self.environ.get("GITHUB_ACTIONS") == "true"


def run(step: str, folder: Path, path: Path, flags: Mapping[str, Any], options: Options) -> int:
    """Do one step, or all of them."""
    refuse_odd(step, options)
    environ = dict(os.environ)
    for name in TOKENS:
        os.environ.pop(name, None)
    job = Job(folder, path, flags, options, environ, hubs.opened(environ) if step != "run" else None)
    try:
        return STEP[step](job)
    except LlmoptError as problem:
        if job.is_github:
            output.say(workflow.command("error", output.one_line(str(problem)), title="llmopt"))
        raise


def refuse_odd(step: str, options: Options) -> None:
    """UsageError for words that are not known."""
    for said, word, known in (
        ("step", step, STEPS),
        ("--mode", options.mode, results.MODES),
        ("--fail-on", options.fail_on, FAIL_ON),
    ):
        if word not in known:
            raise UsageError(f"{said} {word} is not known", f"known: {', '.join(known)}")


def _all(job: Job) -> int:
    _start(job)
    code = _run(job)
    return max(code, _post(job)) if job.hub else code


# --- start: what earlier runs have spent -----------------------------------------------------------------------


def _start(job: Job) -> int:
    """Write down what the pull request's comment says was spent."""
    asked, spent = job.asked, budget.NOTHING
    if job.hub and asked.number is not None and not asked.is_fork:
        spent = post.spent(job.hub, asked.number, job.options.name)
    files.put(job.folder / SPENT, spent.model_dump_json() + "\n")
    return DONE


def _before(folder: Path) -> Spent:
    """What `start` wrote, nothing where it was not run."""
    file = folder / SPENT
    return budget.read(file.read_text(encoding="utf-8"), str(file)) if file.is_file() else budget.NOTHING


# --- run: measure, judge, search -------------------------------------------------------------------------------


def _run(job: Job) -> int:
    """Write the result and say it."""
    files.clear(job.folder)
    asked = job.asked
    with workflow.silenced(job.environ):
        result = _result(job, asked, _before(job.folder))
    written = files.write(job.folder, result, job.options.sarif)
    if result.search:
        written.append(files.write_search(job.folder, session.state_of(job.path), result.search.run))
    text = comment.markdown(result)
    if job.is_github:
        for line in workflow.notes(result):
            output.say(line)
        workflow.summarise(text, job.environ)
    with workflow.silenced(job.environ):
        output.say(text)
        if asked.service == "shell" and result.search and result.search.where:
            output.say(f"The edits are {result.search.where}.")
        output.say("\n".join(f"{file}" for file in written))
    code = exit_code(result, job.options.fail_on)
    workflow.put_outputs({"exit-code": str(code), "verdict": verdict(result), "report": str(job.folder)}, job.environ)
    return code


def _result(job: Job, asked: Asked, before: Spent) -> Result:
    options = job.options
    with terminal.open_view(Screen(stderr=True), live=True, verbose=options.verbose, quiet=options.quiet) as view:
        course = work.course(job.path, asked, strict(job.flags), happening.shown_on(view))
        mode = cast(Mode, options.mode)
        if reason := events.why_skipped(course.root, asked, course.head, options.bots):
            return work.skipped(asked, mode, course.base, course.head, reason)
        keep = "commit" if options.mode == "commit" and asked.service == "shell" else "branch"
        wanted = work.Wanted(mode, options.resolution, options.max_pairs, keep)
        return work.run(course, asked, wanted, before)


def strict(flags: Mapping[str, Any]) -> dict[str, Any]:
    """Nobody watches a job: the code of a change runs confined or not at all, unless somebody says otherwise."""
    said = flags.get("sandbox") or os.environ.get("LLMOPT_SANDBOX")
    return {**flags, "sandbox": said or "strict"}


def verdict(result: Result) -> str:
    """One word for the next steps of a job."""
    if result.skipped:
        return "skipped"
    if result.broken:
        return "broken"
    if result.guard is None:
        return "unknown"
    return "slower" if result.guard.is_slower else result.guard.verdict


def exit_code(result: Result, fail_on: str) -> int:
    """4 slower, 1 a workload fails that ran before, else 0. That nothing faster was found is no fault of the change."""
    if result.broken:
        return ERROR
    return SLOWER if verdict(result) == "slower" and fail_on == "slower" else DONE


# --- post: on the pull request ---------------------------------------------------------------------------------


def _post(job: Job) -> int:
    """Comment, suggest, commit; what a fork's run found only where a trusted workflow posts it."""
    if job.hub is None:
        raise UsageError("GITHUB_TOKEN is not set", "give the step `GITHUB_TOKEN: ${{ github.token }}`")
    result = results.read(job.folder)
    if job.environ.get("GITHUB_EVENT_NAME") == "workflow_run":
        return _post_of_fork(job.hub, result, job)
    asked = job.asked
    if asked.is_fork:
        output.say("a fork's pull request: this run may not write, the workflow that follows it posts (docs/ci.md)")
        return DONE
    if result.skipped:
        return DONE
    more, code = _pushed(job.hub, job.path, asked, result)
    if asked.number is None:
        output.say(more or "no pull request: nothing to comment on")
        return code
    suggest = result.mode == "suggest" or (result.mode != "guard" and code != DONE)
    posted = post.post(job.hub, asked.number, result, job.options.name, asked.run, suggest=suggest, more=more)
    say(posted, asked.number)
    return code


def say(posted: Posted, number: int) -> None:
    """What is on the pull request now."""
    how = "commented" if posted.created else "comment renewed"
    output.say(f"pull request #{number}: {how} {posted.comment}")
    output.say(f"suggestions: {posted.suggested} new, {posted.kept} as before")


def _pushed(hub: GitHub, path: Path, asked: Asked, result: Result) -> tuple[str, int]:
    """What was done with the edits, or why it was not; with an exit code."""
    if result.mode not in push.WAYS or not (result.search and result.search.commit):
        return "", DONE
    try:
        return push.push(hub, git.top(path), asked, result).text, DONE
    except LlmoptError as problem:
        output.say(workflow.command("error", output.one_line(str(problem)), title=f"llmopt: {result.mode}"))
        return f"The edits could not be put on the branch: {cell(str(problem))}", ERROR


def _post_of_fork(hub: GitHub, result: Result, job: Job) -> int:
    """The result is a stranger's word: data, for the pull request that GitHub names; it pushes nothing."""
    event = events.event(job.environ)
    post.refuse_other_commit(result, event)
    number = post.of_workflow_run(hub, event, result.change.number)
    if result.skipped:
        return DONE
    said = "Measured by a run of the fork's own code, without secrets: its figures are as trustworthy as that code."
    free = post.unpaid(result)
    say(post.post(hub, number, free, job.options.name, "", suggest=job.options.mode != "guard", more=said), number)
    return DONE


STEP = {"all": _all, "start": _start, "run": _run, "post": _post}
