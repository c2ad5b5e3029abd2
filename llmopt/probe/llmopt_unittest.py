"""Run tests as `python -m unittest ARGS` does and report each one's outcome by its id, as the pytest plugin does.

Run as `python llmopt_unittest.py ARGS` in a process where the probe's task "unittest" started.
"""

import os
import sys

_settings = None


def start(settings):
    """Called by `sitecustomize` in every Python process of the command."""
    global _settings
    _settings = settings


def main(arguments):
    import unittest

    import llmopt_expected
    import llmopt_report

    settings = sys.modules["llmopt_unittest"]._settings  # this file is __main__ too
    seen = llmopt_expected.Outcomes()
    places = llmopt_expected.selected()
    sys.path[0] = os.getcwd()

    class Runner(unittest.TextTestRunner):
        resultclass = recorder(unittest.TextTestResult, seen)

        def run(self, test):
            return super().run(unittest.TestSuite(select(test, places)) if places else test)

    program = unittest.main(module=None, argv=["python -m unittest", *arguments], testRunner=Runner, exit=False)
    llmopt_report.write(settings, seen.report())
    sys.exit(not program.result.wasSuccessful())


def select(suite, places):
    """The tests that have a place, in its order."""
    return sorted((test for test in tests_of(suite) if test.id() in places), key=lambda test: places[test.id()])


def tests_of(suite):
    for each in suite:
        if hasattr(each, "__iter__"):
            yield from tests_of(each)
        else:
            yield each


def recorder(base, seen):
    """unittest's own result class, which also tells `seen`."""
    contexts = sys.modules.get("llmopt_contexts")

    class Recorder(base):
        def startTest(self, test):  # noqa: N802 - unittest's names
            super().startTest(test)
            if contexts is not None:
                contexts.enter(test.id())

        def stopTest(self, test):  # noqa: N802
            if contexts is not None:
                contexts.leave()
            super().stopTest(test)
            if seen.surprise(test.id()):
                self.stop()

        def addSuccess(self, test):  # noqa: N802
            super().addSuccess(test)
            seen.record(test.id(), "passed")

        def addFailure(self, test, err):  # noqa: N802
            super().addFailure(test, err)
            seen.record(test.id(), "failed", self.failures[-1][1])

        def addError(self, test, err):  # noqa: N802
            super().addError(test, err)
            seen.record(test.id(), "error", self.errors[-1][1])

        def addSkip(self, test, reason):  # noqa: N802
            super().addSkip(test, reason)
            seen.record(test.id(), "skipped")

        def addExpectedFailure(self, test, err):  # noqa: N802
            super().addExpectedFailure(test, err)
            seen.record(test.id(), "xfailed")

        def addUnexpectedSuccess(self, test):  # noqa: N802
            super().addUnexpectedSuccess(test)
            seen.record(test.id(), "xpassed")

        def addSubTest(self, test, subtest, err):  # noqa: N802
            super().addSubTest(test, subtest, err)
            if err is not None:
                failed = issubclass(err[0], test.failureException)
                seen.record(test.id(), "failed", (self.failures if failed else self.errors)[-1][1])

    return Recorder


if __name__ == "__main__":
    main(sys.argv[1:])
