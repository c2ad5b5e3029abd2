"""A pytest plugin that reports outcomes by node id: `-p llmopt_pytest`, where the probe's task "pytest" started.

PYTEST_DONT_REWRITE: the probe imports this module before pytest could rewrite its assertions; it has none.
"""

import os

_settings = None


def start(settings):
    """Called by `sitecustomize` in every Python process of the command; in pytest's own `pytest_configure` follows."""
    global _settings
    _settings = settings
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", os.path.expanduser(os.path.join("~", "hypothesis")))


def pytest_configure(config):
    if _settings is None or hasattr(config, "workerinput"):  # a worker of xdist: the controller reports
        return
    import llmopt_outcomes

    config.pluginmanager.register(llmopt_outcomes.Recorder(config, _settings), "llmopt-outcomes")
