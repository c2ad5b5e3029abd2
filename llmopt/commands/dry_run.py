"""`llmopt optimize --dry-run`: the exact prompts and what would run, with nothing sent and nothing changed."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmopt import output, scopes, session, stages
from llmopt.data import Base, Command, Conversation, Limits, Message, Proposal, Ran, Reply, Verdict
from llmopt.events import View
from llmopt.loop import Localized
from llmopt.models import agent
from llmopt.reports import summary, words
from llmopt.search import agents, ask
from llmopt.session import Session

if TYPE_CHECKING:
    from llmopt.commands.optimize import Options


def run(path: Path, flags: Mapping[str, Any], options: Options, view: View) -> int:
    """Show what a run on `path` would begin with, and leave nothing of it."""
    no_git, resume = options.no_git, options.resume
    asked = options.staged, options.changed_since
    scope = scopes.asked(path, *asked, os.environ, no_git=no_git, resume=resume)
    with session.start(path, flags, os.environ, no_git=no_git, resume=resume, temporary=True, scope=scope) as opened:
        view.header(summary.header(opened))
        for notice in opened.notices:
            view.notice(notice)
        return show(opened, view, options.json)


def show(opened: Session, view: View, as_json: bool) -> int:
    """Profile (locally) to know the hot functions, then print the first request for each and the rules' edits."""
    base = stages.unmeasured_base(opened)
    localized = stages.localized(opened, stages.profile(opened, base, view.stage))
    view.event(localized)
    requests = requests_for(opened, base, localized, view) if opened.settings.model != "rules" else []
    rewrites = rewrites_for(opened, base, localized) if opened.settings.rules else []
    if as_json:
        print(json.dumps({"requests": [asdict(request) for request in requests], "rules": rewrites}))
        return 0
    output.say(
        "\n".join([*summary.header(opened), "", *would_run(opened), *(f"would try {line}" for line in rewrites)])
    )
    for number, request in enumerate(requests, 1):
        output.say(f"\n===== request {number} of {len(requests)}: {request.subject}")
        for message in request.messages:
            output.say(f"\n----- {message.role}\n\n{message.text}")
        if request.tools:
            output.say("\n----- tools it may call\n")
        for tool in request.tools:
            output.say(f"{tool.name} {json.dumps(tool.schema['properties'])}\n  {tool.about}")
    output.say("\nNothing was sent.")
    return 0


def would_run(opened: Session) -> list[str]:
    """The commands of a run, in words."""
    tests = opened.project.tests
    lines = [f"would run the tests: {words.command(tests)}" if tests else "no tests to run"]
    lines += [f"would time: {workload.spec} ({workload.kind})" for workload in opened.project.workloads]
    return [*lines, f"in {opened.project.interpreter.path}, on exported trees of {opened.base[:10]}"]


def requests_for(opened: Session, base: Base, localized: Localized, view: View) -> list[Conversation]:
    """The first request for each hot region; later ones depend on the replies."""
    if agent.is_agent(opened.settings.model):
        return tasks_for(opened, base, localized, view)
    seen: list[Conversation] = []
    memory = ask.Memory()

    def model(conversation: Conversation) -> Reply:
        seen.append(conversation)
        return Reply(ask.NO_EDIT, "nobody")

    verdicts: list[Verdict] = []
    for proposal in stages.asked(opened, base, model, memory)(localized.hotspots, verdicts):
        verdicts.append(Verdict(False, "apply", proposal.problem, proposal.hotspot.function.key, proposal.author))
    return seen


def tasks_for(opened: Session, base: Base, localized: Localized, view: View) -> list[Conversation]:
    """The file that an agent would find for each hot region; nothing is started."""
    seen: list[Conversation] = []

    def instead(command: Command, limits: Limits) -> Ran:
        text = (command.folder / agents.TASK).read_text(encoding="utf-8")
        seen.append(Conversation((Message("user", text),), f"{agents.TASK} of start {len(seen) + 1}"))
        return Ran(0, 0.0, 0.0, 0, "", "")

    verdicts: list[Verdict] = []
    for proposal in stages.delegated(opened, base, ask.Memory(), view, instead)(localized.hotspots, verdicts):
        verdicts.append(Verdict(False, "apply", proposal.problem, proposal.hotspot.function.key, proposal.author))
    return seen


def rewrites_for(opened: Session, base: Base, localized: Localized) -> list[str]:
    """What the rules would try."""
    none: Sequence[Verdict] = ()
    found: list[Proposal] = list(stages.ruled(opened, base)(localized.hotspots, none))
    return [
        f"{proposal.author} on {proposal.hotspot.function.key}: {words.first_line(proposal.plan.partition(': ')[2])}"
        for proposal in found
    ]
