"""What verdicts cost: seconds and tokens by the stage that decided, from the journals of runs.

    python benchmarks/verdicts.py REPOSITORY...

Prints a Markdown table over all runs that are recorded in the repositories' `.llmopt` folders.
"""

from __future__ import annotations

import statistics
import sys
from collections import defaultdict
from pathlib import Path

from llmopt import journal
from llmopt.commands.show import verdicts_of
from llmopt.data import Verdict


def main() -> None:
    by_stage: dict[str, list[Verdict]] = defaultdict(list)
    runs = [path for folder in sys.argv[1:] for path in Path(folder).glob(f"{journal.FOLDER}/runs/*/journal.jsonl")]
    for path in runs:
        for verdict in verdicts_of(path):
            by_stage["kept" if verdict.accepted else f"turned down at {verdict.stage}"].append(verdict)
    print(f"{len(runs)} runs, {sum(map(len, by_stage.values()))} verdicts\n")
    print("| ended | verdicts | median s | longest s | median tokens |\n|---|---:|---:|---:|---:|")
    for stage, verdicts in sorted(by_stage.items(), key=lambda item: -len(item[1])):
        seconds = [verdict.seconds for verdict in verdicts]
        tokens = [verdict.usage.tokens for verdict in verdicts if verdict.usage.tokens]
        used = f"{statistics.median(tokens):.0f}" if tokens else "0"
        print(f"| {stage} | {len(verdicts)} | {statistics.median(seconds):.1f} | {max(seconds):.1f} | {used} |")


if __name__ == "__main__":
    main()
