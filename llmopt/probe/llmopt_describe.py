"""Describe values of the target as plain JSON, so strictly that what behaves differently is described differently.

A node is null, true, false, an integer, or a list that begins with the name of what it is:

    ["str", text]  ["float", hex]  ["int", hex]  ["bytes", hex]  ["text", length, digest, head]  ["complex", ...]
    ["list", N, items]  ["tuple", items]  ["dict", N, pairs]  ["set", N, sorted items]  ["frozenset", items]
    ["object", N, class, content, attributes]  ["array", N, class, dtype, shape, digest, head]
    ["drained", N, class, items, end]  ["function", name]  ["lambda", N, name, code, parts]  ["class", name]  ...
    ["ref", N]  what this walk has described already
    ["pattern", text, flags]  a regular expression, of which two that are equal are one
    ["opaque", class]  what cannot be compared

N is the number of a mutable object, in the order in which objects were first seen. Objects of the arguments are
numbered before the call, so that a result that is an argument, or a part of one, shows.
"""

import collections
import contextlib
import copyreg
import enum
import functools
import hashlib
import io
import itertools
import json
import logging
import os
import re
import sys
import types
import weakref

import llmopt_made
import llmopt_pickles

MOST_NODES = 200_000
MOST_DEPTH = 100
DRAINED = 1000  # items taken from an iterator
HEAD = 200  # characters or bytes shown of a long text
LONG = 2000  # from here on a text is told by its digest
PLAIN = (int, str, float, bool, bytes, type(None))
ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}")
GENERATOR_TYPES = (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType)
VIEWS = (type({}.keys()), type({}.values()), type({}.items()))
IMMUTABLE = (int, float, complex, str, bytes, tuple, frozenset)


class TooLargeError(Exception):
    """More nodes than anybody compares."""


def name_of(kind):
    return "%s.%s" % (kind.__module__, kind.__qualname__)


PLACES = []  # (folder, what stands for it): base and candidate are in folders of their own
LEFT_OUT, OF_MODULES = set(), set()  # names of attributes that are not described, of classes of these modules
ON_DEMAND = set()  # names of attributes that are read where no dictionary holds them: they may be made then


def anonymous(text):
    """The text without the names of the folders of this run."""
    for folder, name in PLACES:
        if folder in text:
            text = text.replace(folder, name)
    return text


def message(text):
    """A text in which addresses do not count."""
    return ADDRESS.sub("0x…", anonymous(str(text)))


def digest(data):
    return hashlib.sha256(data).hexdigest()[:32]


