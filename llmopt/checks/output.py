"""The workloads run on the candidate, and print and return what they do on the base (where two runs of it agree)."""

from __future__ import annotations

from collections.abc import Callable

from llmopt import workloads
from llmopt.checks.coverage import Executed
from llmopt.data import Base, Candidate, Check, Finding, Limits, Tree
from llmopt.errors import WorkloadError
from llmopt.target import Target


def check(target: Target, tree_of: Callable[[str], Tree], limits: Limits, executed: Executed | None = None) -> Check:
    """One run of each workload; it also compiles the candidate's byte code and checks which files are imported.

    `executed` takes note of the changed lines that run.
    """

    def output(candidate: Candidate, base: Base) -> Finding:
        compared = 0
        for index, workload in enumerate(target.project.workloads):
            tasks = executed.tasks(candidate, base) if executed else {}
            try:
                run = workloads.run(
                    target,
                    tree_of(candidate.commit),
                    workload,
                    limits,
                    tasks={"leaks": {}, "returned": {}, **tasks},
                    repetitions=base.repetitions[index],
                    timed=False,
                )
            except WorkloadError as problem:
                return Finding(False, problem.message)
            if executed:
                executed.note(candidate, base, run.probed, "the workload")
            if base.outputs[index] and workloads.fingerprint(run) != base.outputs[index]:
                return Finding(False, f"workload {workload.spec} prints or returns something else than on the base")
            compared += bool(base.outputs[index])
        return Finding(
            True, "", {"output": f"{compared} of {len(target.project.workloads)} workloads print and return the same"}
        )

    return output
