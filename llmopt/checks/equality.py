"""Two descriptions of what a call did in, the first difference between them out: pure, strict, and in readable words.

Descriptions are the JSON of `llmopt/probe/llmopt_describe.py`, made in processes of the target. Objects are matched one
to one: what is the same object in one must be the same object in the other, and a part of the arguments must be that
very part.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from llmopt.reported import NO_DESCRIPTION

Node = Any  # JSON
Attribute = tuple[str, str]  # of a class, "module.Class", and its name

NUMBERED = ("list", "dict", "set", "bytearray", "object", "array", "drained", "lambda", "ref")
CONTAINERS = ("list", "tuple", "dict", "set", "frozenset", "bytearray")
SHOWN_CHARACTERS = 300
SHOWN_ITEMS = 8
# What reading a description raises that is none.
UNREADABLE = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
# Operations refuse a value of the wrong type by either; which of them is no promise.
REFUSALS = ("builtins.TypeError", "builtins.AttributeError")
OTHER_ARGUMENTS = "a call with other arguments in between"  # as `llmopt_replay` says it


@dataclass(frozen=True)
class Difference:
    """`where` is a path such as "result[2].name"."""

    where: str
    expected: str
    got: str


@dataclass(frozen=True)
class Rules:
    """How strict: `derived` inputs are nobody's recorded ones, `tolerance` is a relative and absolute one of floats.

    Attributes called one of `scratch` are not compared.
    """

    derived: bool = False
    tolerance: float = 0.0
    names: tuple[str, ...] = ()  # of the positional parameters
    scratch: frozenset[str] = frozenset()


def first_difference(
    expected: Mapping[str, Any], got: Mapping[str, Any], rules: Rules, otherwise: set[Attribute] | None = None
) -> Difference | None:
    """Between two results of the replay of one input, on the base and on the candidate.

    Code that is not trusted ran where `got` was written: what is no description at all is a difference. `otherwise`
    takes the private attributes that were let pass although they hold another kind of container.
    """
    try:
        return _first_difference(expected, got, rules, set() if otherwise is None else otherwise)
    except UNREADABLE:
        return Difference("", legible(_outcome, expected), NO_DESCRIPTION)


def legible(text_of: Callable[[Any], str], described: Any) -> str:
    """The text of a description, which may be none."""
    try:
        return text_of(described)
    except UNREADABLE:
        return NO_DESCRIPTION


def _first_difference(
    expected: Mapping[str, Any], got: Mapping[str, Any], rules: Rules, otherwise: set[Attribute]
) -> Difference | None:
    for kind in ("problem", "ended", "import"):
        if got.get(kind) != expected.get(kind):
            return Difference("", *(str(each.get(kind) or _outcome(each)) for each in (expected, got)))
    walk = _Walk(int(expected.get("numbered", 0)), rules, otherwise)
    calls = _calls(expected), _calls(got)
    for (label, before), (other, after) in zip(*calls, strict=False):
        if label != other:
            return Difference("", label, other)
        # The other arguments may be derived ones; recorded ones are compared by themselves as well.
        walk.rules = replace(rules, derived=rules.derived or label == OTHER_ARGUMENTS)
        if found := _call_difference(walk, before, after):
            return found if label == "the call" else Difference(f"{label}: {found.where}", found.expected, found.got)
    if len(calls[0]) != len(calls[1]):
        return Difference("", f"{len(calls[0])} calls", f"{len(calls[1])} calls")
    return None


def _calls(result: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return [(str(label), seen) for label, seen in result.get("calls", [])]


def _outcome(result: Mapping[str, Any]) -> str:
    calls = _calls(result)
    return text_of_outcome(calls[0][1]["outcome"]) if calls else "nothing"


def _call_difference(walk: _Walk, expected: Mapping[str, Any], got: Mapping[str, Any]) -> Difference | None:
    before, after = expected["outcome"], got["outcome"]
    if before[0] != after[0]:
        return Difference("result", text_of_outcome(before), text_of_outcome(after))
    if before[0] == "raised":
        found = walk.raised(before, after)
        if not found and walk.lenient(before):
            return None  # how far an operation came before it refused a value that nobody passes
    else:
        found = walk.differ(before[1], after[1], "result")
    return (
        found
        or walk.items(expected.get("held", []), got.get("held", []), "an earlier result, looked at again")
        or walk.arguments(expected["arguments"], got["arguments"])
        or _side_effects(expected, got, walk.rules)
    )


def _side_effects(expected: Mapping[str, Any], got: Mapping[str, Any], rules: Rules) -> Difference | None:
    for name, words in (("warnings", "warnings"), ("logs", "log records"), ("printed", "what is printed")):
        before, after = (_counted(each[name], rules) for each in (expected, got))
        if before != after:
            return Difference(words, _listed(before), _listed(after))
    if expected["files"] != got["files"]:
        return Difference("folders that files are written to", _listed(expected["files"]), _listed(got["files"]))
    if expected["random"] != got["random"]:
        states = [f"state {each['random']}" if each["random"] else "untouched" for each in (expected, got)]
        return Difference("random numbers taken", *states)
    if expected["process"] != got["process"]:
        return Difference("settings of the process", _listed(expected["process"]), _listed(got["process"]))
    return None


def _counted(seen: Sequence[Any], rules: Rules) -> list[Any]:
    """Of a derived input numpy's warnings do not count, which name the operation that was used."""
    return [each for each in seen if not (rules.derived and each[:1] == ["builtins.RuntimeWarning"])]


