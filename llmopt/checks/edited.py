"""Two versions of some files in; which functions an edit changed, and at whose calls it should be looked at, out."""

from __future__ import annotations

import ast
import functools
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from llmopt.checks.names import own as own_nodes
from llmopt.data import Function

Def = ast.FunctionDef | ast.AsyncFunctionDef
MOST_CALLERS = 6
MOST_DECORATED = 40  # functions of other files that an edited decorator stands above
CACHES = ("lru_cache", "cache", "cached_property", "memoize", "memoized", "cachedmethod", "cached")
# Values that are not changed in place.
CONSTANT_CALLS = ("compile", "frozenset", "tuple", "namedtuple", "TypeVar", "getLogger", "itemgetter", "attrgetter")
WRAPPERS = (*CACHES, "update_wrapper", "partial", "cast", "staticmethod", "classmethod", "property")
STATEFUL = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp, ast.Call)
SHAPES: Mapping[type[ast.expr], str] = {
    ast.List: "list",
    ast.ListComp: "list",
    ast.Dict: "dict",
    ast.DictComp: "dict",
    ast.Set: "set",
    ast.SetComp: "set",
    ast.Tuple: "tuple",
}
MAKERS = ("list", "dict", "set", "tuple", "frozenset", "deque", "defaultdict", "OrderedDict", "Counter")


@dataclass(frozen=True)
class Unit:
    """A function that can be called from outside: of a module or a class, however deep its own functions nest."""

    path: str
    name: str
    line: int
    parameters: tuple[str, ...]
    dump: str
    signature: str
    mentions: frozenset[str]
    stores: frozenset[str]  # attributes it assigns,
    shapes: frozenset[str]  # and the kinds of containers that it evidently puts into private ones
    decorators: frozenset[str]
    optional: frozenset[str]  # names that it compares with None
    made: frozenset[str]  # functions of its own that it gives back

    @property
    def function(self) -> Function:
        return Function(self.path, self.name, self.line)

    @property
    def owner(self) -> str:
        return self.name.rpartition(".")[0]

    @property
    def own(self) -> str:
        return self.name.rpartition(".")[2]

    @property
    def is_private(self) -> bool:
        return any(part.startswith("_") and not part.endswith("__") for part in self.name.split("."))


@dataclass(frozen=True)
class Edit:
    """What an edit did. `units` are to be compared, by Function.key; `left_out` says why others are not.

    `classes` are those whose instances hold other attributes now: what the base recorded of them does not fit. Each has
    the attributes that it does not have any more, or has in another kind of container.
    `state` are new mutable variables outside functions, `caches` functions that got a cache. `through` are decorators,
    by key, of which nothing can be said but by calls of these functions in other files.
    """

    units: Mapping[str, Unit]
    left_out: Mapping[str, str] = field(default_factory=dict)
    classes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    state: tuple[str, ...] = ()
    caches: tuple[str, ...] = ()
    through: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


# A word in, the repository's other files that hold it out: (path, text).
Others = Callable[[str], Iterable[tuple[str, str]]]


def of(base: Mapping[str, str], candidate: Mapping[str, str], others: Others = lambda word: ()) -> Edit:
    """Both map repository paths of Python files to their text; a file that is new or gone is missing in one.

    `others` finds what a decorator stands above in files that the edit leaves alone. SyntaxError when one of the files
    does not parse.
    """
    units: dict[str, Unit] = {}
    left_out: dict[str, str] = {}
    classes: dict[str, frozenset[str]] = {}
    state: list[str] = []
    caches: list[str] = []
    through: dict[str, tuple[str, ...]] = {}
    for path in sorted({*base, *candidate}):
        before = _read(path, base.get(path, ""))
        after = _Module(path, candidate.get(path, ""), before.sources)
        changed = _changed(before, after)
        chosen, reasons = _boundary(before, after, changed)
        for unit in [each for each in chosen if _makes(each, after) and each.name in changed]:
            if decorated := _decorated_by(unit, before, others):
                chosen = [*(each for each in chosen if each is not unit), *decorated]
                reasons[unit.function.key] = "a decorator, compared through what it decorates"
                through[unit.function.key] = tuple(each.function.key for each in decorated)
        units |= {unit.function.key: unit for unit in chosen}
        left_out |= reasons
        classes |= _reshaped(before, after)
        state += _added_state(before, after)
        caches += [name for name, unit in after.units.items() if _gained_cache(before.units.get(name), unit)]
    return Edit(units, left_out, classes, tuple(state), tuple(caches), through)


