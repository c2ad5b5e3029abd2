"""A comparison whose inputs agree in; out what shows later: in the objects that calls leave, in threads, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from llmopt.checks import equality, growth, users
from llmopt.checks.comparison import Comparison
from llmopt.checks.edited import Others
from llmopt.checks.looks import both

MOST_USED = 40  # inputs whose results are used, where an edit keeps something in another kind of container
SEEDS_OF_USES = ("2", "3")  # more hash seeds: a list has an order that the set before it never had
MOST_LATER = 300  # inputs whose results are looked at later, where an edit makes attributes on demand


@dataclass(frozen=True)
class Used:
    """How the first use differs, "" for none, and how many did not."""

    objection: str = ""
    count: int = 0


def later(compared: Comparison) -> str:
    """Where the edit makes attributes on demand: what a result shows that is looked at later, "" if it is the same.

    A call that fails on the base, as a copy may that cannot be made, says nothing.
    """
    if not compared.runs.on_demand:
        return ""
    asked = [{**each, "limit": 2.0 + 50 * each["seconds"]} for each in compared.plain[:MOST_LATER]]
    base, candidate = both(*(partial(runs.run, "later", asked) for runs in (compared.base, compared.runs)))
    again = cache(lambda: compared.base.run("later", asked))
    looked = False
    for given in asked:
        expected, got = _where_returned(base[given["id"]], candidate[given["id"]])
        if not expected.get("calls"):
            continue
        looked = True
        found = compared.difference(given, expected, got)
        if found and not compared.difference(given, *_where_returned(base[given["id"]], again()[given["id"]])):
            return compared.described(given, expected, found)
    made = ", ".join(sorted(compared.runs.on_demand))
    return "" if looked else f"no call shows what becomes of what is made on demand: {made}"


def used(compared: Comparison, holding: Others) -> Used:
    """Where the edit keeps something in objects otherwise, or something more: what the methods give that read it,
    also once what the object shows has changed. They may be as before, and were never called on such an object.

    `holding` gives the files of the base that hold a word.
    """
    asked = _to_use(compared, holding)
    if not asked:
        return Used()
    seed, *seeds = dict.fromkeys((*compared.base.bounds.seeds, *SEEDS_OF_USES))
    base, candidate = both(
        lambda: compared.base.runs("uses", asked, (seed, *seeds)), lambda: compared.runs.runs("uses", asked, (seed,))
    )
    count = 0
    for given in asked:
        expected, *again = (_single(base[each][given["id"]]) for each in (seed, *seeds))
        got = _single(candidate[seed][given["id"]])
        for at, one in enumerate(expected):
            other = got[min(at, len(got) - 1)]
            steady = not any(_differ(one, each[min(at, len(each) - 1)]) for each in again)
            if not steady or not _is_promised(one):
                continue
            if found := compared.difference(given, one, other):
                return Used(compared.described(given, one, found), count)
            count += _outcomes(one) != [["returned", None]]  # as of a method that wants other arguments
    return Used(count=count)


def _to_use(compared: Comparison, holding: Others) -> list[dict[str, Any]]:
    """The inputs whose calls leave an object that is kept otherwise, each with the methods that read what is; and
    those of classes whose instances keep something more, with the methods that changed. Of classes with other
    attributes no recorded instance fits: their constructors alone are called."""
    edit, expected = compared.edit, compared.expected
    read = cache(partial(users.readers, holding))
    found = [(name, kind, read(kind, each)) for (kind, each), names in compared.otherwise.items() for name in names]
    added = {each.partition(".")[0]: frozenset[str]() for each in compared.added().instances}
    for owner, gone in {**added, **edit.classes}.items():
        changed = [each.own for each in edit.units.values() if each.owner == owner and users.is_use(each.own)]
        for given in expected.inputs:
            wanted = f"{owner}.__init__" if owner in edit.classes else given["name"]
            kind = next((str(each) for each in given["types"] if str(each).endswith(f".{owner}")), "")
            if kind and given["name"] == wanted and given["name"].rpartition(".")[0] == owner:
                found += [(given["id"], kind, uses) for uses in (changed, *(read(kind, each) for each in gone))]
    by_input: dict[str, dict[str, set[str]]] = {}
    for name, kind, names in found:
        if names:
            by_input.setdefault(name, {}).setdefault(kind, set()).update(names)
    plain = [each for each in expected.inputs if each["id"] in by_input and not each.get("hold")]
    steady = [each for each in plain if each["id"] in expected.results]
    return [
        {
            **each,
            "readers": [[kind, sorted(names)] for kind, names in by_input[each["id"]].items()],
            "limit": 10.0 + 200 * each["seconds"],
        }
        for each in steady[:MOST_USED]
    ]


def race(compared: Comparison) -> str:
    """Where the edit added state that threads share: what several threads get at once, "" if it is the same."""
    recorded = [{**each, "shared": _is_of_instance(compared, each)} for each in compared.recorded]
    shared = ", ".join(compared.state())
    if not shared or not recorded:
        return ""
    result = compared.runs.run("stress", recorded, seconds=60.0)["all"]
    if not result.get("wrong") and not result.get("ended"):
        return ""
    base = compared.base.run("stress", recorded, seconds=60.0)["all"]
    if base.get("wrong") or base.get("ended"):
        return ""
    if result.get("ended"):
        return f"calls from several threads at once do not end well: it {result['ended']} (they share {shared})"
    name, expected, got = result["wrong"][0]
    given = next((each for each in recorded if each["id"] == name), recorded[0])  # a forged report names any
    return "\n".join(
        [
            f"{given['name']} gives something else when several threads call it at once (they share {shared})",
            f"input: {compared.call(given, compared.expected.results[given['id']])}",
            f"expected: {equality.legible(equality.text_of_outcome, expected)}",
            f"got: {equality.legible(equality.text_of_outcome, got)}",
        ]
    )


def _is_of_instance(compared: Comparison, given: Mapping[str, Any]) -> bool:
    """Is it a method of a class whose instances keep something now? Threads may share one of these."""
    owner = str(given["name"]).rpartition(".")[0].rpartition(".")[2]
    return bool(owner) and any(each.partition(".")[0] == owner for each in compared.added().instances)


def grown(compared: Comparison) -> growth.Growth:
    """What stays in memory with ever new arguments, where the edit added a place to keep things."""
    recorded = compared.recorded
    if not (compared.state() or compared.edit.caches) or not recorded:
        return growth.Growth()
    before, after = both(
        *(partial(runs.run, "slope", recorded, seconds=60.0) for runs in (compared.base, compared.runs))
    )
    return growth.of(before["all"], after["all"])


def _where_returned(expected: Mapping[str, Any], got: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Both without the calls of which the first did not return."""
    returned = {label for label, seen in expected.get("calls", ()) if seen["outcome"][0] == "returned"}
    calls = [[call for call in side.get("calls", ()) if call[0] in returned] for side in (expected, got)]
    return {**expected, "calls": calls[0]}, {**got, "calls": calls[1]}


def _single(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The calls of a result as results of their own; one that says why there are none."""
    return [{**result, "calls": [call]} for call in result.get("calls", ())] or [result]


def _differ(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    return equality.first_difference(first, second, equality.Rules()) is not None


def _is_promised(result: Mapping[str, Any]) -> bool:
    """Did the call return, or refuse by a `raise` statement? What an operation fails at, nobody promised."""
    return any(each[0] == "returned" or each[5:6] == ["raise"] for each in _outcomes(result))


def _outcomes(result: Mapping[str, Any]) -> list[Any]:
    return [seen["outcome"] for _, seen in result.get("calls", ())]
