"""Start the probe in a Python process of the target, then the `sitecustomize` that would have run without it.

Standard library only, Python 3.9 and later. Nothing happens unless LLMOPT_PROBE names a settings file; see
`llmopt/target.py` for what is in it.
"""

import os
import sys


def _start():
    import json

    with open(os.environ["LLMOPT_PROBE"]) as stream:
        settings = json.load(stream)
    for name, options in settings["tasks"].items():
        module = __import__("llmopt_" + name)
        module.start(dict(settings, options=options, task=name))


def _chain():
    """Run the next `sitecustomize` on the path: a distribution's, coverage's, or the user's own."""
    import importlib.machinery
    import importlib.util

    here = os.path.dirname(os.path.abspath(__file__))
    path = [entry for entry in sys.path if os.path.abspath(entry or ".") != here]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", path)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


if "LLMOPT_PROBE" in os.environ:
    _start()
_chain()