class Describer:
    """Numbers objects by identity, and keeps them alive so that no identity is used twice."""

    def __init__(self):
        self.numbers = {}
        self.numbered = 0
        self.known = None  # how many of these are objects of the first call's arguments
        self.drains = True  # before a call its iterators must be left as they are
        self.most_items, self.most_depth = sys.maxsize, MOST_DEPTH
        self.begin()

    @classmethod
    def brief(cls):
        """One that shows a value, not for comparison."""
        describer = cls()
        describer.drains, describer.most_items, describer.most_depth = False, 8, 4
        return describer

    def number_all(self, value):
        """Number the objects in a value: its bytes, by which a change shows, and the range of the numbers.

        The bytes are None if it cannot be written.
        """
        first = self.numbered
        try:
            data, memo = llmopt_pickles.numbered(value)
        except Exception:  # whatever the program's classes raise: it is walked then
            drains, self.drains = self.drains, False
            self.nodes(value)
            self.drains = drains
            return None, range(0)
        self.numbered += len(memo)
        for number, held in memo.values():
            self.numbers.setdefault(id(held), (first + number, held))
        return data, range(first, first + len(memo))

    def begin(self, unchanged=()):
        """A new walk: everything is described in full again, but for objects whose numbers are `unchanged`."""
        self.walked = set()
        self.unchanged = unchanged
        self.left = MOST_NODES
        self.depth = 0

    def number(self, value):
        if id(value) not in self.numbers:
            self.numbers[id(value)] = (self.numbered, value)
            self.numbered += 1
        return self.numbers[id(value)][0]

    def shown(self, items):
        """As many of them as are described."""
        return items if self.most_items == sys.maxsize else list(itertools.islice(items, self.most_items))

    def nodes(self, *values):
        """One walk over the values."""
        self.begin()
        return [self.node(value) for value in values]

    def node(self, value):
        kind = llmopt_made.built_in(type(value))
        if value is None or kind is bool:
            return value
        if kind in ATOMS:
            return ATOMS[kind](value)
        self.left -= 1
        if self.left < 0:
            raise TooLargeError()
        if self.depth > self.most_depth:
            return ["opaque", "nested deeper than %d levels" % self.most_depth]
        self.depth += 1
        try:
            return self._node(value, kind)
        finally:
            self.depth -= 1

    def _node(self, value, kind):
        if kind in EXACT:
            return EXACT[kind](self, value)
        for base, describe in KINDS:
            if issubclass(kind, base):
                return describe(self, value)
        root = kind.__module__.partition(".")[0] if isinstance(kind.__module__, str) else ""
        if root in LIBRARIES:
            found = LIBRARIES[root](self, value)
            if found is not None:
                return found
        if hasattr(kind, "__next__") and hasattr(kind, "__iter__"):
            return self.drained(value)
        return self.object(value)

    def seen(self, value):
        """The number of a mutable object, and whether this walk has been here."""
        number = self.number(value)
        again = number in self.walked or number in self.unchanged
        self.walked.add(number)
        return number, again

    def items(self, values):
        return [self.node(value) for value in values]

    # --- containers

    def list(self, value):
        number, again = self.seen(value)
        return ["ref", number] if again else ["list", number, self.sequence(value)]

    def sequence(self, value):
        """Items in order; very many plain ones by digest."""
        if self.most_items < len(value):
            return [*self.items(value[: self.most_items]), ["cut", len(value) - self.most_items, ""]]
        if len(value) <= LONG or not all(type(each) in PLAIN for each in value):
            self.left -= len(value)
            return self.items(value)
        nodes = [self.node(each) for each in value]
        return [*nodes[:HEAD], cut(nodes[HEAD:])]

    def tuple(self, value):
        return ["tuple", self.sequence(value)]

    def dict(self, value):
        number, again = self.seen(value)
        return ["ref", number] if again else ["dict", number, self.pairs(value)]

    def pairs(self, value):
        self.left -= len(value)
        return [[self.node(key), self.node(each)] for key, each in self.shown(dict.items(value))]

    def set(self, value):
        number, again = self.seen(value)
        return ["ref", number] if again else ["set", number, self.unordered(value)]

    def frozenset(self, value):
        return ["frozenset", self.unordered(value)]

    def unordered(self, value):
        """Elements in an order that does not depend on hashes; numbers are given in that order."""
        self.left -= len(value)
        return self.items(self.shown(sorted(value, key=_sort_key)))

    def views(self, value):
        if isinstance(value, type({}.items())):
            return ["view", type(value).__name__, [self.items(pair) for pair in value]]
        return ["view", type(value).__name__, self.items(value)]

    # --- code

    def function(self, value):
        if _is_named(value):
            return ["function", _name(value)]
        number, again = self.seen(value)
        if again:
            return ["ref", number]
        cells = [self._cell(cell) for cell in value.__closure__ or ()]
        parts = [self.node(value.__defaults__), self.node(value.__kwdefaults__), cells]
        return ["lambda", number, _name(value), code_digest(value.__code__), parts]

    def _cell(self, cell):
        try:
            return self.node(cell.cell_contents)
        except ValueError:
            return None

    def method(self, value):
        return ["method", self.node(value.__self__), value.__func__.__name__]

    def builtin(self, value):
        owner = getattr(value, "__self__", None)
        if owner is None or isinstance(owner, types.ModuleType):
            return ["function", _name(value)]
        return ["method", self.node(owner), value.__name__]

    def partial(self, value):
        return ["partial", self.node(value.func), self.items(value.args), self.node(value.keywords)]

    # --- objects

    def exception(self, value):
        number, again = self.seen(value)
        if again:
            return ["ref", number]
        return ["object", number, name_of(type(value)), ["tuple", self.items(value.args)], self.attributes(value)]

    def drained(self, value):
        """An iterator by what it still gives, which takes it; a generator and the like also by what it returns."""
        number, again = self.seen(value)
        if again:
            return ["ref", number]
        items, end = [], ["more"]
        if not self.drains:
            return ["drained", number, name_of(type(value)), items, end]
        iterator = value if isinstance(value, types.GeneratorType) else iter(value)
        walked = self.walked
        try:
            for _ in range(DRAINED):
                given = next(iterator)
                self.walked = set(walked)  # what is given again has changed meanwhile
                items.append(self.node(given))
        except StopIteration as stop:
            end = ["end", self.node(stop.value)]
        except (TooLargeError, RecursionError, MemoryError):
            raise
        except Exception as problem:
            end = raised(self, problem)
        self.walked = walked
        return ["drained", number, name_of(type(value)), items, end]

    def object(self, value):
        kind = type(value)
        name = llmopt_pickles.singletons.name(value)
        if name:
            return ["constant", *name]
        immutable = _is_frozen(kind) or (issubclass(kind, IMMUTABLE) and not getattr(value, "__dict__", None))
        number, again = (None, False) if immutable else self.seen(value)
        if again:
            return ["ref", number]
        attributes = self.attributes(value)
        content = self._content(value, kind)
        if content is None and not attributes and LEFT_OUT.isdisjoint(getattr(value, "__dict__", None) or ()):
            content = self._reduced(value, kind)
        return ["object", number, name_of(kind), content, attributes]

    def _content(self, value, kind):
        """What a subclass of a built-in type holds, by that type's own means."""
        for base, content in CONTENTS:
            if issubclass(kind, base):
                return content(self, value)
        return None

    def attributes(self, value):
        """[name, node] of all that the object's dictionary and slots hold, by name."""
        found = {}
        for base in type(value).__mro__:
            slots = base.__dict__.get("__slots__", ())
            for name in (slots,) if isinstance(slots, str) else tuple(slots):
                mangled = _mangled(base, name)
                held = base.__dict__.get(mangled)
                if isinstance(held, types.MemberDescriptorType):
                    try:
                        found[mangled] = held.__get__(value)
                    except AttributeError:  # it is not set
                        continue
        with contextlib.suppress(AttributeError):
            found.update(object.__getattribute__(value, "__dict__"))
        kept = [name for name in found if isinstance(name, str) and name not in HIDDEN and not _is_cached(value, name)]
        if LEFT_OUT and any(base.__module__ in OF_MODULES for base in type(value).__mro__):
            kept = [name for name in kept if name not in LEFT_OUT]
        for name in sorted(ON_DEMAND.difference(kept)):
            with contextlib.suppress(Exception):  # its class has none, or the object is not made yet
                found[name] = getattr(value, name)
                kept.append(name)
        return [[name, self._attribute(name, found[name])] for name in sorted(kept)]

    def _attribute(self, name, value):
        """A private one in few words: one more of them must not take the room of what else there is."""
        node = self.node(value)
        known = sys.maxsize if self.known is None else self.known
        return bounded(node, PRIVATE_CHARACTERS, known) if name.startswith("_") else node

    def _reduced(self, value, kind):
        """The state of an object that is not written in Python, as pickle would write it; None for one without any."""
        if kind is object:
            return None
        reduce = copyreg.dispatch_table.get(kind)
        try:
            parts = reduce(value) if reduce else value.__reduce_ex__(4)
        except Exception:  # it says in its own way that it cannot
            return ["opaque", name_of(kind)]
        if isinstance(parts, str):
            return ["named", parts]
        if parts[0] in (copyreg.__newobj__, getattr(copyreg, "__newobj_ex__", None)) and not any(parts[2:]):
            return self.items(parts[1][1:]) or None
        head = [self.node(parts[0]), self.items(parts[1]), *(self.node(part) for part in parts[2:3])]
        return [*head, *(self.items(part) for part in parts[3:5] if part is not None)]