class _Module:
    """A file's functions by qualified name, and what its modules and classes hold beside them.

    Functions whose name and text are `known` are not looked at again, which is most of the time that this takes.
    """

    def __init__(self, path: str, text: str, known: Mapping[tuple[str, str], Unit] | None = None) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
        self.units: dict[str, Unit] = {}
        self.statements: dict[str, list[ast.stmt]] = {"": []}  # by class, "" for the module
        self.bases: dict[str, str] = {}
        self.sources: dict[tuple[str, str], Unit] = {}  # by name and text
        self._known = known or {}
        self._dumped: dict[str, dict[str, ast.stmt]] = {}
        self._lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")  # as Python counts them
        for prefix, node in _outer(tree.body, ""):
            if isinstance(node, Def):
                self._add(path, prefix + node.name, node)
            elif isinstance(node, ast.ClassDef):
                self.statements[prefix + node.name] = []
                self.bases[prefix + node.name] = _dump([*node.bases, *node.keywords, *node.decorator_list])
            else:
                self.statements[prefix.rstrip(".")].append(node)

    def dumped(self, owner: str, statements: Sequence[ast.stmt]) -> Mapping[str, ast.stmt]:
        """The statements by what they say; once for the base, which is compared with candidate after candidate."""
        if owner not in self._dumped:
            self._dumped[owner] = {_dump([node]): node for node in statements}
        return self._dumped[owner]

    def _add(self, path: str, name: str, node: Def) -> None:
        source = name, "\n".join(self._lines[_first_line(node) - 1 : node.end_lineno])
        known = self._known.get(source)
        unit = replace(known, line=node.lineno) if known else _unit(path, name, node)
        self.sources[source] = unit
        same = self.units.get(name)  # a property's getter and setter, or versions of a function under `if`
        if same is not None:
            unit = Unit(
                path,
                name,
                same.line,
                same.parameters,
                same.dump + unit.dump,
                same.signature + unit.signature,
                same.mentions | unit.mentions,
                same.stores | unit.stores,
                same.shapes | unit.shapes,
                same.decorators | unit.decorators,
                same.optional | unit.optional,
                same.made | unit.made,
            )
        self.units[name] = unit


_read = functools.lru_cache(maxsize=16)(_Module)  # the base's files, for candidate after candidate


def _first_line(node: Def) -> int:
    return min([node.lineno, *(each.lineno for each in node.decorator_list)])


def _outer(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, ast.stmt]]:
    """The statements outside of functions, those of classes and of `if`, `try` and `with` included."""
    for node in body:
        yield prefix, node
        if isinstance(node, ast.ClassDef):
            yield from _outer(node.body, f"{prefix}{node.name}.")
        elif not isinstance(node, Def):
            for name in ("body", "orelse", "finalbody"):
                yield from _outer(getattr(node, name, None) or [], prefix)
            for handler in getattr(node, "handlers", []):
                yield from _outer(handler.body, prefix)


def _unit(path: str, name: str, node: Def) -> Unit:
    inside = list(ast.walk(node))
    arguments = node.args
    mentions = {n.id for n in inside if isinstance(n, ast.Name)} | {
        n.attr for n in inside if isinstance(n, ast.Attribute)
    }
    return Unit(
        path=path,
        name=name,
        line=node.lineno,
        parameters=tuple(each.arg for each in [*arguments.posonlyargs, *arguments.args]),
        dump=_dump([node]),
        signature=_signature(arguments),
        mentions=frozenset(mentions),
        stores=frozenset(n.attr for n in inside if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)),
        shapes=frozenset(shape for n in inside for shape in _shapes(n)),
        decorators=frozenset(_last_name(each) for each in node.decorator_list),
        optional=frozenset(name for n in inside for name in _compared_with_none(n)),
        made=frozenset(_made(node)),
    )


def _made(node: Def) -> Iterator[str]:
    """The text of each function defined in it that it gives back: a factory's, a decorator's."""
    own = list(own_nodes(node))
    given = [n for each in own if isinstance(each, ast.Return) and each.value for n in _given(each.value)]
    named = {n.id for n in given if isinstance(n, ast.Name)}
    yield from (_dump([each]) for each in own if isinstance(each, Def) and each.name in named)
    yield from (_dump([each]) for each in given if isinstance(each, ast.Lambda))


