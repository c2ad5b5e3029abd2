"""Record what became of each test of a pytest session, and end the session at the first outcome that was not expected.

The report is {"outcomes": {node id: outcome}, "failures": {node id: text}, "stopped": node id or "", "exit": status,
"benchmarks": {name: median seconds}}. It is written when the session finishes: no report means that pytest crashed.
PYTEST_DONT_REWRITE: it is no test.
"""

import llmopt_expected
import llmopt_marks
import llmopt_report
import pytest

SKIPPED = "llmopt_skipped"


class Recorder:
    def __init__(self, config, settings):
        self.config = config
        self.settings = settings
        self.seen = llmopt_expected.Outcomes()
        self.benchmarks = {}
        self.session = None

    def pytest_sessionstart(self, session):
        self.session = session

    def pytest_collectreport(self, report):
        if report.failed:
            self.seen.record(str(report.nodeid), "error", report.longreprtext)
        elif report.skipped:
            self.seen.record(str(report.nodeid), "skipped")

    def pytest_runtest_logreport(self, report):
        outcome = outcome_of(report)
        if outcome:
            text = report.longreprtext if report.failed else ""
            self.seen.record(str(report.nodeid), outcome, text)

    def pytest_runtest_logfinish(self, nodeid):
        reason = self.seen.surprise(str(nodeid))
        if reason:
            self.session.shouldstop = reason
            controller = self.config.pluginmanager.getplugin("dsession")  # of xdist
            if controller is not None:
                controller.shouldstop = reason

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node, error):
        """A worker of xdist has ended: what it alone knows."""
        for nodeid in (getattr(node, "workeroutput", None) or {}).get(SKIPPED, ()):
            self.seen.record(str(nodeid), "skipped")

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session):
        llmopt_marks.begin()
        yield
        llmopt_marks.end()

    @pytest.hookimpl(optionalhook=True)
    def pytest_benchmark_update_json(self, config, benchmarks, output_json):
        for benchmark in output_json["benchmarks"]:
            self.benchmarks[benchmark["fullname"]] = benchmark["stats"]["median"]

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session, exitstatus):
        yield
        report = dict(self.seen.report(), exit=int(session.exitstatus), benchmarks=self.benchmarks)
        llmopt_report.write(self.settings, report)


class WorkerRecorder:
    """In a worker of xdist, which tells its controller of tests and of modules that fail, not of modules that skip."""

    def __init__(self, config):
        self.skipped = config.workeroutput[SKIPPED] = []

    def pytest_collectreport(self, report):
        if report.skipped:
            self.skipped.append(str(report.nodeid))


def outcome_of(report):
    """What one report says of its test; None for nothing (a passed setup, a subtest that did not fail, a rerun)."""
    if report.failed:
        return "error" if report.when in ("setup", "teardown") else "failed"
    if hasattr(report, "context"):  # of a subtest
        return None
    if report.skipped:
        return "xfailed" if hasattr(report, "wasxfail") else "skipped"
    if report.passed and report.when == "call":
        return "xpassed" if hasattr(report, "wasxfail") else "passed"
    return None
