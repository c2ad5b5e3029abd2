"""How much a run may ask of a model: an effort's name in, its recipe out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """What an effort pays for.

    `tokens` bound the first request about a region (without the system prompt), `after` that of one after a gain,
    of which less is to be had, and `most_after` where functions that cost much would not be shown whole; `attempts`
    bound the edits tried on it. `plans` of them, if any, come from a request of their own and are implemented side by
    side. `worth` is the least headroom of a region for which it is asked about; `left` is that once something was kept,
    and the least speedup of the run that the model must say is left after an edit of its own that was kept. Hot regions
    of up to `together` tokens of sources are asked about as one; `examples` are tokens for similar edits, and `tokens`
    holds both.
    So many `calls` of tools may be asked for on a region, none any more once the requests that bring their results have
    used `call_tokens`.
    """

    tokens: int
    after: int
    most_after: int
    attempts: int
    plans: int
    worth: float
    left: float
    together: int
    examples: int
    task: str  # what the first request asks for, see prompts/optimize.md
    calls: int = 0
    call_tokens: int = 0


RECIPES = {
    "low": Recipe(
        tokens=5_500,
        after=5_500,
        most_after=5_500,
        attempts=1,
        plans=0,
        worth=1.25,
        left=1.25,
        together=0,
        examples=300,
        task="low",
    ),
    "medium": Recipe(
        tokens=10_000,
        after=5_500,
        most_after=8_000,
        attempts=3,
        plans=0,
        worth=1.15,
        left=1.25,
        together=2_800,
        examples=400,
        task="medium",
        calls=3,
        call_tokens=11_000,
    ),
    "high": Recipe(
        tokens=12_000,
        after=9_000,
        most_after=12_000,
        attempts=9,
        plans=4,
        worth=1.03,
        left=1.05,
        together=6_000,
        examples=900,
        task="plans",
        calls=12,
        call_tokens=150_000,
    ),
}