def _given(value: ast.expr) -> Iterator[ast.expr]:
    """What an expression may give as it is: itself, parts of tuples and alternatives, what a wrapper is put around."""
    if isinstance(value, ast.IfExp):
        parts = [value.body, value.orelse]
    elif isinstance(value, (ast.Tuple, ast.List)):
        parts = value.elts
    elif isinstance(value, ast.Call) and (isinstance(value.func, ast.Call) or _last_name(value.func) in WRAPPERS):
        parts = value.args
    else:
        parts = []
        yield value
    for part in parts:
        yield from _given(part)


def _shapes(node: ast.AST) -> Iterator[str]:
    """Private attributes that a statement assigns a new container, with the kind of it."""
    if not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None:
        return
    name = _last_name(node.value) if isinstance(node.value, ast.Call) else ""
    kind = name if name in MAKERS else SHAPES.get(type(node.value))
    for each in node.targets if isinstance(node, ast.Assign) else [node.target]:
        if kind and isinstance(each, ast.Attribute) and each.attr.startswith("_"):
            yield f"{each.attr}: {kind}"


def _compared_with_none(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Compare) and isinstance(node.left, ast.Name):
        right = node.comparators[0]
        if isinstance(node.ops[0], (ast.Is, ast.IsNot)) and isinstance(right, ast.Constant) and right.value is None:
            yield node.left.id


def _dump(nodes: Sequence[ast.AST]) -> str:
    return "\n".join(ast.dump(node) for node in nodes)


def _signature(arguments: ast.arguments) -> str:
    """Names and kinds of the parameters and which may be left out; not their annotations and defaults."""
    positional = [*arguments.posonlyargs, *arguments.args]
    names = [each.arg for each in positional]
    star = arguments.vararg.arg if arguments.vararg else ""
    return repr(
        (len(arguments.posonlyargs), names, len(arguments.defaults), star, [a.arg for a in arguments.kwonlyargs])
    )


def _last_name(node: ast.expr) -> str:
    while isinstance(node, ast.Call):
        node = node.func
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _changed(before: _Module, after: _Module) -> set[str]:
    """Names of the base's functions that the edit changes: their text, their class's, or a variable that they use."""
    changed = {n for n, unit in before.units.items() if n not in after.units or after.units[n].dump != unit.dump}
    for owner, statements in before.statements.items():
        now = after.statements.get(owner, [])
        names = _assigned_differently(before.dumped(owner, statements), after.dumped(owner, now))
        if owner and (after.bases.get(owner) != before.bases.get(owner)):
            changed |= {name for name, unit in before.units.items() if unit.owner == owner}
        changed |= {name for name, unit in before.units.items() if unit.mentions & names}
    return changed


def _assigned_differently(before: Mapping[str, ast.stmt], after: Mapping[str, ast.stmt]) -> set[str]:
    changed = [n for text, n in before.items() if text not in after]
    changed += [n for text, n in after.items() if text not in before]
    simple = [node for node in changed if not isinstance(node, (ast.If, ast.Try, ast.With, ast.For, ast.While))]
    names = {each.id for node in simple for each in ast.walk(node) if isinstance(each, ast.Name) and _is_stored(each)}
    imports = [node for node in changed if isinstance(node, (ast.Import, ast.ImportFrom))]
    return names | {(each.asname or each.name).partition(".")[0] for node in imports for each in node.names}


def _is_stored(node: ast.Name) -> bool:
    return isinstance(node.ctx, (ast.Store, ast.Del))


def _boundary(before: _Module, after: _Module, changed: set[str]) -> tuple[list[Unit], dict[str, str]]:
    """The functions to compare: the changed ones, and for those that nobody outside should call, their callers."""
    chosen: dict[str, Unit] = {}
    left_out: dict[str, str] = {}
    for name in sorted(changed):
        unit, now = before.units[name], after.units.get(name)
        callers = [each for each in before.units.values() if unit.own in each.mentions and each.name != name]
        gone = "is gone" if now is None else "has another signature" if now.signature != unit.signature else ""
        inner = unit.is_private and callers and all(each.name in changed for each in callers)
        # Of the code of a function that is given back nothing could be said but that it is another one.
        decorated = [each for each in before.units.values() if unit.own in each.decorators and each.name in after.units]
        users = [each for each in callers if not each.made]  # what the others make may hold it
        makes = _makes(unit, after) and bool(users)
        if makes:
            callers = users
        indirect = "makes functions, compared through its callers" if makes else ""
        indirect = "a decorator, compared through what it decorates" if decorated else indirect
        indirect = indirect or ("private, compared through its callers" if inner else "")
        if gone or indirect:
            left_out[unit.function.key] = gone or indirect
        else:
            chosen[name] = unit
        chosen |= {each.name: each for each in decorated[:MOST_CALLERS]}
        if gone or makes or unit.is_private:
            chosen |= {each.name: each for each in callers[:MOST_CALLERS] if each.name in after.units}
    kept = [unit for unit in chosen.values() if unit.function.key not in left_out]
    return kept, left_out