def _listed(values: Any) -> str:
    if isinstance(values, Mapping):
        values = [f"{name}: {value}" for name, value in values.items()]
    texts = [" ".join(map(str, filter(None, each))) if isinstance(each, list) else str(each) for each in values]
    return shortened("; ".join(text for text in texts if text) or "none")


class _Walk:
    """Goes down two descriptions at once, and remembers which objects stand for each other."""

    def __init__(self, numbered: int, rules: Rules, otherwise: set[Attribute]) -> None:
        self.numbered = numbered
        self.rules = rules
        self.otherwise = otherwise
        self.there: dict[int, int] = {}
        self.back: dict[int, int] = {}

    def lenient(self, raised: Sequence[Any]) -> bool:
        return self.rules.derived and raised[5] == "implied"

    def raised(self, expected: Sequence[Any], got: Sequence[Any], where: str = "exception") -> Difference | None:
        texts = text_of_outcome(list(expected)), text_of_outcome(list(got))
        if self.lenient(expected):
            same = expected[1] == got[1] or (expected[1] in REFUSALS and got[1] in REFUSALS)
            return None if same else Difference(where, *texts)
        if expected[1:3] != got[1:3] or expected[4] != got[4]:
            return Difference(where, *texts)
        return self.items(expected[3], got[3], f"{where}.args")

    def arguments(self, expected: Node, got: Node) -> Difference | None:
        """[positional, by name], after the call; or that nothing changed."""
        if _kind(expected) or _kind(got):
            texts = [f"left {_kind(each)}" if _kind(each) else "changed" for each in (expected, got)]
            return None if expected == got else Difference("arguments after the call", *texts)
        for place, (before, after) in enumerate(zip(expected, got, strict=False)):
            if place == 0 and {before[0], after[0]} == {"tuple"} and len(before[1]) == len(after[1]):
                for at, pair in enumerate(zip(before[1], after[1], strict=True)):
                    name = self.rules.names[at] if at < len(self.rules.names) else f"{at + 1}"
                    if found := self.differ(*pair, f"argument {name} after the call: {name}"):
                        return found
            elif found := self.differ(before, after, "arguments after the call"):
                return found
        return None if len(expected) == len(got) else Difference("arguments after the call", "", "")

    def differ(self, expected: Node, got: Node, where: str) -> Difference | None:
        if type(expected) is not type(got) or not isinstance(expected, list):
            same = type(expected) is type(got) and expected == got
            return None if same else _difference(where, expected, got)
        kind = _kind(expected)
        if kind != _kind(got):
            return self._other_kind(expected, got, where)
        if not kind:
            return self.items(expected, got, where)
        if kind in NUMBERED and (found := self._identity(expected, got, where)):
            return found
        return KINDS.get(kind, _Walk._generic)(self, expected, got, where)

    def _other_kind(self, expected: Node, got: Node, where: str) -> Difference:
        if "ref" in (_kind(expected), _kind(got)):
            texts = [
                "an object met before" if _kind(each) == "ref" else f"another object: {render(each)}"
                for each in (expected, got)
            ]
            return Difference(f"{where} (identity)", *texts)
        return _difference(where, expected, got)

    def _identity(self, expected: Node, got: Node, where: str) -> Difference | None:
        """Objects of the arguments have the same number in both; others are paired as they are met."""
        before, after = expected[1], got[1]
        if before is None or after is None:
            return None
        if before < self.numbered or after < self.numbered:
            same = before == after
        else:
            same = self.there.setdefault(before, after) == after and self.back.setdefault(after, before) == before
        if same:
            return None
        return Difference(f"{where} (identity)", self._who(expected, self.there), self._who(got, self.back))

    def _who(self, node: Node, met: Mapping[int, int]) -> str:
        if node[1] < self.numbered:
            return "an object of the arguments itself"
        shown = "" if node[0] == "ref" else f": {render(node)}"
        return f"an object of its own or one met before{shown}" if node[1] in met else f"a new object{shown}"

    def items(self, expected: Sequence[Node], got: Sequence[Node], where: str) -> Difference | None:
        for at, (before, after) in enumerate(zip(expected, got, strict=False)):
            if found := self.differ(before, after, f"{where}[{at}]"):
                return found
        if len(expected) != len(got):
            texts = [f"{len(each)} elements: {_rendered(each)}" for each in (expected, got)]
            return Difference(where, *map(shortened, texts))
        return None

    def _generic(self, expected: Node, got: Node, where: str) -> Difference | None:
        if len(expected) != len(got):
            return _difference(where, expected, got)
        start = 2 if expected[0] in NUMBERED else 1
        for before, after in zip(expected[start:], got[start:], strict=True):
            if found := self.differ(before, after, where):
                return found if isinstance(before, list) else _difference(where, expected, got)
        return None

    def _list(self, expected: Node, got: Node, where: str) -> Difference | None:
        return self.items(expected[-1], got[-1], where)

    def _set(self, expected: Node, got: Node, where: str) -> Difference | None:
        if len(expected[-1]) != len(got[-1]):
            return _difference(where, expected, got)
        equal = _equal_elements(expected[-1]) if self.rules.derived else None
        if equal is not None and equal == _equal_elements(got[-1]):
            return None
        for before, after in zip(expected[-1], got[-1], strict=True):
            if self.differ(before, after, where):
                return Difference(where, f"an element {render(before)}", f"an element {render(after)}")
        return None

    def _dict(self, expected: Node, got: Node, where: str) -> Difference | None:
        return self.pairs(expected[2], got[2], where)

    def pairs(self, expected: Sequence[Node], got: Sequence[Node], where: str) -> Difference | None:
        before, after = ([render(pair[0]) if _is_pair(pair) else "…" for pair in each] for each in (expected, got))
        if before != after and sorted(before) == sorted(after):
            return Difference(f"{where} (order of keys)", _joined(before), _joined(after))
        for first, second in zip(expected, got, strict=False):
            if not (_is_pair(first) and _is_pair(second)):
                if found := self.differ(first, second, where):
                    return found
                continue
            if found := self.differ(first[0], second[0], f"{where} (a key)"):
                return found
            if found := self.differ(first[1], second[1], f"{where}[{render(first[0])}]"):
                return found
        if len(expected) != len(got):
            return Difference(where, f"the keys {_joined(before)}", f"the keys {_joined(after)}")
        return None

    def _object(self, expected: Node, got: Node, where: str) -> Difference | None:
        if expected[2] != got[2]:
            return Difference(where, f"a {expected[2]}", f"a {got[2]}")
        return self._content(expected[3], got[3], where) or self._attributes(expected, got, where)

    def _content(self, expected: Node, got: Node, where: str) -> Difference | None:
        kinds = [_kind(each) for each in (expected, got)]
        if kinds == ["pairs", "pairs"]:
            return self.pairs(expected[1], got[1], where) or self.differ(
                expected[2], got[2], f"{where}.default_factory"
            )
        if kinds == ["items", "items"]:
            return self.items(expected[1], got[1], where)
        return self.differ(expected, got, where)

    def _attributes(self, expected: Node, got: Node, where: str) -> Difference | None:
        """Of two objects, by name. A private one that only the candidate has is where it keeps what it saves to compute
        again; in which kind of container it keeps one is its own business too, for what it gives back shows what is in
        there."""
        kind, expected, got = str(expected[2]), expected[4], got[4]
        before, after = ({pair[0]: pair[1] for pair in each if _is_pair(pair)} for each in (expected, got))
        for name, node in before.items():
            if name in self.rules.scratch:
                continue
            if name not in after:
                return Difference(f"{where}.{name}", render(node), "no such attribute")
            if _is_kept_otherwise(name, node, after[name]):
                self.otherwise.add((kind, name))
                continue
            if found := self.differ(node, after[name], f"{where}.{name}"):
                return found
        added = [name for name in after if name not in before and not name.startswith("_")]
        if added:
            return Difference(f"{where}.{added[0]}", "no such attribute", render(after[added[0]]))
        cuts = [[each for each in side if not _is_pair(each)] for side in (expected, got)]
        return None if cuts[0] == cuts[1] else Difference(where, "other attributes", "other attributes")

    def _drained(self, expected: Node, got: Node, where: str) -> Difference | None:
        if expected[2] != got[2]:
            return Difference(where, f"a {expected[2]}", f"a {got[2]}")
        if found := self.items(expected[3], got[3], where):
            return found
        before, after = expected[4], got[4]
        if before[0] == after[0] == "raised":
            return self.raised(before, after, f"{where}: exception")
        return self.differ(before, after, f"{where}: its end")

    def _float(self, expected: Node, got: Node, where: str) -> Difference | None:
        before, after = float.fromhex(expected[1]), float.fromhex(got[1])
        return None if self._near(before, after, expected[1] == got[1]) else _difference(where, expected, got)

    def _near(self, before: float, after: float, same: bool) -> bool:
        tolerance = self.rules.tolerance
        return same or (tolerance > 0 and math.isclose(before, after, rel_tol=tolerance, abs_tol=tolerance))

    def _array(self, expected: Node, got: Node, where: str) -> Difference | None:
        for at, name in ((2, "class"), (3, "dtype"), (4, "shape"), (5, "may be written to")):
            if expected[at] != got[at]:
                return Difference(f"{where} ({name})", str(expected[at]), str(got[at]))
        return self._numbers(expected[6:], got[6:], where)

    def _values(self, expected: Node, got: Node, where: str) -> Difference | None:
        for at, name in ((1, "dtype"), (2, "length")):
            if expected[at] != got[at]:
                return Difference(f"{where} ({name})", str(expected[at]), str(got[at]))
        return self._numbers(expected[3:], got[3:], where)

    def _numbers(self, expected: Node, got: Node, where: str) -> Difference | None:
        """[digest, first values], and all values where a tolerance needs them; without a digest all are nodes."""
        if not expected[0] or expected[0] == got[0]:
            return None if expected[0] else self.items(expected[1], got[1], where)
        if self.rules.tolerance and len(expected) > 2 and len(got) > 2:
            pairs = [(float.fromhex(a), float.fromhex(b)) for a, b in zip(expected[2], got[2], strict=True)]
            if all(self._near(a, b, a == b or (math.isnan(a) and math.isnan(b))) for a, b in pairs):
                return None
        texts = [f"begin {', '.join(map(str, each[1]))}" for each in (expected, got)]
        return Difference(f"{where} (values of an array)", *texts)


