"""The outcomes of a test run, by test, and the first that differs from what the parent expects.

Expected outcomes, and the ids of the tests that are to run in their order, come as JSON files named by LLMOPT_EXPECT
and LLMOPT_SELECT, not in the probe's settings: they may be many, and every process reads those.
"""

import json
import os

FAILURES = 5
FAILURE_CHARACTERS = 2048
# A test may have several reports (setup, call, teardown, subtests); the worst of them is its outcome.
WORSE = ("xfailed", "skipped", "xpassed", "passed", "failed", "error")


class Outcomes:
    def __init__(self):
        self.expected = _expected()
        self.outcomes = {}
        self.failures = {}
        self.stopped = ""

    def record(self, name, outcome, text=""):
        self.outcomes[name] = max(self.outcomes.get(name, outcome), outcome, key=WORSE.index)
        # The text of a test that should have passed is what a reader needs: it is kept whatever failed before.
        if text and name not in self.failures and (len(self.failures) < FAILURES or name in self.expected):
            self.failures[name] = text[-FAILURE_CHARACTERS:]

    def surprise(self, name):
        """Why the run should stop now that this test has finished, once; else "" ."""
        if self.stopped or name not in self.expected or self.outcomes.get(name) == self.expected[name]:
            return ""
        self.stopped = name
        return "%s: %s, expected %s" % (name, self.outcomes.get(name, "nothing"), self.expected[name])

    def report(self):
        return {"outcomes": self.outcomes, "failures": self.failures, "stopped": self.stopped}


def selected():
    """The place in the order of each test that is to run, by id; empty when all are to run."""
    return {test: place for place, test in enumerate(_read("LLMOPT_SELECT") or ())}


def _expected():
    return _read("LLMOPT_EXPECT") or {}


def _read(variable):
    path = os.environ.pop(variable, "")  # child processes do not see it
    if not path:
        return None
    with open(path) as stream:
        return json.load(stream)
