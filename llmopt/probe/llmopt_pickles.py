"""Write the arguments of the target's calls as bytes and read them back, functions made at run time included.

Both happen in processes of the target only. A function that its module has by name goes by that name; a lambda, a
closure or a function of a script goes by value: its code, defaults, cells and the globals that it names. A constant
whose identity counts, such as `MISSING = object()` of a module, goes by its name too.
"""

import collections
import contextlib
import copyreg
import importlib
import marshal
import pickle
import sys
import types
import warnings

import llmopt_made

PROTOCOL = 4  # the same bytes can be read by every Python of a target
# itertools' iterators can be pickled in these, with a warning that is not the program's.
WARNS = (3, 12) <= sys.version_info < (3, 14)


class TooLargeError(Exception):
    """The arguments take more bytes than allowed."""


class _Bounded:
    def __init__(self, most):
        self.parts = []
        self.left = most

    def write(self, data):
        self.left -= len(data)
        if self.left < 0:
            raise TooLargeError("larger than allowed")
        self.parts.append(bytes(data))


class _Pickler(pickle.Pickler):
    def __init__(self, stream):
        super().__init__(stream, PROTOCOL)
        self.kinds = set()

    def reducer_override(self, value):
        kind = type(value)
        if kind is types.FunctionType:
            return NotImplemented if found_by_name(value) else _function_by_value(value)
        if kind is types.ModuleType:
            return importlib.import_module, (value.__name__,)
        if isinstance(value, type):
            if value.__module__ == "__main__":
                raise pickle.PicklingError("class %s of the script" % value.__qualname__)
            base = llmopt_made.base_of(value)
            return (llmopt_made.subclass_of, (base,)) if base else NotImplemented
        self.kinds.add(kind)
        name = singletons.name(value)
        return (_named, name) if name else _without_constructor(kind, value)


def _without_constructor(kind, value):
    """For a subclass of OrderedDict: as `object` does it. Its own way calls the class without arguments, and many want
    some (dictionaries that stand for nodes of a syntax tree); such an object could not be made again."""
    if kind.__reduce__ is not collections.OrderedDict.__reduce__ or kind.__init__ is collections.OrderedDict.__init__:
        return NotImplemented
    state = kind.__getstate__(value) if hasattr(kind, "__getstate__") else vars(value)
    items = ((key, dict.__getitem__(value, key)) for key in collections.OrderedDict.__iter__(value))
    return (copyreg.__newobj__, (kind,), state or None, None, items, _give_state)


def _give_state(value, state):
    """As unpickling does it, but for asking the instance: many nodes have an answer to every name."""
    own = getattr(type(value), "__setstate__", None)
    if own:
        own(value, state)
        return
    attributes, slots = state if isinstance(state, tuple) else (state, None)
    vars(value).update(attributes or {})
    for name, each in (slots or {}).items():
        object.__setattr__(value, name, each)


def dump(value, most_bytes):
    """The value as bytes, and the types of the objects in it but for plain data. Raises whatever pickling raises."""
    stream = _Bounded(most_bytes)
    pickler = _Pickler(stream)
    with _quiet():
        pickler.dump(value)
    return b"".join(stream.parts), pickler.kinds


def numbered(value):
    """The value as bytes, and {id: (number, object)} of the objects in it in the order in which they are met."""
    stream = _Bounded(sys.maxsize)
    pickler = _Pickler(stream)
    with _quiet():
        pickler.dump(value)
    return b"".join(stream.parts), pickler.memo.copy()


def load(data):
    with _quiet():
        return pickle.loads(data)


@contextlib.contextmanager
def _quiet():
    if not WARNS:
        yield
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def reason(problem):
    """Why a value cannot be recorded, in a few words."""
    if isinstance(problem, TooLargeError):
        return "too large"
    return " ".join(str(problem).split())[:80] or type(problem).__name__


def found_by_name(function):
    """Can another process find this function under its name? It may be wrapped there, as by a recorder."""
    module = sys.modules.get(function.__module__ or "")
    if module is None or function.__module__ == "__main__":
        return False
    found = module
    for name in function.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is function or getattr(found, "__wrapped__", None) is function


class Singletons:
    """Finds the names of constants that are objects of no built-in type, and cannot be changed.

    The program compares such ones by identity, which a copy would not have. Those of a package are searched for in its
    modules, their classes, and the attributes of such constants.
    """

    FRUITLESS = 20  # searches for one type

    def __init__(self):
        self.found = {}
        self.fruitless = {}

    def name(self, value):
        """(module, dotted name), None for a value that is no such constant."""
        kind = type(value)
        if kind is not object and not issubclass(kind, (tuple, str, bytes, int, float, frozenset)):
            return None
        if id(value) not in self.found and self.fruitless.get(kind, 0) < self.FRUITLESS:
            self._search(kind)
            if id(value) not in self.found:
                self.fruitless[kind] = self.fruitless.get(kind, 0) + 1
        held, *name = self.found.get(id(value), (None,))
        return tuple(name) if held is value else None

    def _search(self, kind):
        package = kind.__module__.partition(".")[0]
        modules = [
            (name, module)
            for name, module in list(sys.modules.items())
            if type(module) is types.ModuleType
            and name != "__main__"
            and (kind is object or name.partition(".")[0] == package)
        ]
        for name, module in sorted(modules, key=lambda pair: (pair[0] != kind.__module__, pair[0])):
            self._add_all(kind, name, "", vars(module))

    def _add_all(self, kind, module, prefix, names):
        for name, value in list(names.items()):
            if type(value) is kind and id(value) not in self.found:
                self.found[id(value)] = (value, module, prefix + name)
                self._add_all(kind, module, prefix + name + ".", getattr(value, "__dict__", {}))
            elif isinstance(value, type) and not prefix and value.__module__ == module:
                self._add_all(kind, module, name + ".", vars(value))


singletons = Singletons()


def _named(module, name):
    found = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def _function_by_value(function):
    code = function.__code__
    cells = [_cell(cell) for cell in function.__closure__ or ()]
    names = _global_names(code)
    state = {
        "globals": {name: function.__globals__[name] for name in names if name in function.__globals__},
        "cells": cells,
        "defaults": function.__defaults__,
        "kwdefaults": function.__kwdefaults__,
        "attributes": {
            "__qualname__": function.__qualname__,
            "__module__": function.__module__,
            **function.__dict__,
        },
    }
    # The state is written after the function itself, which it may contain.
    return _function, (marshal.dumps(code), function.__name__, len(cells)), state, None, None, _fill


def _cell(cell):
    try:
        return (cell.cell_contents,)
    except ValueError:  # it is not filled yet
        return ()


def _global_names(code):
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _global_names(constant)
    return sorted(names)


def _function(code, name, cells):
    names = {"__builtins__": __builtins__}
    empty = tuple(types.CellType() for _ in range(cells))
    return types.FunctionType(marshal.loads(code), names, name, None, empty)


def _fill(function, state):
    function.__globals__.update(state["globals"])
    for cell, content in zip(function.__closure__ or (), state["cells"]):  # noqa: B905 (3.10 and later)
        if content:
            cell.cell_contents = content[0]
    function.__defaults__ = state["defaults"]
    function.__kwdefaults__ = state["kwdefaults"]
    for name, value in state["attributes"].items():
        setattr(function, name, value)
