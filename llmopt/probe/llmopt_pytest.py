"""A pytest plugin that reports outcomes by node id: `-p llmopt_pytest`, where the probe's task "pytest" started.

PYTEST_DONT_REWRITE: the probe imports this module before pytest could rewrite its assertions; it has none.
"""

import os
import sys

_settings = None


def start(settings):
    """Called by `sitecustomize` in every Python process of the command; in pytest's own `pytest_configure` follows."""
    global _settings
    _settings = settings
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", os.path.expanduser(os.path.join("~", "hypothesis")))


def pytest_load_initial_conftests():
    """pytest-rerunfailures, wherever xdist is installed too, opens a socket to hear of workers that crash, also where
    nobody asked for a rerun. In a sandbox without sockets no test would run for it: it does without there."""
    reruns = sys.modules.get("pytest_rerunfailures")
    if _settings is not None and hasattr(reruns, "HAS_PYTEST_HANDLECRASHITEM") and not _has_sockets():
        reruns.HAS_PYTEST_HANDLECRASHITEM = False


def _has_sockets():
    import socket

    try:
        socket.socket().close()
    except OSError:
        return False
    return True


def pytest_configure(config):
    if _settings is None:
        return
    import llmopt_expected
    import llmopt_outcomes
    import llmopt_selection

    if "llmopt_contexts" in sys.modules:
        config.pluginmanager.register(llmopt_selection.Contexts(), "llmopt-contexts")
    if hasattr(config, "workeroutput"):  # a worker of xdist: the controller reports
        config.pluginmanager.register(llmopt_outcomes.WorkerRecorder(config), "llmopt-outcomes")
        return
    places = llmopt_expected.selected()
    if places:
        config.pluginmanager.register(llmopt_selection.Selection(config, places), "llmopt-selection")
    config.pluginmanager.register(llmopt_outcomes.Recorder(config, _settings), "llmopt-outcomes")