KINDS = {
    "list": _Walk._list,
    "tuple": _Walk._list,
    "set": _Walk._set,
    "frozenset": _Walk._set,
    "dict": _Walk._dict,
    "object": _Walk._object,
    "drained": _Walk._drained,
    "float": _Walk._float,
    "array": _Walk._array,
    "values": _Walk._values,
}


def _kind(node: Node) -> str:
    """What the node says that it is; "" for plain ones and for nodes in a row."""
    return node[0] if isinstance(node, list) and node and isinstance(node[0], str) else ""


def _equal_elements(nodes: Sequence[Node]) -> list[str] | None:
    """Plain elements, 1, 1.0 and True alike: which of them a set keeps, nobody says. None where others are in it."""
    if not all(each is None or isinstance(each, (bool, int)) or _kind(each) in ("str", "float") for each in nodes):
        return None
    return sorted(_number(each) if not isinstance(each, list) or each[0] == "float" else repr(each) for each in nodes)


def _number(node: Node) -> str:
    value = float.fromhex(node[1]) if isinstance(node, list) else node
    return repr(value) if value is None or not math.isfinite(value) or value != int(value) else repr(int(value))


def _is_kept_otherwise(name: str, expected: Node, got: Node) -> bool:
    """Whether a private attribute holds another kind of container."""
    kinds = [_container(each) for each in (expected, got)]
    return name.startswith("_") and not name.endswith("__") and "" not in kinds and kinds[0] != kinds[1]


