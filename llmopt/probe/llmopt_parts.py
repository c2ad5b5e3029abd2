"""Find the attributes and items of an argument that a function names, and describe them by path ("self.rules").

Only stored values are read: instance dictionaries, slots, fields of named tuples, items of built-in containers. No
property, descriptor, `__getattr__` or any other code of the target runs. Every value on a path is described, so a path
that was seen less often than what it starts from (None left out) was not there every time.
"""

import itertools
from types import GetSetDescriptorType, MemberDescriptorType

import llmopt_values

try:
    from _collections import _tuplegetter
except ImportError:  # the field of a named tuple is a property there, and left alone
    _tuplegetter = None

NAMES = 12  # attributes and items described of one argument
STEPS = 4  # of a path: "self.log.entries[].host"
FIRST = 3  # elements of a container that are looked at, and its last one
RECORD = 100  # keys of a dict beyond which it is a table, not a record
CONTAINERS = {("builtins", name) for name in ("list", "tuple", "set", "frozenset")} | {("collections", "deque")}
GENERIC = {object, tuple, list, dict, set, frozenset, BaseException}  # look attributes up as `object` does

_mro = type.__dict__["__mro__"].__get__
_names = type.__dict__["__dict__"].__get__


def words(code):
    """The attributes and the texts that a function names, in the order of their first use, inner functions' too."""
    inner = [words(constant) for constant in code.co_consts if hasattr(constant, "co_names")]
    texts = [constant for constant in code.co_consts if type(constant) is str]
    return tuple(dict.fromkeys(itertools.chain(code.co_names, *inner, texts)))


def describe(name, value, wanted):
    """Path -> kinds of the values there, for the parts of an argument that are reached by names in `wanted`."""
    found = {}
    room = [NAMES]
    level = [(name, [value])]
    for _ in range(STEPS):
        level = [part for path, values in level for part in _parts(path, values, wanted, room)]
        for path, values in level:
            found[path] = [llmopt_values.describe(each) for each in values]
    return found


def _parts(path, values, wanted, room):
    """(path, values) one step further: the elements, or the named attributes and items, within the room."""
    elements = [element for value in values for element in _elements(value)]
    if not all(type(element) in llmopt_values.PLAIN for element in elements):
        yield path + "[]", elements
    named = {}
    for value in values:
        for step, part in _named(value, wanted):
            named.setdefault(step, []).append(part)
    for step, parts in itertools.islice(named.items(), room[0]):
        room[0] -= 1
        yield path + step, parts


def _elements(value):
    """The first elements of a container, and the last one."""
    kind = type(value)
    if (llmopt_values.module(kind), llmopt_values.qualname(kind)) not in CONTAINERS:
        return []
    try:
        found = list(itertools.islice(value, FIRST))
        last = len(value) > FIRST and hasattr(kind, "__getitem__")
        return [*found, value[-1]] if last else found
    except (RuntimeError, IndexError):  # another thread changes it meanwhile
        return []


def _named(value, wanted):
    """(".name" or "['key']", value) of what is stored in the value under the wanted names."""
    if type(value) is dict:
        is_record = len(value) <= RECORD and all(type(key) is str for key in list(value))
        return [("[%r]" % name, value[name]) for name in wanted if name in value] if is_record else []
    lines = _mro(type(value))
    if _definer(lines, "__getattribute__") not in GENERIC:
        return []
    names = _dictionary(value, lines)
    stored = ((name, _stored(value, lines, names, name)) for name in wanted)
    return [(".%s" % name, part[0]) for name, part in stored if part]


def _definer(lines, name):
    return next((line for line in lines if name in _names(line)), None)


def _dictionary(value, lines):
    owner = _definer(lines, "__dict__")
    getter = _names(owner)["__dict__"] if owner else None
    names = getter.__get__(value) if type(getter) is GetSetDescriptorType else None
    return names if type(names) is dict else {}


def _stored(value, lines, names, name):
    """[what `value.name` gives] when it only reads what is stored, else []."""
    owner = _definer(lines, name)
    part = _names(owner)[name] if owner else None
    if owner and type(part) is _tuplegetter:
        fields = _names(_definer(lines, "_fields"))["_fields"]
        return [tuple.__getitem__(value, fields.index(name))] if name in fields else []
    if type(part) is MemberDescriptorType and "__slots__" in _names(owner):
        try:
            return [part.__get__(value)]
        except AttributeError:  # not set
            return []
    return [names[name]] if name in names and not (owner and _goes_first(part)) else []


def _goes_first(part):
    """Whether this attribute of a class hides one of the same name in the instance's dictionary."""
    return any(_definer(_mro(type(part)), each) for each in ("__set__", "__delete__"))