def raised(describer, problem):
    """An exception that ended something: its class, message, arguments, cause, and who raised it."""
    cause = problem.__cause__
    return [
        "raised",
        name_of(type(problem)),
        message(_text(problem)),
        [describer.node(message(each) if type(each) is str else each) for each in problem.args],
        [name_of(type(cause)), message(_text(cause))] if cause is not None else None,
        _raiser(problem.__traceback__),
    ]


def _text(problem):
    try:
        return str(problem)
    except Exception:  # of the program's own class
        return ""


def _raiser(traceback):
    """Who raised it: "raise" for a statement of the program's own, "implied" for an operation, a built-in function or
    a library, which refuse what they were not made for in words of their own."""
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None or traceback.tb_lasti < 0:
        return "implied"
    code = traceback.tb_frame.f_code
    is_statement = code.co_code[traceback.tb_lasti] in RAISING
    return "raise" if is_statement and not _is_library(code.co_filename) else "implied"


def _is_library(file):
    parts = file.replace(os.sep, "/").split("/")
    return file.startswith(("<frozen ", STANDARD)) or not INSTALLED.isdisjoint(parts)


def _opcodes():
    import opcode

    return {opcode.opmap[name] for name in ("RAISE_VARARGS", "RERAISE") if name in opcode.opmap}


