"""The one family of expected failures: each says what failed, where, and what to try.

    LlmoptError                 exit 1
      UsageError                exit 2   a flag, a setting or a path that cannot be used
      ProjectError              the repository, its interpreter or its tests
      WorkloadError             a workload that crashes, hangs or measures nothing
      ModelError                a model that cannot be reached or paid
        BudgetError             the next call would exceed what the user allowed
      EditError                 a reply without edits, or edits that do not apply (becomes a verdict)
      EnoughError               somebody stops the search, and keeps what it has

They are caught once, at the edge (`cli.main`), except EditError, which the funnel turns into a verdict, and the last
one and BudgetError, which end the loop.
"""

from __future__ import annotations


class LlmoptError(Exception):
    """An expected failure: one line of what failed and where, and optionally one of what to try."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class UsageError(LlmoptError):
    """A flag, a setting or a path that cannot be used."""

    exit_code = 2


class ProjectError(LlmoptError):
    """The repository, its interpreter or its tests are not in a state to start from."""


class WorkloadError(LlmoptError):
    """A workload that crashes, hangs or measures nothing."""


class ModelError(LlmoptError):
    """A model that cannot be reached, refuses the key, or answers nothing usable."""


class BudgetError(ModelError):
    """The next call would exceed the budget the user gave."""


class EnoughError(LlmoptError):
    """Somebody stops the search here, with what is kept."""


class EditError(LlmoptError):
    """A reply without edits, or edits that do not apply; the message goes back to the model."""
