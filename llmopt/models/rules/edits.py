"""Edits that rules yield, and the one place that applies them to a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import libcst as cst

from llmopt.models.rules.scene import Scene, bound_names, facts_of, only, walk

Swap = tuple[cst.CSTNode, tuple[cst.CSTNode, ...]]


@dataclass(frozen=True)
class Edit:
    """One site: nodes of the file and what takes their place (nothing, one node, or several statements).

    A node among its own replacements stands for itself with the other swaps of the edit made inside it.
    `explanation` says what becomes of what; `definitions` are statements that the module's level needs for it;
    `faster` are the nodes that stay as they are and gain all the same; with `loops`, all that can be gained is what it
    takes to go round these loops.
    """

    swaps: tuple[Swap, ...]
    explanation: str
    definitions: tuple[str, ...] = ()
    faster: tuple[cst.CSTNode, ...] = ()
    loops: tuple[cst.For, ...] = ()


def swap(scene: Scene, old: cst.CSTNode, new: cst.CSTNode, definitions: Sequence[str] = ()) -> Edit:
    """The plainest edit: one node for another, explained by showing both."""
    explanation = f"`{shown(scene, old)}` becomes `{shown(scene, new)}`"
    return Edit(((old, (new,)),), explanation, tuple(definitions))


def retyped(statement: cst.CSTNode, name: str, args: Sequence[cst.Arg] = ()) -> cst.CSTNode | None:
    """`name: list[X] = ...` of a function as `name: set[X] = set()` (or another container); None where it is annotated
    as something else. Python does not evaluate annotations of local names."""
    line = only(statement)
    if not isinstance(line, (cst.Assign, cst.AnnAssign)):
        return None
    made = line.with_changes(value=cst.Call(cst.Name(name), list(args)))
    if isinstance(line, cst.Assign):
        return made
    annotation = _retyped_annotation(line.annotation.annotation, name)
    return made.with_changes(annotation=cst.Annotation(annotation)) if annotation is not None else None


def _retyped_annotation(node: cst.BaseExpression, name: str) -> cst.BaseExpression | None:
    match node:
        case cst.Name(value="list" | "List"):
            return cst.Name(name)
        case cst.Attribute(value=cst.Name(value="typing" | "t"), attr=cst.Name(value="List")):
            return cst.Name(name)
        case cst.Subscript(value=value) if (outer := _retyped_annotation(value, name)) is not None:
            return node.with_changes(value=outer)
    return None


def shown(scene: Scene, node: cst.CSTNode) -> str:
    """The first line of a node's code, shortened."""
    bare = (
        node.with_changes(leading_lines=())
        if isinstance(node, (cst.BaseCompoundStatement, cst.SimpleStatementLine))
        else node
    )
    line = scene.code(bare).strip().partition("\n")[0]
    return line if len(line) <= 80 else line[:77] + "..."


def apply(scene: Scene, edits: Iterable[Edit]) -> tuple[cst.Module, list[Edit]]:
    """The module with the edits made, and which were: overlapping ones, and ones that lose a comment, are not."""
    made: list[Edit] = []
    swaps: dict[cst.CSTNode, tuple[cst.CSTNode, ...]] = {}
    touched: set[cst.CSTNode] = set()
    for edit in edits:
        inside = {node for old, _ in edit.swaps for node in walk(old)}
        if inside & touched or _loses_comment(scene, edit) or _place(scene.module, edit.definitions) is None:
            continue
        made.append(edit)
        touched |= inside
        swaps.update(edit.swaps)
    if not made:
        return scene.module, []
    visited = scene.module.visit(_Swapper(swaps, _holders(scene, swaps)))
    assert isinstance(visited, cst.Module)
    return _define(visited, list(dict.fromkeys(line for edit in made for line in edit.definitions))), made


class _Swapper(cst.CSTTransformer):
    """Puts new nodes in the place of old ones, found by identity; enters only what holds one."""

    def __init__(self, swaps: Mapping[cst.CSTNode, tuple[cst.CSTNode, ...]], holders: set[cst.CSTNode]) -> None:
        super().__init__()
        self.swaps = swaps
        self.holders = holders

    def on_visit(self, node: cst.CSTNode) -> bool:
        return node in self.holders

    def on_leave(  # type: ignore[override]  # the base class is typed by overloads per node
        self, original_node: cst.CSTNode, updated_node: cst.CSTNode
    ) -> cst.CSTNode | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNode]:
        new = self.swaps.get(original_node)
        if new is None:
            return updated_node
        placed = [updated_node if node is original_node else node for node in new]
        if len(placed) == 1:
            return placed[0]
        return cst.FlattenSentinel(placed) if placed else cst.RemoveFromParent()


