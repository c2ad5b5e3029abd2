"""A class and an attribute of it in, the methods and properties out whose code reads it, themselves or by others.

An edit that keeps something private in another kind of container changes what all of these find there, whether or not
it changes them.
"""

from __future__ import annotations

from llmopt.checks import edited
from llmopt.checks.edited import Others
from llmopt.checks.scratch import is_private

MAKERS = ("__init__", "__new__", "__post_init__", "__del__", "__init_subclass__", "__class_getitem__", "__setstate__")


def readers(holding: Others, kind: str, attribute: str) -> list[str]:
    """Names of the public ones of the class "module.Class" and its bases, by the texts of the files that hold the
    attribute; of all classes of these names."""
    name = kind.rpartition(".")[2]
    word = attribute.removeprefix(f"_{name.lstrip('_')}") if "__" in attribute else attribute  # as the text has it
    files = list(holding(word))
    classes = {name}
    bases: dict[str, set[str]] = {}
    for file in files:
        bases |= edited.bases_of(*file)
    while new := {base for each in classes for base in bases.get(each, ())} - classes:
        classes |= new
    units = [unit for file in files for unit in edited.units_of(*file) if unit.owner.rpartition(".")[2] in classes]
    found: set[str] = set()
    wanted = {word}
    while more := {unit.own for unit in units if unit.mentions & wanted} - found:
        found |= more
        wanted |= more
    return sorted(filter(is_use, found))


def is_use(name: str) -> bool:
    """Whether anybody may call such a method on an object that is made."""
    return not is_private(name) and name not in MAKERS
