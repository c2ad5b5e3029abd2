"""How proposals are looked for: proposers one after the other, the free ones first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from llmopt.data import Conversation, Hotspot, Model, Proposal, Proposer, Reply, Verdict


def in_order(proposers: Sequence[Proposer]) -> Proposer:
    """All proposals of the first proposer, then those of the next."""

    def propose(hotspots: Sequence[Hotspot], verdicts: Sequence[Verdict]) -> Iterator[Proposal]:
        for each in proposers:
            yield from each(hotspots, verdicts)

    return propose


def repaired_by(model: Model, small: Model) -> Model:
    """The model, with `small` for what only asks to mend an edit."""

    def ask(conversation: Conversation) -> Reply:
        return (small if conversation.repairs else model)(conversation)

    return ask
