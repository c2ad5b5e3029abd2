"""A parsed file and one function of it: who binds a name, who reads it, and where statements stand.

All questions are answered conservatively: where the text does not settle it, the answer is the one that makes a rule
leave the code alone.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache

import libcst as cst

from llmopt.models.rules.kinds import Kind

NESTED = (cst.FunctionDef, cst.ClassDef, cst.Lambda)
COMPREHENSIONS = (cst.ListComp, cst.SetComp, cst.DictComp, cst.GeneratorExp)
LOOPS = (cst.For, cst.While)
Loop = cst.For | cst.While

# What reads or writes local names behind the text: no rule touches a function that mentions one of them.
DYNAMIC = frozenset({"locals", "globals", "vars", "dir", "eval", "exec"})
FRAMES = frozenset({"_getframe", "currentframe", "f_locals"})

MUTATORS = frozenset(
    [
        "append",
        "extend",
        "insert",
        "remove",
        "pop",
        "clear",
        "sort",
        "reverse",
        "add",
        "discard",
        "update",
        "setdefault",
        "popitem",
        "intersection_update",
        "difference_update",
        "symmetric_difference_update",
        "appendleft",
        "popleft",
        "extendleft",
        "rotate",
        "__setitem__",
        "__delitem__",
    ]
)


@cache
def _fields(kind: type[cst.CSTNode]) -> tuple[str, ...]:
    formatting = ("whitespace", "lpar", "rpar", "leading_lines", "lines_after", "comma", "semicolon", "__slots__")
    return tuple(name for name in kind.__dataclass_fields__ if not name.startswith(formatting))


def children(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The parts of a node that mean something, in the order of the text; parentheses, commas and spaces left out."""
    for name in _fields(type(node)):
        value = getattr(node, name)
        if isinstance(value, cst.CSTNode):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from (item for item in value if isinstance(item, cst.CSTNode))


