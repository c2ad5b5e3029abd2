"""Run some tests of a pytest run only, in a given order, and tell which of them runs.

The command stays as it is, so that its root, its conftest files and its options mean what they mean for the whole run.
PYTEST_DONT_REWRITE: it is no test.
"""

import sys

import pytest

MAJOR = int(pytest.__version__.partition(".")[0])


class Selection:
    """Files without a chosen test are not collected, other tests are deselected, nothing is distributed."""

    def __init__(self, config, places):
        self.config = config
        self.places = places  # in the order, by node id
        self.files = {test.partition("::")[0] for test in places}
        if getattr(config.option, "dist", "no") != "no":  # xdist reads them after this
            config.option.dist, config.option.tx = "no", []

    if MAJOR >= 7:  # it had other arguments before

        def pytest_ignore_collect(self, collection_path):
            # A package's own file, and what is not below the root, may be what the chosen ones need.
            if collection_path.name == "__init__.py" or not collection_path.is_file():
                return None
            try:
                path = collection_path.relative_to(self.config.rootpath).as_posix()
            except ValueError:
                return None
            return None if path in self.files else True

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items):
        kept = [item for item in items if item.nodeid in self.places]
        dropped = [item for item in items if item.nodeid not in self.places]
        items[:] = sorted(kept, key=lambda item: self.places[item.nodeid])
        if dropped:
            self.config.hook.pytest_deselected(items=dropped)


class Contexts:
    """Tells the probe's task "contexts" of each test, its fixtures included."""

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item):
        contexts = sys.modules["llmopt_contexts"]
        contexts.enter(item.nodeid)
        yield
        contexts.leave()