def _container(node: Node) -> str:
    """Which kind of container it is, by its class where that is no built-in one; "" for what is none."""
    kind = _kind(node)
    if kind == "object":
        return str(node[2]) if len(node) > 3 and node[3] is not None else ""
    return kind if kind in CONTAINERS else ""


def _is_pair(node: Node) -> bool:
    return isinstance(node, list) and len(node) == 2


def _joined(names: Sequence[str]) -> str:
    return shortened(", ".join(names) or "none")


def opaque(node: Node) -> set[str]:
    """Names of the types in a description that nobody can compare."""
    found: set[str] = set()
    stack = [node]
    while stack:
        each = stack.pop()
        if isinstance(each, list):
            if len(each) == 2 and each[0] == "opaque":
                found.add(str(each[1]))
            stack.extend(each)
        elif isinstance(each, dict):
            stack.extend(each.values())
    return found


# --- in words --------------------------------------------------------------------------------------------------


def shortened(text: str, most: int = SHOWN_CHARACTERS) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _difference(where: str, expected: Node, got: Node) -> Difference:
    return Difference(where, _typed(expected), _typed(got))


def _typed(node: Node) -> str:
    text = shortened(render(node))
    kind = "str" if _kind(node) == "str" else type(node).__name__
    return f"{text} ({kind})" if isinstance(node, (bool, int)) or kind == "str" else text