def walk(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The node and all below it, in the order of the text."""
    yield node
    for child in children(node):
        yield from walk(child)


def walk_scope(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """As `walk`, but stops at nested functions, classes and lambdas: they are given, not entered."""
    yield node
    for child in children(node):
        if isinstance(child, NESTED):
            yield child
        else:
            yield from walk_scope(child)


def targets(node: cst.CSTNode) -> Iterator[cst.Name]:
    """The names that an assignment target binds."""
    if isinstance(node, cst.Name):
        yield node
    elif isinstance(node, (cst.Tuple, cst.List)):
        for element in node.elements:
            yield from targets(element.value)


def binds(node: cst.CSTNode) -> Iterator[cst.Name]:
    """The names that this node itself binds, unbinds or declares."""
    match node:
        case (
            cst.AssignTarget()
            | cst.AugAssign()
            | cst.AnnAssign()
            | cst.For()
            | cst.CompFor()
            | cst.NamedExpr()
            | cst.Del()
        ):
            yield from targets(node.target)
        case cst.Param() | cst.FunctionDef() | cst.ClassDef() | cst.NameItem() | cst.TypeAlias():
            yield from targets(node.name)
        case cst.AsName():
            yield from targets(node.name)
        case cst.ImportAlias(asname=None):
            root = node.name
            while isinstance(root, cst.Attribute):
                root = root.value  # type: ignore[assignment]  # a dotted name is made of names only
            yield from targets(root)
        case cst.MatchAs(name=cst.Name() as name) | cst.MatchStar(name=cst.Name() as name):
            yield name
        case cst.MatchMapping(rest=cst.Name() as name):
            yield name


def _written(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    match node:
        case (
            cst.AssignTarget(target=target)
            | cst.AugAssign(target=target)
            | cst.AnnAssign(target=target)
            | cst.Del(target=target)
            | cst.For(target=target)
            | cst.CompFor(target=target)
            | cst.AsName(name=target)
        ):
            yield from _leaves(target)


def _leaves(target: cst.CSTNode) -> Iterator[cst.CSTNode]:
    if isinstance(target, (cst.Tuple, cst.List)):
        for element in target.elements:
            yield from _leaves(element.value)
    else:
        yield target


def bound_names(node: cst.CSTNode) -> frozenset[str]:
    return frozenset(name.value for part in walk_scope(node) for name in binds(part))


def parameters(function: cst.FunctionDef | cst.Lambda) -> Iterator[cst.Param]:
    for node in walk_scope(function.params):
        if isinstance(node, cst.Param):
            yield node


def _changes(node: cst.CSTNode) -> Iterator[str]:
    match node:
        case cst.Attribute(value=cst.Name(value=name), attr=cst.Name(value=method)) if method in MUTATORS:
            yield name
        case cst.AugAssign(target=cst.Name(value=name)):
            yield name
        case (
            cst.AssignTarget(target=cst.Subscript(value=cst.Name(value=name)))
            | cst.AugAssign(target=cst.Subscript(value=cst.Name(value=name)))
            | cst.Del(target=cst.Subscript(value=cst.Name(value=name)))
        ):
            yield name


def _free_names(node: cst.CSTNode) -> frozenset[str]:
    """Names that a nested function, class or lambda may take from around it."""
    body = [part for child in children(node) for part in walk(child)]
    names = {part.value for part in body if isinstance(part, cst.Name)}
    if not isinstance(node, cst.Lambda):
        return frozenset(names)
    return frozenset(names - {param.name.value for param in parameters(node)})


def _is_read_or_written(name: cst.Name, parent: cst.CSTNode) -> bool:
    match parent:
        case cst.Attribute():
            return parent.value is name
        case cst.Arg():
            return parent.keyword is not name
        case cst.ImportAlias() | cst.Param() | cst.NameItem() | cst.FunctionDef() | cst.ClassDef():
            return False
    return True


@dataclass(frozen=True)
class Facts:
    """What is asked of a whole file: all words of its text, and the names bound at its level or declared global."""

    words: frozenset[str]
    names: frozenset[str]
    has_star_import: bool
    constants: Mapping[str, cst.BaseExpression]


@lru_cache(maxsize=4)
def facts_of(module: cst.Module) -> Facts:
    inside = list(walk(module))
    level = list(walk_scope(module))
    bound = Counter(name.value for node in level for name in binds(node))
    declared = frozenset(item.name.value for node in inside if isinstance(node, cst.Global) for item in node.names)
    changed = frozenset(name for node in inside for name in _changes(node))
    pairs = (pair for statement in module.body if (pair := assignment(statement)))
    displays = {name: value for name, value in pairs if _is_display(value)}
    safe = {name for name in displays if bound[name] == 1 and name not in declared | changed}
    return Facts(
        words=frozenset(re.findall(r"\w+", module.code)),
        names=frozenset(bound) | declared,
        has_star_import=any(isinstance(node, cst.ImportStar) for node in level),
        constants={name: displays[name] for name in safe},
    )


def _is_display(node: cst.BaseExpression) -> bool:
    return isinstance(node, (cst.List, cst.Tuple, cst.Set, cst.Dict))


@dataclass(frozen=True)
class Scene:
    """One function (or the module's own level) of a parsed file, with the kinds of values seen in its arguments."""

    module: cst.Module
    scope: cst.FunctionDef | cst.Module
    outside: tuple[cst.CSTNode, ...] = ()  # the functions and classes around it, outermost first
    observed: Mapping[str, Kind] = field(default_factory=dict)
    claimed: set[str] = field(default_factory=set)  # new names given out by `fresh`; cleared before each rule

    @cached_property
    def nodes(self) -> tuple[cst.CSTNode, ...]:
        """All nodes of the function's own body, nested functions and classes not entered; lambdas neither."""
        return tuple(walk_scope(self.scope.body if isinstance(self.scope, cst.FunctionDef) else self.scope))

    @cached_property
    def order(self) -> dict[cst.CSTNode, int]:
        return {node: place for place, node in enumerate(self.nodes)}

    @cached_property
    def parents(self) -> dict[cst.CSTNode, cst.CSTNode]:
        return {child: node for node in self.nodes for child in children(node)}

    @cached_property
    def references(self) -> dict[str, list[cst.Name]]:
        """Where each name is read, written or deleted in the function's own body."""
        found: dict[str, list[cst.Name]] = {}
        for node in self.nodes:
            if isinstance(node, cst.Name) and _is_read_or_written(node, self.parents[node]):
                found.setdefault(node.value, []).append(node)
        return found

    @cached_property
    def bindings(self) -> dict[str, list[cst.CSTNode]]:
        """The nodes that bind each name in the function's own body (parameters are not among them)."""
        found: dict[str, list[cst.CSTNode]] = {}
        for node in self.nodes:
            for name in binds(node):
                found.setdefault(name.value, []).append(node)
        return found

    @cached_property
    def parameters(self) -> dict[str, cst.Param]:
        if isinstance(self.scope, cst.Module):
            return {}
        return {param.name.value: param for param in parameters(self.scope)}

    @cached_property
    def captured(self) -> frozenset[str]:
        """Names that nested functions, classes or lambdas may share with this function, or that it declares."""
        nested = (_free_names(node) for node in self.nodes if isinstance(node, NESTED))
        declared = {
            item.name.value
            for node in self.nodes
            if isinstance(node, (cst.Global, cst.Nonlocal))
            for item in node.names
        }
        return frozenset(declared).union(*nested)

    @cached_property
    def shadowed(self) -> frozenset[str]:
        """All names bound here or around here, so that a builtin of that name may be something else."""
        around = (bound_names(node) for node in self.outside)
        own = frozenset(self.bindings) | frozenset(self.parameters)
        return facts_of(self.module).names.union(own, *around)

    @cached_property
    def constants(self) -> dict[str, cst.BaseExpression]:
        """Displays of the module's level that the file binds once and changes nowhere."""
        facts = facts_of(self.module)
        return {name: value for name, value in facts.constants.items() if name not in self.enclosing_names}

    @cached_property
    def enclosing_names(self) -> frozenset[str]:
        inner = [node for node in self.outside if isinstance(node, cst.FunctionDef)]
        return frozenset().union(*(bound_names(node) for node in inner))

    @property
    def is_function(self) -> bool:
        return isinstance(self.scope, cst.FunctionDef)

    @cached_property
    def is_dynamic(self) -> bool:
        inside = list(walk(self.scope))
        attributes = {node.attr for node in inside if isinstance(node, cst.Attribute)}
        names = {node.value for node in inside if isinstance(node, cst.Name) and node not in attributes}
        return bool(names & (DYNAMIC | FRAMES)) or any(name.value in FRAMES for name in attributes)

    @cached_property
    def suspends(self) -> bool:
        """Whether other code may run in the midst of this function: a generator or a coroutine."""
        return any(isinstance(node, (cst.Yield, cst.Await)) for node in self.nodes)

    @cached_property
    def written(self) -> tuple[cst.CSTNode, ...]:
        """What the function or one inside it gives another value or deletes: names, attributes, items."""
        return tuple(leaf for node in walk(self.scope) for leaf in _written(node))

    def fresh(self, name: str) -> str:
        """A name that occurs nowhere in the file, made from `name`."""
        new, number = name, 2
        while (
            new in facts_of(self.module).words
            or new in self.claimed
            or hasattr(builtins, new)
            or keyword.iskeyword(new)
        ):
            new, number = f"{name}_{number}", number + 1
        self.claimed.add(new)
        return new

    def is_builtin(self, node: cst.CSTNode, *names: str) -> bool:
        """Whether the node is one of these names and means Python's own."""
        if not isinstance(node, cst.Name) or node.value not in names:
            return False
        return node.value not in self.shadowed and not facts_of(self.module).has_star_import

    def call_of(self, node: cst.CSTNode, *names: str) -> cst.Call | None:
        """The node as a call of one of these builtins with plain positional arguments, or None."""
        if isinstance(node, cst.Call) and self.is_builtin(node.func, *names) and plain(node.args):
            return node
        return None

    def is_local(self, name: str) -> bool:
        """Whether nothing but the text of this function can bind or read the name."""
        if not self.is_function or name in self.captured:
            return False
        return name in self.bindings or name in self.parameters

    def ancestors(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        while (parent := self.parents.get(node)) is not None:
            yield parent
            node = parent

    def is_inside(self, node: cst.CSTNode, outer: cst.CSTNode) -> bool:
        return node is outer or any(ancestor is outer for ancestor in self.ancestors(node))

    def references_in(self, name: str, outer: cst.CSTNode) -> list[cst.Name]:
        return [node for node in self.references.get(name, []) if self.is_inside(node, outer)]

    def is_bound_in(self, name: str, outer: cst.CSTNode) -> bool:
        return any(self.is_inside(binder, outer) for binder in self.bindings.get(name, []))

    def block_of(self, statement: cst.CSTNode) -> Sequence[cst.CSTNode] | None:
        """The statements among which this one stands, when it stands on lines of its own."""
        parent = self.parents.get(statement)
        return parent.body if isinstance(parent, (cst.IndentedBlock, cst.Module)) else None

    def statement_of(self, node: cst.CSTNode) -> cst.CSTNode | None:
        """The innermost statement around the node that can have a new statement put before it."""
        for candidate in (node, *self.ancestors(node)):
            if self.block_of(candidate) is not None:
                return candidate
        return None

    def before(self, statement: cst.CSTNode) -> Sequence[cst.CSTNode]:
        """The statements of the same block that come before this one."""
        block = self.block_of(statement) or ()
        places = [place for place, other in enumerate(block) if other is statement]
        return block[: places[0]] if places else ()

    def is_bound_before(self, name: str, statement: cst.CSTNode) -> bool:
        """Whether the name certainly has a value when the statement starts."""
        if any(isinstance(binder, cst.Del) for binder in self.bindings.get(name, [])):
            return False
        if name in self.parameters:
            return True
        certain = [part for outer in (statement, *self.ancestors(statement)) for part in self.before(outer)]
        return any(target == name for line in certain for target in assigned(line))

    def is_guarded(self, statement: cst.CSTNode) -> bool:
        """Whether an exception in the statement may be caught in this function, or swallowed by a `with`."""
        return any(isinstance(outer, (cst.Try, cst.TryStar, cst.With)) for outer in self.ancestors(statement))

    def code(self, node: cst.CSTNode) -> str:
        return self.module.code_for_node(node)


def plain(arguments: Sequence[cst.Arg]) -> bool:
    return all(not argument.star and argument.keyword is None for argument in arguments)


def only(statement: cst.CSTNode) -> cst.CSTNode:
    """The one small statement of a line, or the statement itself."""
    if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1:
        return statement.body[0]
    return statement


def assigned(statement: cst.CSTNode) -> Iterator[str]:
    """The plain names that a statement surely gives a value."""
    match only(statement):
        case cst.Assign(targets=lefts):
            yield from (name.value for left in lefts for name in targets(left.target))
        case cst.AnnAssign(target=cst.Name(value=name), value=cst.BaseExpression()):
            yield name


def assignment(statement: cst.CSTNode) -> tuple[str, cst.BaseExpression] | None:
    """`name = value` (annotated or not) on a line of its own."""
    match only(statement):
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=value):
            return name, value
        case cst.AnnAssign(target=cst.Name(value=name), value=cst.BaseExpression() as value):
            return name, value
    return None


def statements(body: cst.CSTNode) -> Sequence[cst.CSTNode]:
    """The statements of a body, whether on lines of their own or after the colon."""
    return body.body if isinstance(body, (cst.IndentedBlock, cst.SimpleStatementSuite)) else ()


def method_call(node: cst.CSTNode, *methods: str) -> tuple[cst.BaseExpression, str, Sequence[cst.Arg]] | None:
    """`receiver.method(plain arguments)` as (receiver, method, arguments)."""
    match node:
        case cst.Call(func=cst.Attribute(value=receiver, attr=cst.Name(value=method)), args=arguments):
            if method in methods and plain(arguments):
                return receiver, method, arguments
    return None


def is_name(node: cst.CSTNode | None, name: str) -> bool:
    return isinstance(node, cst.Name) and node.value == name