RAISING = _opcodes()
STANDARD = os.path.join(os.path.dirname(os.__file__), "")  # the standard library
INSTALLED = {"site-packages", "dist-packages"}
PRIVATE_CHARACTERS = 400  # of the JSON of one private attribute
HIDDEN = {"__dict__", "__weakref__", "__traceback__"}


def cut(nodes, known=sys.maxsize):
    """What stands for nodes that are left out. Objects from number `known` on count by the order in which they come."""
    return ["cut", len(nodes), digest(json.dumps(_renumbered(nodes, known, {})).encode())]


def _renumbered(node, known, numbers):
    if not isinstance(node, list) or not node:
        return node
    if isinstance(node[0], str) and node[0] in NUMBERED and type(node[1]) is int and node[1] >= known:
        number = known + numbers.setdefault(node[1], len(numbers))
        return [node[0], number, *(_renumbered(each, known, numbers) for each in node[2:])]
    return [_renumbered(each, known, numbers) for each in node]


def bounded(node, most, known=sys.maxsize):
    """The node with the ends of its longest parts told by digest, so that its JSON has about so many characters."""
    if not isinstance(node, list) or len(json.dumps(node)) <= most:
        return node
    sizes = [len(json.dumps(each)) for each in node]
    if node and isinstance(node[0], str):  # what it is, and parts that share the room
        return [bounded(each, most * size // sum(sizes), known) for each, size in zip(node, sizes)]  # noqa: B905
    totals = itertools.accumulate(sizes)
    kept = max(1, next((at for at, total in enumerate(totals) if total > most), len(node)))
    shown = [bounded(each, most, known) for each in node[:kept]]
    return [*shown, cut(node[kept:], known)] if kept < len(node) else shown


# --- atoms -----------------------------------------------------------------------------------------------------


def _int(value):
    return value if value.bit_length() < 4000 else ["int", hex(value)]


def _float(value):
    return ["float", value.hex()]


def _str(value):
    value = anonymous(value)
    if len(value) <= LONG:
        return ["str", value]
    return ["text", len(value), digest(value.encode("utf-8", "surrogatepass")), value[:HEAD]]


def _bytes(value):
    if len(value) <= LONG:
        return ["bytes", value.hex()]
    return ["bytes", value[:HEAD].hex(), len(value), digest(value)]


def _complex(value):
    return ["complex", value.real.hex(), value.imag.hex()]


ATOMS = {
    int: _int,
    float: _float,
    str: _str,
    bytes: _bytes,
    complex: _complex,
    type(Ellipsis): lambda value: ["constant", "Ellipsis"],
    type(NotImplemented): lambda value: ["constant", "NotImplemented"],
    range: lambda value: ["range", repr(value)],
}

# --- code ------------------------------------------------------------------------------------------------------


def _name(function):
    return "%s.%s" % (function.__module__, getattr(function, "__qualname__", function.__name__))


def _is_named(function):
    found = sys.modules.get(function.__module__ or "")
    for name in function.__qualname__.split("."):
        found = getattr(found, name, None)
    while found is not None and found is not function:
        found = getattr(found, "__wrapped__", None)  # decorators stand before it
    return found is function


def code_digest(code):
    """Of what the code does: layout, names of files and line numbers do not count."""
    return digest(repr(_code_parts(code)).encode("utf-8", "surrogatepass"))


def _code_parts(code):
    constants = [_constant(each) for each in code.co_consts]
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    return (code.co_code, constants, names, code.co_argcount, code.co_kwonlyargcount, code.co_flags)


def _constant(value):
    if isinstance(value, types.CodeType):
        return _code_parts(value)
    if isinstance(value, frozenset):
        return sorted(map(repr, value))
    return (type(value).__name__, repr(value))


# --- kinds -----------------------------------------------------------------------------------------------------


def _sort_key(value):
    """Text by which the elements of a set are sorted, without the numbers of objects."""
    return json.dumps(_unnumbered(Describer().nodes(value)))


def _unnumbered(node):
    if not isinstance(node, list) or not node:
        return node
    numbered = isinstance(node[0], str) and node[0] in NUMBERED
    return [None if numbered and at == 1 else _unnumbered(each) for at, each in enumerate(node)]


NUMBERED = {"list", "dict", "set", "object", "array", "drained", "lambda", "ref", "bytearray"}


def _is_frozen(kind):
    parameters = getattr(kind, "__dataclass_params__", None)
    return parameters is not None and parameters.frozen


def _mangled(base, name):
    private = name.startswith("__") and not name.endswith("__")
    return "_%s%s" % (base.__name__.lstrip("_"), name) if private else name


def _is_cached(value, name):
    """A value that a `cached_property` put beside the attributes: using the property compares it."""
    return isinstance(getattr(type(value), name, None), functools.cached_property)


def _bytearray(describer, value):
    number, again = describer.seen(value)
    return ["ref", number] if again else ["bytearray", number, _bytes(bytes(value))]


def _deque(describer, value):
    number, again = describer.seen(value)
    return ["ref", number] if again else ["object", number, "collections.deque", _deque_content(describer, value), []]


def _deque_content(describer, value):
    return [value.maxlen, describer.items(collections.deque.__iter__(value))]


def _path(value):
    path = os.fspath(value)
    return anonymous(path) if isinstance(path, str) else path.hex()


def _weak(describer, value):
    return ["weak", describer.node(value())]


def _enum(describer, value):
    return ["constant", name_of(type(value)), value.name, describer.node(value.value)]


def _memory(describer, value):
    return ["memory", value.format, list(value.shape or ()), _bytes(value.tobytes())]


def _stream(describer, value):
    if isinstance(value, (io.StringIO, io.BytesIO)) and not value.closed:
        return [
            "object",
            describer.number(value),
            name_of(type(value)),
            describer.items([value.getvalue(), value.tell()]),
            [],
        ]
    return ["opaque", name_of(type(value))]


EXACT = {
    list: Describer.list,
    tuple: Describer.tuple,
    dict: Describer.dict,
    set: Describer.set,
    frozenset: Describer.frozenset,
    bytearray: _bytearray,
    types.FunctionType: Describer.function,
    types.MethodType: Describer.method,
    types.BuiltinFunctionType: Describer.builtin,
    types.MethodWrapperType: Describer.builtin,
    types.ModuleType: lambda describer, value: ["module", value.__name__],
    types.MappingProxyType: lambda describer, value: ["proxy", describer.pairs(dict(value))],
    functools.partial: Describer.partial,
    collections.deque: _deque,
    weakref.ref: _weak,
    memoryview: _memory,
    re.Pattern: lambda describer, value: ["pattern", describer.node(value.pattern), value.flags],
}
KINDS = [
    (type, lambda describer, value: ["class", name_of(value)]),
    (enum.Enum, _enum),
    (logging.Logger, lambda describer, value: ["logger", value.name]),
    (os.PathLike, lambda describer, value: ["path", name_of(type(value)), _path(value)]),
    (BaseException, Describer.exception),
    (io.IOBase, _stream),
    (GENERATOR_TYPES[:1], Describer.drained),
    (VIEWS, Describer.views),
]
CONTENTS = [
    (dict, lambda describer, value: ["pairs", describer.pairs(value), _factory(describer, value)]),
    (list, lambda describer, value: ["items", describer.sequence(list(list.__iter__(value)))]),
    (tuple, lambda describer, value: ["items", describer.sequence(tuple(tuple.__iter__(value)))]),
    (set, lambda describer, value: ["elements", describer.unordered(set(set.__iter__(value)))]),
    (frozenset, lambda describer, value: ["elements", describer.unordered(frozenset(frozenset.__iter__(value)))]),
    (collections.deque, lambda describer, value: _deque_content(describer, value)),
    (bool, lambda describer, value: bool(value)),
    (int, lambda describer, value: _int(int.__add__(value, 0))),
    (float, lambda describer, value: ["float", float.hex(value)]),
    (complex, lambda describer, value: _complex(complex.__pos__(value))),
    (str, lambda describer, value: _str(str.__str__(value))),
    (bytes, lambda describer, value: _bytes(bytes(memoryview(value)))),
    (bytearray, lambda describer, value: _bytes(bytes(memoryview(value)))),
]


def _factory(describer, value):
    return describer.node(value.default_factory) if isinstance(value, collections.defaultdict) else None


# --- numpy and pandas, where the target has them ---------------------------------------------------------------


def _numpy(describer, value):
    numpy = sys.modules["numpy"]
    if isinstance(value, numpy.ndarray):
        return _array(describer, value, numpy)
    if isinstance(value, numpy.generic):
        return ["scalar", name_of(type(value)), _whole(numpy.asarray(value), numpy).tobytes().hex()]
    if isinstance(value, numpy.dtype):
        return ["constant", "dtype %s" % (value.str if value.names is None else value.descr)]
    if isinstance(value, numpy.ufunc):
        return ["function", "numpy.%s" % value.__name__]
    return None


def _array(describer, value, numpy):
    """By its bytes; N is that of the array which owns the memory, so that a view of an argument shows."""
    owner = value
    while isinstance(getattr(owner, "base", None), numpy.ndarray):
        owner = owner.base
    number = describer.number(owner)
    dtype = str(value.dtype.descr if value.dtype.names else value.dtype.str)
    head = ["array", number, name_of(type(value)), dtype, list(value.shape), bool(value.flags["W"])]
    if value.dtype.hasobject:
        return [*head, "", describer.items(value.ravel().tolist())]
    whole = _whole(value, numpy)
    return [*head, digest(whole.tobytes()), _shown(whole), *_exact(whole)]


def _whole(value, numpy):
    """The values in C order; one NaN is like another."""
    if value.dtype.kind not in "fc":
        return numpy.ascontiguousarray(value)
    whole = numpy.array(value, order="C", subok=False)
    if whole.dtype.kind == "f":
        whole[numpy.isnan(whole)] = numpy.nan
    return whole


def _shown(whole):
    return [repr(each) for each in whole.ravel()[:8].tolist()]


TOLERANT = []  # filled when floats are compared with a tolerance: then arrays are written out


def _exact(whole):
    if TOLERANT and whole.dtype.kind == "f" and whole.size <= DRAINED * 10:
        return [[float(each).hex() for each in whole.ravel().tolist()]]
    return []


def _pandas(describer, value):
    pandas = sys.modules["pandas"]
    if isinstance(value, pandas.DataFrame):
        columns = [_column(describer, value.iloc[:, at]) for at in range(value.shape[1])]
        return _of_pandas(describer, value, [_index(describer, value.columns), _index(describer, value.index), columns])
    if isinstance(value, pandas.Series):
        parts = [describer.node(value.name), _index(describer, value.index), _column(describer, value)]
        return _of_pandas(describer, value, parts)
    if isinstance(value, pandas.Index):
        return ["object", None, name_of(type(value)), _index(describer, value), []]
    if value is getattr(pandas, "NA", None) or value is pandas.NaT:
        return ["constant", str(value)]
    return None


def _of_pandas(describer, value, content):
    number, again = describer.seen(value)
    return ["ref", number] if again else ["object", number, name_of(type(value)), content, []]


def _index(describer, value):
    return ["index", name_of(type(value)), describer.items(value.names), _values(describer, value)]


def _column(describer, value):
    return _values(describer, value)


def _values(describer, value):
    numpy = sys.modules["numpy"]
    if isinstance(value.dtype, numpy.dtype) and not value.dtype.hasobject:
        whole = _whole(value.to_numpy(), numpy)
        return ["values", str(value.dtype), len(whole), digest(whole.tobytes()), _shown(whole), *_exact(whole)]
    return ["values", str(value.dtype), len(value), "", describer.sequence(list(value))]


LIBRARIES = {"numpy": _numpy, "pandas": _pandas}