def text_of_outcome(outcome: Sequence[Any]) -> str:
    """What a call returned or raised."""
    if outcome[0] == "raised":
        name = str(outcome[1]).removeprefix("builtins.")
        cause = f" from {outcome[4][0]}" if outcome[4] else ""
        return shortened(f"{name}: {outcome[2]}{cause}")
    return shortened(render(outcome[1]))


def render(node: Node) -> str:
    """Much as Python would show it."""
    if not isinstance(node, list):
        return str(node)
    return RENDERED.get(node[0], _render_other)(node) if _kind(node) else f"[{_rendered(node)}]"


def _rendered(nodes: Sequence[Node]) -> str:
    shown = [render(each) for each in nodes[:SHOWN_ITEMS]]
    return ", ".join([*shown, "…"] if len(nodes) > SHOWN_ITEMS else shown)


def _render_pairs(pairs: Sequence[Node]) -> str:
    shown = [f"{render(p[0])}: {render(p[1])}" if _is_pair(p) else render(p) for p in pairs[:SHOWN_ITEMS]]
    return ", ".join([*shown, "…"] if len(pairs) > SHOWN_ITEMS else shown)


def _render_float(node: Node) -> str:
    return repr(float.fromhex(node[1]))


def _render_tuple(node: Node) -> str:
    return f"({_rendered(node[1])}{',' if len(node[1]) == 1 else ''})"