def _holders(scene: Scene, swaps: Iterable[cst.CSTNode]) -> set[cst.CSTNode]:
    """The nodes on the way from the module to the swapped ones."""
    around = {outer for node in swaps for outer in scene.ancestors(node)}
    return around | {scene.module, scene.scope, scene.scope.body, *_way_to(scene)} if scene.is_function else around  # type: ignore[arg-type]


def _way_to(scene: Scene) -> set[cst.CSTNode]:
    """The compound statements between the module and the function: all that hold it."""

    def holds(node: cst.CSTNode) -> bool:
        found = node is scene.scope or any(holds(child) for child in node.children)
        if found:
            way.add(node)
        return found

    way: set[cst.CSTNode] = set()
    holds(scene.module)
    return way


def _comments(nodes: Iterable[cst.CSTNode]) -> Counter[str]:
    found: Counter[str] = Counter()
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if isinstance(node, cst.Comment):
            found[node.value] += 1
        waiting.extend(node.children)
    return found


def _loses_comment(scene: Scene, edit: Edit) -> bool:
    old = _comments(node for node, _ in edit.swaps)
    return bool(old) and not old <= _comments(node for _, new in edit.swaps for node in new)


def _is_import(statement: cst.CSTNode) -> bool:
    return isinstance(statement, cst.SimpleStatementLine) and all(
        isinstance(part, (cst.Import, cst.ImportFrom)) for part in statement.body
    )


def _header(module: cst.Module) -> int:
    """Where the imports end: after the last one before the first function or class; after the docstring if none."""
    end = 0
    for place, statement in enumerate(module.body):
        if isinstance(statement, (cst.FunctionDef, cst.ClassDef)):
            break
        if _is_import(statement):
            end = place + 1
    return end or int(module.get_docstring() is not None)


def _place(module: cst.Module, definitions: Sequence[str]) -> int | None:
    """Where new definitions go, or None when an import they need does not stand before that place."""
    place = _header(module)
    needed = {"re" for line in definitions if "= re.compile(" in line}
    bound = frozenset().union(*(bound_names(part) for part in module.body[:place] if _is_import(part)))
    return place if needed <= bound else None


def _define(module: cst.Module, lines: Sequence[str]) -> cst.Module:
    """Puts the definitions after the imports, new imports first, a blank line around constants."""
    present = {module.code_for_node(part).strip() for part in module.body if _is_import(part)}
    ordered = sorted((line for line in lines if line not in present), key=lambda line: not _imports(line))
    place = _header(module)
    parsed = [cst.parse_statement(line, config=module.config_for_parsing) for line in ordered]
    first = next((part for part, line in zip(parsed, ordered, strict=True) if not _imports(line)), None)
    spaced = [_with_blank_line(part) if part is first and place else part for part in parsed]
    if not spaced:
        return module
    return module.with_changes(body=[*module.body[:place], *spaced, *module.body[place:]])


def _imports(line: str) -> bool:
    return line.startswith(("from ", "import "))


def _with_blank_line(statement: cst.CSTNode) -> cst.CSTNode:
    return statement.with_changes(leading_lines=(cst.EmptyLine(indent=False), *statement.leading_lines))  # type: ignore[attr-defined]


def needs_import(scene: Scene, module: str, name: str) -> tuple[str, tuple[str, ...]] | None:
    """How to write `module.name`, and the import to add for it; None when the name is taken by something else."""
    line = f"from {module} import {name}"
    for statement in scene.module.body[: _header(scene.module)]:
        if _is_import(statement) and _brings(scene, statement, module, name):
            hidden = name in scene.bindings or name in scene.parameters or name in scene.enclosing_names
            return None if hidden else (name, ())
    return None if name in facts_of(scene.module).words else (name, (line,))


def _brings(scene: Scene, statement: cst.CSTNode, module: str, name: str) -> bool:
    for part in statement.body:  # type: ignore[attr-defined]
        match part:
            case cst.ImportFrom(module=cst.Name(value=source), names=names, relative=()) if source == module:
                if not isinstance(names, cst.ImportStar) and any(
                    alias.asname is None and alias.evaluated_name == name for alias in names
                ):
                    return True
    return False
