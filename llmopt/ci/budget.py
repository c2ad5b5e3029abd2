"""What all runs on a pull request have spent so far, kept in the comment that they share; what is left for the next."""

from __future__ import annotations

import json
import re

from pydantic import Field, ValidationError

from llmopt.ci.result import Frozen, Line, Number
from llmopt.errors import UsageError

DATA = re.compile(r"<!-- llmopt:data (\{.*?\}) -->", re.DOTALL)


class Spent(Frozen):
    """Tokens and dollars of all runs until now, and of the last of them, so that posting it again adds nothing."""

    tokens: Number = 0
    cost_usd: float = Field(default=0.0, ge=0)
    run: Line = ""
    run_tokens: Number = 0
    run_cost_usd: float = Field(default=0.0, ge=0)


NOTHING = Spent()


def added(before: Spent, run: str, tokens: int, cost_usd: float) -> Spent:
    """With one run more; in the place of what the same run told before."""
    again = bool(run) and before.run == run
    old_tokens, old_cost = (before.run_tokens, before.run_cost_usd) if again else (0, 0.0)
    return Spent(
        tokens=max(0, before.tokens - old_tokens) + tokens,
        cost_usd=round(max(0.0, before.cost_usd - old_cost) + cost_usd, 6),
        run=run,
        run_tokens=tokens,
        run_cost_usd=round(cost_usd, 6),
    )


def left(before: Spent, budget_usd: float | None, max_tokens: int | None) -> tuple[float | None, int | None]:
    """Dollars and tokens that the next run may use; None is no bound."""
    usd = None if budget_usd is None else max(0.0, budget_usd - before.cost_usd)
    tokens = None if max_tokens is None else max(0, max_tokens - before.tokens)
    return usd, tokens


def used_up(before: Spent, budget_usd: float | None, max_tokens: int | None) -> bool:
    return 0 in left(before, budget_usd, max_tokens)


def hidden(spent: Spent) -> str:
    """As a comment that Markdown does not show: in JSON nothing can end it."""
    text = json.dumps(spent.model_dump(), separators=(",", ":"))
    for each in "<>":
        text = text.replace(each, f"\\u{ord(each):04x}")
    return f"<!-- llmopt:data {text} -->"


def found(body: str) -> Spent:
    """What a comment holds; nothing where a person has changed it into something else."""
    match = DATA.search(body)
    try:
        return Spent.model_validate_json(match[1]) if match else NOTHING
    except ValidationError:
        return NOTHING


def read(text: str, file: str) -> Spent:
    """What `llmopt ci start` wrote."""
    try:
        return Spent.model_validate_json(text)
    except ValidationError as problem:
        said = problem.errors()[0]["msg"]
        raise UsageError(f"{file} does not hold what was spent: {said}", "`llmopt ci start` writes it") from None
