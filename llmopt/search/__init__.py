"""How proposals are looked for: proposers one after the other, the free ones first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from llmopt.data import Hotspot, Proposal, Proposer, Verdict


def in_order(proposers: Sequence[Proposer]) -> Proposer:
    """All proposals of the first proposer, then those of the next."""

    def propose(hotspots: Sequence[Hotspot], verdicts: Sequence[Verdict]) -> Iterator[Proposal]:
        for each in proposers:
            yield from each(hotspots, verdicts)

    return propose
