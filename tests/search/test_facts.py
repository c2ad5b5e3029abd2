"""The facts of a project: what it supports, and the sources of its workloads."""

from __future__ import annotations

from pathlib import Path

from llmopt.data import Interpreter, Project, Workload
from llmopt.errors import EditError
from llmopt.search.facts import facts_of

FILES = {
    "app/pyproject.toml": '[project]\nname = "app"\nrequires-python = ">=3.10"\n',
    "app/bench/run.py": "script\n",
    "app/src/app/jobs.py": "jobs\n",
}


def read(path: str) -> str:
    if path not in FILES:
        raise EditError(f"{path} does not exist")
    return FILES[path]


def workload(target: str, *arguments: str) -> Workload:
    return Workload(target, "any", target, arguments)


def test_workloads_bring_the_source_they_name() -> None:
    workloads = (
        workload("bench/run.py"),
        workload("app.jobs:main"),
        workload("python ./bench/run.py --fast"),
        workload("bench/run.py::test_it"),
        workload("make bench"),
    )
    interpreter = Interpreter("/usr/bin/python3", (3, 12, 1), "PATH", packages={"attrs": "1"})
    project = Project(Path("/x"), "app", interpreter, None, workloads, ("app/src", ""))
    facts = facts_of(project, [1.0], read)
    assert [text for _, text in facts.workloads] == ["script\n", "jobs\n", "script\n", "script\n", ""]
    assert (facts.python, facts.requires_python, facts.seconds) == ((3, 12, 1), ">=3.10", (1.0,))


def test_a_project_without_metadata_has_no_declared_versions() -> None:
    interpreter = Interpreter("/usr/bin/python3", (3, 12, 1), "PATH")
    assert facts_of(Project(Path("/x"), "", interpreter, None, ()), [], read).requires_python == ""
