"""llmopt makes real repositories faster, and proves it.

`profile`, `verify`, `compare` and `optimize` do what the commands of these names do, as functions: see `llmopt.api`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from llmopt.api import as_json, compare, dossier, optimize, profile, verify
    from llmopt.changes import Edits, Patch
    from llmopt.errors import LlmoptError
    from llmopt.jobs.optimize import Optimized
    from llmopt.person import Answer, Question
    from llmopt.reports.comparison import Compared
    from llmopt.reports.profiled import Profiled
    from llmopt.reports.verification import Verified

__all__ = [
    "Answer",
    "Compared",
    "Edits",
    "LlmoptError",
    "Optimized",
    "Patch",
    "Profiled",
    "Question",
    "Verified",
    "__version__",
    "as_json",
    "compare",
    "dossier",
    "optimize",
    "profile",
    "verify",
]


def __getattr__(name: str) -> object:
    """Load what is asked for: the command line imports this package to tell its version, and is to start quickly."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module("llmopt.errors" if name == "LlmoptError" else "llmopt.api"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
