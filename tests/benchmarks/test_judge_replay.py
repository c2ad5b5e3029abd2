"""The replay reads traces, decides on them with every rule, and accounts for the seconds."""

from __future__ import annotations

import gzip
import json
import random
from dataclasses import replace
from pathlib import Path

import peers
import pytest
import replay
from replay import Block


def record(ratio: float = 1.0, pairs: int = 30, workload: str = "words.py", seed: int = 1) -> dict[str, object]:
    """A line as record.py writes it, whose base is `ratio` times slower."""
    source = random.Random(seed)
    taken = [[ratio * source.uniform(1.0, 1.02), source.uniform(1.0, 1.02), n % 2] for n in range(pairs)]
    return {"workload": workload, "pairs": taken, "wall": [2.5] * pairs, "load": False}


def trace(*ratios: float) -> list[Block]:
    return [replay.block_of(record(ratio, seed=seed)) for seed, ratio in enumerate(ratios)]  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    names = ["words.py", "records.py"] * 12
    lines = "".join(json.dumps(record(workload=name, seed=n)) + "\n" for n, name in enumerate(names))
    with gzip.open(tmp_path / "idle.jsonl.gz", "wt") as stream:
        stream.write(lines)
    (tmp_path / "loaded.jsonl").write_text(lines)
    return tmp_path


def test_traces_are_read_plain_and_compressed_by_workload(folder: Path) -> None:
    traces = replay.load(folder)
    assert list(traces) == ["idle", "loaded"]
    assert traces["idle"] == traces["loaded"]
    assert [each[0].workload for each in traces["idle"]] == ["words.py", "records.py"]


def test_samples_stand_in_the_order_they_were_taken_in() -> None:
    block = replay.block_of({"workload": "w", "pairs": [[1, 2, 0], [4, 3, 1]], "wall": [1, 1]})  # type: ignore[dict-item, list-item]
    assert block.samples == (1, 2, 3, 4)
    assert block.sides == ([1, 4], [2, 3])


def test_new_tosses_keep_the_samples_and_change_who_is_who() -> None:
    (block,) = trace(1.0)
    (other,) = replay.retossed([block], random.Random(1))
    assert other.samples == block.samples
    assert other.sides != block.sides
    assert list(map(set, zip(*other.sides, strict=True))) == list(map(set, zip(*block.sides, strict=True)))


def test_llmopt_accepts_a_gain_put_in_and_not_the_trace_itself() -> None:
    blocks = trace(1.0, 1.0)
    assert not replay.both_stages(blocks, 0, 1.0).faster
    assert replay.both_stages(blocks, 0, 1.5).faster


def test_the_confirmation_takes_samples_after_those_of_the_screening() -> None:
    blocks = trace(1.5, 1.5)
    first, both = replay.screening(blocks, 0, 1.0), replay.both_stages(blocks, 0, 1.0)
    assert first.faster
    assert both.faster
    assert both.seconds > first.seconds
    assert both.seconds % 2.5 == 0


def test_a_gain_that_fresh_samples_do_not_show_is_not_accepted() -> None:
    lucky = trace(1.0, 1.0)
    lucky[0] = Block("w", tuple(1.5 if n % 2 == 0 else 1.0 for n in range(16)), (False,) * 8, (2.5,) * 8)
    assert replay.screening(lucky, 0, 1.0).faster
    assert not replay.both_stages(lucky, 0, 1.0).faster


def test_peers_time_all_of_the_base_before_the_candidate() -> None:
    block = Block("w", (2.0,) * 10 + (1.0,) * 10, (False,) * 10, (0.5,) * 10)
    five = peers.Peer("five", 5, peers.minimum)
    ten = peers.Peer("ten", 10, peers.minimum)
    assert not replay.as_taken(five)([block], 0, 1.0).faster
    assert replay.as_taken(ten)([block], 0, 1.0) == replay.Outcome(True, 5.0)
    assert not replay.in_pairs(ten)([block], 0, 1.0).faster


def test_a_run_of_a_peer_compares_ten_candidates_with_one_base() -> None:
    blocks = trace(*[1.0] * 11)
    blocks[10] = replace(blocks[10], samples=tuple(seconds / 2 for seconds in blocks[10].samples))
    peer = peers.Peer("five", 5, peers.minimum)
    assert replay.run_of_peer(peer, blocks, 0)
    assert not replay.run_of_peer(peer, blocks[:10], 0)


def test_noise_of_a_trace_is_told_by_its_statistics() -> None:
    values = [1.0, 1.0, 1.02, 0.98] * 15
    values[7] = 1.5
    block = Block("w", tuple(values), (False,) * 30, (1.0,) * 30)
    assert replay.robust_spread(block.samples) == pytest.approx(0.0148, abs=0.001)
    assert replay.variation(block.samples) > 0.06
    assert replay.neighbours([float(n) for n in range(60)]) == pytest.approx(1.0)
    assert replay.noise_of([block, block])[4] == "1.7 %"


def test_the_command_prints_a_row_for_every_rule(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["replay.py", "--traces", str(folder), "--retosses", "1"])
    assert replay.main() == 0
    printed = capsys.readouterr().out
    for peer in peers.PEERS:
        assert printed.count(f"| {peer.name} |") == 3
    assert "tossed anew 1 times" in printed


def test_a_folder_without_traces_is_told_about(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["replay.py", "--traces", str(tmp_path)])
    with pytest.raises(SystemExit):
        replay.main()
    assert "record.py" in capsys.readouterr().err


@pytest.mark.parametrize("name", replay.NAMES)
def test_the_kept_traces_hold_three_hundred_blocks_of_thirty_pairs(name: str) -> None:
    blocks = replay.read(replay.TRACES / f"{name}.jsonl.gz")
    assert len(blocks) == 300
    assert {len(block.wall) for block in blocks} == {30}
    assert all(min(block.samples) > 0 for block in blocks)
