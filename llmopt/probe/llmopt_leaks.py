"""Report modules that came from the original checkout although the tree has their file: the wrong code would run."""

import os
import sys

import llmopt_report


def start(settings):
    llmopt_report.at_exit(settings, lambda: leaked(settings["original"], settings["tree"]) or None)


def leaked(original, tree):
    """Files of loaded modules below `original` that exist at the same place below `tree`, and are others there.

    A sandbox may show the tree in the original's place: they are the same then.
    """
    original = os.path.realpath(original) + os.sep
    if os.path.realpath(tree).startswith(original):
        return []
    found = []
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if isinstance(path, str):
            path = os.path.realpath(path)
            if path.startswith(original) and _differs(path, os.path.join(tree, path[len(original) :])):
                found.append(path)
    return sorted(found)


def _differs(path, other):
    """Is there another file? Two views of one folder have one number for each of their files."""
    try:
        return not os.path.samefile(path, other)
    except OSError:
        return os.path.exists(other)