def _render_object(node: Node) -> str:
    name = str(node[2]).rpartition(".")[2]
    parts = [_render_content(node[3])] if node[3] is not None else []
    parts += [f"{pair[0]}={render(pair[1])}" for pair in node[4][:SHOWN_ITEMS] if _is_pair(pair)]
    return f"{name}({', '.join(parts)})"


def _render_content(node: Node) -> str:
    if _kind(node) == "pairs":
        return f"{{{_render_pairs(node[1])}}}"
    if _kind(node) in ("items", "elements"):
        return f"[{_rendered(node[1])}]"
    return render(node)


def _render_array(node: Node) -> str:
    values = [str(each) for each in node[7]]
    return f"array({', '.join(values)}…, dtype {node[3]}, shape {tuple(node[4])})"


def _render_drained(node: Node) -> str:
    ends = {"raised": f", then {node[4][1]}" if len(node[4]) > 1 else "", "end": "", "more": ", …"}
    return f"<{str(node[2]).removeprefix('builtins.')} of {_rendered(node[3])}{ends.get(node[4][0], '')}>"


def _render_other(node: Node) -> str:
    return f"<{' '.join(map(render, node))}>"


RENDERED: Mapping[str, Callable[[Node], str]] = {
    "str": lambda node: repr(node[1]),
    "float": _render_float,
    "int": lambda node: str(node[1]),
    "bytes": lambda node: repr(bytes.fromhex(node[1])),
    "text": lambda node: f"{node[3]!r}… ({node[1]} characters, digest {node[2][:8]})",
    "complex": lambda node: repr(complex(float.fromhex(node[1]), float.fromhex(node[2]))),
    "range": lambda node: str(node[1]),
    "constant": lambda node: ".".join(str(each) for each in node[1:3]).removeprefix("builtins."),
    "list": lambda node: f"[{_rendered(node[2])}]",
    "tuple": _render_tuple,
    "dict": lambda node: f"{{{_render_pairs(node[2])}}}",
    "set": lambda node: f"{{{_rendered(node[2])}}}" if node[2] else "set()",
    "frozenset": lambda node: f"frozenset({{{_rendered(node[1])}}})",
    "bytearray": lambda node: f"bytearray({render(node[2])})",
    "object": _render_object,
    "array": _render_array,
    "drained": _render_drained,
    "lambda": lambda node: f"<function {node[2]}, code {str(node[3])[:8]}>",
    "function": lambda node: f"<function {node[1]}>",
    "class": lambda node: f"<class {node[1]}>",
    "ref": lambda node: "<an object met before>",
    "cut": lambda node: f"… {node[1]} more" + (f", digest {node[2][:8]}" if node[2] else ""),
    "opaque": lambda node: "…" if str(node[1]).startswith("nested") else f"<{node[1]}>",
    "pattern": lambda node: f"re.compile({render(node[1])})",
    "awaited": lambda node: f"awaited {render(node[1])}",
}