def units_of(path: str, text: str) -> list[Unit]:
    """The functions of a file; none of one that does not parse."""
    with suppress(SyntaxError):
        return list(_read(path, text).units.values())
    return []


def bases_of(path: str, text: str) -> dict[str, set[str]]:
    """The last names of the classes of a file, with all names that stand in their bases."""
    with suppress(SyntaxError):
        bases = _read(path, text).bases.items()
        return {name.rpartition(".")[2]: set(re.findall(r"(?:id|attr)='(\w+)'", dump)) for name, dump in bases}
    return {}


def _makes(unit: Unit, after: _Module) -> bool:
    """Does it give back another function of its own than before? Its code says so, and nothing of what it does."""
    now = after.units.get(unit.name)
    return now is not None and now.made != unit.made


def _decorated_by(unit: Unit, module: _Module, others: Others) -> list[Unit]:
    """The functions of other files that a decorator stands above, or one that is made with what it gives back."""
    found: dict[str, Unit] = {}
    for name in (unit.own, *_makers_with(unit, module)):
        for path, text in others(name):
            found |= {each.function.key: each for each in units_of(path, text) if name in each.decorators}
    return list(found.values())[:MOST_DECORATED]


def _makers_with(unit: Unit, module: _Module) -> list[str]:
    """The functions of its file that give back one of their own and call it, or one that does."""
    makers = [each for each in module.units.values() if each.made]
    found: list[str] = []
    waiting = [unit.own]
    while waiting:
        name = waiting.pop()
        more = [each.own for each in makers if name in each.mentions and each.own not in (unit.own, *found)]
        found += more
        waiting += more
    return found


def _reshaped(before: _Module, after: _Module) -> dict[str, frozenset[str]]:
    """Classes whose instances are made or stored otherwise (other bases, other slots or fields, other attributes), with
    the attributes that are gone or are other containers."""
    found = {}
    for name, bases in before.bases.items():
        old, new = _fields(before, name), _fields(after, name)
        if after.bases.get(name) != bases or old != new:
            found[name] = frozenset(each.partition(":")[0] for each in old - new)
    return found


def _fields(module: _Module, name: str) -> set[str]:
    """Attributes that its constructors assign, the kinds of containers of private ones, slots, a dataclass's fields."""
    makers = ("__init__", "__new__", "__post_init__", "__setstate__", "__getstate__", "__reduce__")
    own = [unit for maker in makers if (unit := module.units.get(f"{name}.{maker}"))]
    found = {each for unit in own for each in (*unit.stores, *unit.shapes)}
    for node in module.statements[name]:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
        elif isinstance(node, ast.Assign) and any(
            isinstance(t, ast.Name) and t.id == "__slots__" for t in node.targets
        ):
            found.add(_dump([node.value]))
    return found


def _added_state(before: _Module, after: _Module) -> list[str]:
    """Variables of modules and classes that only the new version has, and whose value can change."""
    found = []
    for owner, statements in after.statements.items():
        known = {name for node in before.statements.get(owner, []) for name, _ in _assignments(node)}
        for node in statements:
            names = [name for name, value in _assignments(node) if name not in known and _can_change(value)]
            found += [f"{owner}.{name}" if owner else name for name in names]
    return found


def _assignments(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.Assign):
        yield from ((target.id, node.value) for target in node.targets if isinstance(target, ast.Name))
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
        yield node.target.id, node.value


def _can_change(value: ast.expr) -> bool:
    if isinstance(value, ast.Constant):
        return value.value is None  # filled by somebody who says `global`
    return isinstance(value, STATEFUL) and not (isinstance(value, ast.Call) and _last_name(value) in CONSTANT_CALLS)


def _gained_cache(before: Unit | None, after: Unit) -> bool:
    return any(name in CACHES for name in after.decorators - (before.decorators if before else frozenset()))
