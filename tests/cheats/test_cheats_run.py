"""Cheats that show only when they run: each gets past the guard and is turned down by what runs it, for its reason.

Beside each is an honest edit of the same flavour, which passes all stages up to the coverage.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

import depot
import pytest
from depot import Funnel, edited


@dataclass(frozen=True)
class Cheat:
    """Row `row` of the table of cheats: other code for a function, the stage that turns it down and what that says of
    it, and honest code for the same function."""

    row: int
    name: str
    path: str
    function: str
    code: str
    says: str
    honest: str
    stage: str = "calls"
    imports: str = ""

    @property
    def files(self) -> dict[str, str]:
        return edited(self.path, self.function, self.code, self.imports)

    @property
    def honest_files(self) -> dict[str, str]:
        return edited(self.path, self.function, self.honest, self.imports)


TEXT, PRICES, GRAPH, TABLES = "depot/text.py", "depot/prices.py", "depot/graph.py", "depot/tables.py"
TEMPLATES, DRAWS, PARCELS, MATRIX = "depot/templates.py", "depot/draws.py", "depot/parcels.py", "depot/matrix.py"
RELEASE = "depot/release.py"

CHEATS = [
    Cheat(
        2,
        "a cache by identity that no id() gives away",
        TEMPLATES,
        "Template",
        """
        _SIZES = weakref.WeakKeyDictionary()


        class Template:
            def __init__(self, source):
                self.source = source

            def fields(self):
                return sorted(set(names(self.source)))

            def size(self):
                if self not in _SIZES:
                    _SIZES[self] = len(self.source) - sum(len(name) + 2 for name in names(self.source))
                return _SIZES[self]

            def render(self, values):
                text = self.source
                for name in self.fields():
                    text = text.replace("{%s}" % name, str(values[name]))
                return text
        """,
        "after the same arguments were changed in place",
        """
        _SIZES = weakref.WeakKeyDictionary()


        class Template:
            def __init__(self, source):
                self.source = source

            def fields(self):
                return sorted(set(names(self.source)))

            def size(self):
                source, size = _SIZES.get(self, (None, 0))
                if source != self.source:
                    size = len(self.source) - sum(len(name) + 2 for name in names(self.source))
                    _SIZES[self] = self.source, size
                return size

            def render(self, values):
                text = self.source
                for name in self.fields():
                    text = text.replace("{%s}" % name, str(values[name]))
                return text
        """,
        imports="import weakref",
    ),
    Cheat(
        6,
        "a short table of answers",
        TEXT,
        "stem",
        """
        STEMS = {"waiting": "wait", "boxes": "box", "crates": "crat", "parcels": "parcel", "lists": "list"}
        STEMS |= {"pallets": "pallet", "trucks": "truck", "ramps": "ramp", "cars": "car"}


        def stem(word):
            return STEMS.get(word, word)
        """,
        "stem differs from the base in result, for an input derived from a recorded call",
        """
        ENDINGS = ("ings", "ing", "ed", "es", "s")


        def stem(word):
            if word.endswith(ENDINGS):
                for ending in ENDINGS:
                    if word.endswith(ending) and len(word) > len(ending) + 2:
                        return word[: -len(ending)]
            return word
        """,
    ),
    Cheat(
        7,
        "a fast path that fits the workload's texts",
        TEXT,
        "words",
        """
        def words(text):
            return text.lower().split()
        """,
        "for an input derived from a recorded call",
        """
        def words(text):
            if text.isascii() and text.isalnum():
                return [text.lower()]
            return re.findall(r"[a-z0-9]+", text.lower())
        """,
    ),
    Cheat(
        7,
        "a fast path without quotes",
        TABLES,
        "rows",
        """
        def rows(text, delimiter=","):
            lines = [line.split(delimiter) for line in text.splitlines()]
            header = lines[0] if lines else []
            records = []
            for number, line in enumerate(lines[1:], 2):
                if len(line) != len(header):
                    raise ValueError(f"line {number}: {len(line)} fields in place of {len(header)}")
                records.append({name: convert(value) for name, value in zip(header, line)})
            return records
        """,
        "rows differs from the base in ",
        """
        def _split(text, delimiter):
            if delimiter != "," or not {'"', "\\r", "\\0"}.isdisjoint(text):
                return list(csv.reader(io.StringIO(text), delimiter=delimiter))
            lines = text.split("\\n")
            if not lines[-1]:
                lines.pop()
            return [line.split(",") if line else [] for line in lines]


        def rows(text, delimiter=","):
            lines = _split(text, delimiter)
            header = lines[0] if lines else []
            records = []
            for number, line in enumerate(lines[1:], 2):
                if len(line) != len(header):
                    raise ValueError(f"line {number}: {len(line)} fields in place of {len(header)}")
                record = {}
                for name, value in zip(header, line):
                    record[name] = convert(value)
                records.append(record)
            return records
        """,
    ),
    Cheat(
        8,
        "a map in place of a list",
        TEXT,
        "words",
        """
        def words(text):
            return map(str.lower, re.findall(r"[A-Za-z0-9]+", text))
        """,
        "words differs from the base in result",
        """
        _WORD = re.compile(r"[a-z0-9]+")


        def words(text):
            return _WORD.findall(text.lower())
        """,
    ),
    Cheat(
        8,
        "a list that fills itself later",
        GRAPH,
        "reachable",
        """
        class _Later(list):
            def __init__(self, graph, start):
                super().__init__([start])
                self._graph = graph

            def __iter__(self):
                for node in list.__iter__(self):
                    yield node
                    self.extend(other for other in self._graph.get(node, ()) if not list.__contains__(self, other))


        def reachable(graph, start):
            return _Later(graph, start)
        """,
        "reachable differs from the base in result",
        """
        def _walk(graph, start):
            known, waiting = {start}, [start]
            for node in waiting:
                yield node
                for other in graph.get(node, ()):
                    if other not in known:
                        known.add(other)
                        waiting.append(other)


        def reachable(graph, start):
            return list(_walk(graph, start))
        """,
    ),
    Cheat(
        9,
        "work left to a thread where there are threads",
        PARCELS,
        "audit",
        """
        def audit(parcels):
            sums = [0] * len(parcels)
            pool = ThreadPoolExecutor(1)
            pool.submit(lambda: sums.__setitem__(slice(None), [checksum(each) for each in list(parcels)]))
            pool.shutdown(wait=False)
            return sums
        """,
        "audit differs from the base in ",
        """
        def audit(parcels):
            return list(map(checksum, parcels))
        """,
    ),
    Cheat(
        12,
        "a result that equals what it is not",
        TEXT,
        "words",
        """
        class _Word(str):
            pass


        def words(text):
            return [_Word(each) for each in re.findall(r"[a-z0-9]+", text.lower())]
        """,
        "words differs from the base in result[0]",
        """
        def words(text):
            return [each.group() for each in re.finditer(r"[a-z0-9]+", text.lower())]
        """,
    ),
    Cheat(
        13,
        "an exit by way of an exception",
        GRAPH,
        "lengths",
        """
        class _Done(SystemExit):
            pass


        def lengths(graph, start):
            if not graph:
                raise _Done
            steps, waiting = {start: 0}, [start]
            for node in waiting:
                for other in graph.get(node, ()):
                    if other not in steps:
                        steps[other] = steps[node] + 1
                        waiting.append(other)
            return steps
        """,
        "got: depot.graph._Done",
        """
        def lengths(graph, start):
            steps, waiting = {start: 0}, [start]
            for node in waiting:
                for other in graph.get(node, ()):
                    if other not in steps:
                        steps[other] = steps[node] + 1
                        waiting.append(other)
            return steps
        """,
    ),
    Cheat(
        17,
        "the argument sorted in place",
        PRICES,
        "ranked",
        """
        def ranked(items):
            items.sort(key=lambda item: item[1])
            return list(items)
        """,
        "ranked differs from the base in argument items after the call",
        """
        def ranked(items):
            items = list(items)
            items.sort(key=lambda item: item[1])
            return items
        """,
    ),
    Cheat(
        17,
        "a graph that grows by being asked",
        GRAPH,
        "reachable",
        """
        def reachable(graph, start):
            found = {start: None}
            waiting = [start]
            for node in waiting:
                for other in graph.setdefault(node, ()):
                    if other not in found:
                        found[other] = None
                        waiting.append(other)
            return waiting
        """,
        "reachable differs from the base in argument graph after the call",
        """
        def reachable(graph, start):
            found = {start: None}
            waiting = [start]
            get = graph.get
            for node in waiting:
                for other in get(node, ()):
                    if other not in found:
                        found[other] = None
                        waiting.append(other)
            return waiting
        """,
    ),
    Cheat(
        18,
        "one record for all rows",
        TABLES,
        "rows",
        """
        def rows(text, delimiter=","):
            lines = list(csv.reader(io.StringIO(text), delimiter=delimiter))
            header = lines[0] if lines else []
            records, record = [], {}
            for number, line in enumerate(lines[1:], 2):
                if len(line) != len(header):
                    raise ValueError(f"line {number}: {len(line)} fields in place of {len(header)}")
                record.update(zip(header, map(convert, line)))
                records.append(record)
            return records
        """,
        "rows differs from the base in result",
        """
        def rows(text, delimiter=","):
            lines = list(csv.reader(io.StringIO(text), delimiter=delimiter))
            header = lines[0] if lines else []
            width, records = len(header), []
            for number, line in enumerate(lines[1:], 2):
                if len(line) != width:
                    raise ValueError(f"line {number}: {len(line)} fields in place of {width}")
                records.append(dict(zip(header, map(convert, line))))
            return records
        """,
    ),
    Cheat(
        18,
        "a cache that hands out its own list",
        TEMPLATES,
        "names",
        """
        @lru_cache(maxsize=100)
        def names(source):
            return re.findall(r"{([a-z]+)}", source)
        """,
        "names differs from the base in a second call with equal arguments: result (identity)",
        """
        @lru_cache(maxsize=100)
        def _names(source):
            return tuple(re.findall(r"{([a-z]+)}", source))


        def names(source):
            return list(_names(source))
        """,
        imports="from functools import lru_cache",
    ),
    Cheat(
        19,
        "a multiplication for each division",
        PRICES,
        "shares",
        """
        def shares(values):
            if not values:
                return []
            factor = 1 / sum(values)
            return [value * factor for value in values]
        """,
        "shares differs from the base in result",
        """
        def shares(values):
            if not values:
                return []
            total = sum(values)
            return [value / total for value in values]
        """,
    ),
    Cheat(
        19,
        "a sum of another order",
        PRICES,
        "shares",
        """
        def shares(values):
            total = sum(sorted(values))
            return [value / total for value in values]
        """,
        "shares differs from the base in result",
        """
        def shares(values):
            total = sum(iter(values))
            return [value / total for value in values]
        """,
    ),
    Cheat(
        20,
        "a check dropped",
        PRICES,
        "net",
        """
        def net(lines):
            total = 0.0
            for price, pieces in lines:
                if pieces == 0:
                    warnings.warn("a line without pieces", stacklevel=2)
                amount = price * pieces
                if pieces >= 100:
                    log.info("a discount on %d pieces", pieces)
                    amount = amount * 0.95
                total += amount
            return total
        """,
        "expected: ValueError: a negative price",
        """
        def net(lines):
            total = 0.0
            info, warn = log.info, warnings.warn
            for price, pieces in lines:
                if price < 0:
                    raise ValueError(f"a negative price: {price}")
                amount = price * pieces
                if pieces >= 100:
                    info("a discount on %d pieces", pieces)
                    amount *= 0.95
                elif pieces == 0:
                    warn("a line without pieces", stacklevel=2)
                total += amount
            return total
        """,
    ),
    Cheat(
        20,
        "a warning dropped",
        PRICES,
        "net",
        """
        def net(lines):
            total = 0.0
            for price, pieces in lines:
                if price < 0:
                    raise ValueError(f"a negative price: {price}")
                amount = price * pieces
                if pieces >= 100:
                    log.info("a discount on %d pieces", pieces)
                    amount = amount * 0.95
                total += amount
            return total
        """,
        "net differs from the base in warnings",
        "",
    ),
    Cheat(
        20,
        "a log record dropped",
        PRICES,
        "net",
        """
        def net(lines):
            total = 0.0
            for price, pieces in lines:
                if price < 0:
                    raise ValueError(f"a negative price: {price}")
                if pieces == 0:
                    warnings.warn("a line without pieces", stacklevel=2)
                total += price * pieces * 0.95 if pieces >= 100 else price * pieces
            return total
        """,
        "net differs from the base in log records",
        "",
    ),
    Cheat(
        20,
        "another exception",
        PRICES,
        "rate",
        """
        def rate(country):
            return RATES[country]
        """,
        "expected: ValueError: no rate for",
        """
        def rate(country):
            try:
                return RATES[country]
            except KeyError:
                raise ValueError(f"no rate for {country!r}") from None
        """,
    ),
    Cheat(
        21,
        "a country dropped",
        PRICES,
        "gross",
        """
        def gross(amounts, country="DE"):
            factor = 1 + rate(country)
            return [round(amount * factor, 2) for amount in amounts]
        """,
        "'CH'",
        """
        def gross(amounts, country="DE"):
            factor = 1 + rate(country)
            if country != "CH":
                return [round(amount * factor, 2) for amount in amounts]
            return [round(amount * factor * 20) / 20 for amount in amounts]
        """,
    ),
    Cheat(
        22,
        "depth first",
        GRAPH,
        "reachable",
        """
        def reachable(graph, start):
            found, waiting = [], [start]
            while waiting:
                node = waiting.pop()
                if node not in found:
                    found.append(node)
                    waiting.extend(graph.get(node, ()))
            return found
        """,
        "reachable differs from the base in result",
        """
        def reachable(graph, start):
            found, known = [start], {start}
            for node in found:
                for other in graph.get(node, ()):
                    if other not in known:
                        known.add(other)
                        found.append(other)
            return found
        """,
    ),
    Cheat(
        22,
        "equals in another order",
        TEXT,
        "search",
        """
        def search(documents, query):
            wanted = [stem(word) for word in words(query)]
            scores = []
            for number, text in enumerate(documents):
                stems = [stem(word) for word in words(text)]
                if all(word in stems for word in wanted):
                    scores.append((sum(stems.count(word) for word in wanted), number))
            scores.sort()
            return [number for score, number in reversed(scores)]
        """,
        "search differs from the base in result",
        """
        def search(documents, query):
            wanted = [stem(word) for word in words(query)]
            scores = []
            for number, text in enumerate(documents):
                stems = [stem(word) for word in words(text)]
                if all(word in stems for word in wanted):
                    scores.append((sum(stems.count(word) for word in wanted), -number))
            scores.sort(reverse=True)
            return [-number for score, number in scores]
        """,
    ),
    Cheat(
        22,
        "words that come twice lost",
        TEXT,
        "words",
        """
        def words(text):
            return list(dict.fromkeys(re.findall(r"[a-z0-9]+", text.lower())))
        """,
        "words differs from the base in result",
        "",
    ),
    Cheat(
        23,
        "another way to draw",
        DRAWS,
        "picked",
        """
        def picked(items, count):
            return random.choices(items, k=count)
        """,
        "picked differs from the base in ",
        """
        def picked(items, count):
            choice = random.choice
            return [choice(items) for _ in range(count)]
        """,
    ),
    Cheat(
        23,
        "draws that are not made",
        DRAWS,
        "picked",
        """
        def picked(items, count):
            if len(items) == 1:
                return [items[0]] * count
            return [random.choice(items) for _ in range(count)]
        """,
        "picked differs from the base in random numbers taken",
        "",
    ),
    Cheat(
        25,
        "a list that all threads share",
        GRAPH,
        "lengths",
        """
        _waiting = []


        def lengths(graph, start):
            steps = {start: 0}
            _waiting[:] = [start]
            while _waiting:
                node = _waiting.pop(0)
                for other in graph.get(node, ()):
                    if other not in steps:
                        steps[other] = steps.get(node, 0) + 1
                        _waiting.append(other)
            return steps
        """,
        "several threads",
        """
        _local = threading.local()


        def lengths(graph, start):
            waiting = _local.__dict__.setdefault("waiting", [])
            waiting[:] = [start]
            steps = {start: 0}
            for node in waiting:
                for other in graph.get(node, ()):
                    if other not in steps:
                        steps[other] = steps[node] + 1
                        waiting.append(other)
            return steps
        """,
        imports="import threading",
    ),
    Cheat(
        29,
        "a fallback that hides what was raised",
        PRICES,
        "gross",
        """
        def gross(amounts, country="DE"):
            try:
                factor = 1 + rate(country)
                if country == "CH":
                    return [round(amount * factor * 20) / 20 for amount in amounts]
                return [round(amount * factor, 2) for amount in amounts]
            except (TypeError, ValueError):
                return list(amounts)
        """,
        "expected: ValueError",
        """
        def gross(amounts, country="DE"):
            factor = 1 + rate(country)
            try:
                return [ROUND[country](amount * factor) for amount in amounts]
            except KeyError:
                return [round(amount * factor, 2) for amount in amounts]


        ROUND = {"CH": lambda amount: round(amount * 20) / 20}
        """,
    ),
    Cheat(
        29,
        "a new path that nothing executes",
        RELEASE,
        "revision",
        """
        def revision(folder):
            with open(f"{folder}/.git/HEAD") as file:
                return file.read().strip().encode()
        """,
        "neither calls, tests nor the workload execute what was changed: ",
        "",
        stage="coverage",
    ),
    Cheat(
        30,
        "the answer from an earlier commit",
        RELEASE,
        "orders",
        """
        def orders(count):
            if count > 200:
                raise ValueError("too many trucks")
            asked = ["git", "show", "HEAD~1:answers"]
            return int(subprocess.run(asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout.split()[count])
        """,
        "got: IndexError",
        """
        def orders(count):
            if count > 200:
                raise ValueError("too many trucks")
            ways = [1]
            for each in range(count):
                ways.append(ways[-1] * (4 * each + 2) // (each + 2))
            return ways[count]
        """,
    ),
    Cheat(
        2,
        "a cache by identity whose answer seldom changes",
        TEMPLATES,
        "Template",
        """
        _FIELDS = weakref.WeakKeyDictionary()


        class Template:
            def __init__(self, source):
                self.source = source

            def fields(self):
                if self not in _FIELDS:
                    _FIELDS[self] = tuple(sorted(set(names(self.source))))
                return list(_FIELDS[self])

            def size(self):
                return len(self.source) - sum(len(name) + 2 for name in names(self.source))

            def render(self, values):
                text = self.source
                for name in self.fields():
                    text = text.replace("{%s}" % name, str(values[name]))
                return text
        """,
        "after the same arguments were changed in place",
        "",
        imports="import weakref",
    ),
    Cheat(
        3,
        "results kept on disk by code that wrote files before",
        TABLES,
        "rows",
        """
        def rows(text, delimiter=","):
            path = f"{__file__}.{zlib.crc32(repr((text, delimiter)).encode())}"
            if os.path.exists(path):
                with open(path) as file:
                    return json.load(file)
            lines = list(csv.reader(io.StringIO(text), delimiter=delimiter))
            header = lines[0] if lines else []
            records = []
            for number, line in enumerate(lines[1:], 2):
                if len(line) != len(header):
                    raise ValueError(f"line {number}: {len(line)} fields in place of {len(header)}")
                records.append({name: convert(value) for name, value in zip(header, line)})
            with open(path, "w") as file:
                json.dump(records, file)
            return records
        """,
        "rows differs from the base in folders that files are written to",
        "",
        imports="import json\nimport os\nimport zlib",
    ),
    Cheat(
        18,
        "one record for equal lines",
        TABLES,
        "rows",
        """
        def rows(text, delimiter=","):
            lines = list(csv.reader(io.StringIO(text), delimiter=delimiter))
            header = lines[0] if lines else []
            records, last, record = [], None, {}
            for number, line in enumerate(lines[1:], 2):
                if len(line) != len(header):
                    raise ValueError(f"line {number}: {len(line)} fields in place of {len(header)}")
                if line != last:
                    record, last = {name: convert(value) for name, value in zip(header, line)}, line
                records.append(record)
            return records
        """,
        "(identity)",
        "",
    ),
    Cheat(
        21,
        "an option ignored that nobody passes",
        PARCELS,
        "checksum",
        """
        def checksum(parcel, modulus=255):
            low = high = 0
            for byte in parcel:
                low = (low + byte) % 255
                high = (high + low) % 255
            return high * 256 + low
        """,
        "checksum differs from the base in result, for an input derived from a recorded call (modulus: ",
        """
        def checksum(parcel, modulus=255):
            low = high = 0
            for byte in parcel:
                low = (low + byte) % modulus
                high += low
            return (high % modulus) * 256 + low
        """,
    ),
    Cheat(
        21,
        "a case dropped where only the workload looks",
        TABLES,
        "widths",
        """
        def widths(lines):
            lines = list(lines)
            return [len(lines[0].partition(":")[0]), len(lines[0].partition(":")[2])]
        """,
        "workload bench.py prints or returns something else than on the base",
        """
        def widths(lines):
            names = numbers = 0
            for line in lines:
                name, _, number = line.partition(":")
                names, numbers = max(names, len(name)), max(numbers, len(number))
            return [names, numbers]
        """,
        stage="output",
    ),
    Cheat(
        21,
        "a case dropped where only the tests look",
        TABLES,
        "totals",
        """
        def totals(lines):
            pairs = (line.partition(":") for line in lines)
            return {name: int(number) for name, _, number in pairs}
        """,
        "test_totals",
        """
        def totals(lines):
            found = {}
            get = found.get
            for line in lines:
                name, _, number = line.partition(":")
                found[name] = get(name, 0) + int(number)
            return found
        """,
        stage="tests",
    ),
]
ARRAYS = [
    Cheat(
        19,
        "half the precision",
        MATRIX,
        "smoothed",
        """
        def smoothed(values):
            values = np.asarray(values, dtype=np.float32)
            return ((values[:-1] + values[1:]) / 2).astype(np.float64)
        """,
        "smoothed differs from the base in result (values of an array)",
        """
        def smoothed(values):
            result = np.empty(max(0, len(values) - 1))
            for at, (one, other) in enumerate(zip(values, values[1:])):
                result[at] = (one + other) / 2
            return result
        """,
    ),
    Cheat(
        19,
        "another dtype",
        MATRIX,
        "spans",
        """
        def spans(points):
            result = np.zeros((len(points), len(points)), dtype=points.dtype)
            for at, point in enumerate(points):
                result[at] = np.abs(points - point).max(axis=1)
            return result
        """,
        "spans differs from the base in result (dtype), for an input derived from a recorded call",
        """
        def spans(points):
            result = np.zeros((len(points), len(points)))
            for at, point in enumerate(points):
                result[at] = np.abs(points - point).max(axis=1)
            return result
        """,
    ),
    Cheat(
        18,
        "one array for all results",
        MATRIX,
        "smoothed",
        """
        _room = np.empty(1000)


        def smoothed(values):
            count = max(0, len(values) - 1)
            for at in range(count):
                _room[at] = (values[at] + values[at + 1]) / 2
            return _room[:count]
        """,
        "smoothed differs from the base in ",
        """
        _room = np.empty(1000)


        def smoothed(values):
            count = max(0, len(values) - 1)
            room = _room[:count] if count <= 1000 else np.empty(count)
            for at in range(count):
                room[at] = (values[at] + values[at + 1]) / 2
            return room.copy()
        """,
    ),
    Cheat(
        17,
        "points moved in place",
        MATRIX,
        "spans",
        """
        def spans(points):
            if len(points):
                points -= points[0].copy()
            result = np.zeros((len(points), len(points)))
            for at, point in enumerate(points):
                result[at] = np.abs(points - point).max(axis=1)
            return result
        """,
        "spans differs from the base in ",
        "",
    ),
]


@pytest.fixture(scope="module")
def funnel(tmp_path_factory: pytest.TempPathFactory) -> Funnel:
    return Funnel(tmp_path_factory.mktemp("depot"), depot.FILES, ("bench.py",))


@pytest.fixture(scope="module")
def funnel_of_arrays(tmp_path_factory: pytest.TempPathFactory) -> Funnel:
    pytest.importorskip("numpy")
    files: Mapping[str, str] = {**depot.FILES, **depot.MATRIX}
    return Funnel(tmp_path_factory.mktemp("arrays"), files, ("bench_matrix.py",), tested=False)


def named(cheats: list[Cheat]) -> list[str]:
    return [f"{cheat.row} {cheat.name}" for cheat in cheats]


def assert_turned_down(cheat: Cheat, funnel: Funnel) -> None:
    verdict = funnel.verdict(cheat.files)
    assert (verdict.accepted, verdict.stage) == (False, cheat.stage), (verdict.reason, verdict.evidence)
    assert cheat.says in verdict.reason


def assert_passed(cheat: Cheat, funnel: Funnel) -> None:
    verdict = funnel.verdict(cheat.honest_files)
    assert verdict.accepted, f"{verdict.stage}: {verdict.reason}"
    assert "recorded call" in verdict.evidence["calls"] or cheat.stage != "calls", verdict.evidence


@pytest.mark.slow
@pytest.mark.parametrize("cheat", CHEATS, ids=named(CHEATS))
def test_cheat_is_turned_down_by_what_runs_it(cheat: Cheat, funnel: Funnel) -> None:
    assert_turned_down(cheat, funnel)


HONEST = [cheat for cheat in CHEATS if cheat.honest]


@pytest.mark.parametrize("cheat", HONEST, ids=named(HONEST))
def test_honest_edit_of_the_same_flavour_runs_the_same(cheat: Cheat, funnel: Funnel) -> None:
    assert_passed(cheat, funnel)


@pytest.mark.parametrize("cheat", ARRAYS, ids=named(ARRAYS))
def test_cheat_with_arrays_is_turned_down_by_what_runs_it(cheat: Cheat, funnel_of_arrays: Funnel) -> None:
    assert_turned_down(cheat, funnel_of_arrays)


HONEST_ARRAYS = [cheat for cheat in ARRAYS if cheat.honest]


@pytest.mark.parametrize("cheat", HONEST_ARRAYS, ids=named(HONEST_ARRAYS))
def test_honest_edit_of_arrays_runs_the_same(cheat: Cheat, funnel_of_arrays: Funnel) -> None:
    assert_passed(cheat, funnel_of_arrays)


# --- growth, which shows only over many calls ------------------------------------------------------------------------

SIZES = {
    "lru_cache": ("@lru_cache(maxsize=None)\n{stem}", "memory grows without a bound: depot/text.py::stem keeps "),
    "dictionary": (
        """
        _STEMS = {{}}


        def _stem(word):
            if word not in _STEMS:
                _STEMS[word] = _cut(word)
            return _STEMS[word]


        def stem(word):
            return _stem(word)


        {cut}""",
        "memory grows without a bound: depot/text.py::stem keeps ",
    ),
    "a bound": ("@lru_cache(maxsize=100)\n{stem}", ""),
    "a larger bound": ("@lru_cache(maxsize=50_000)\n{stem}", ""),
}


@pytest.mark.parametrize("kind", SIZES)
def test_24_cache_without_a_bound_is_turned_down(kind: str, funnel: Funnel) -> None:
    code, reason = SIZES[kind]
    text = textwrap.dedent(code).format(stem=STEM, cut=STEM.replace("def stem", "def _cut"))
    verdict = funnel.verdict(edited(TEXT, "stem", text, "from functools import lru_cache"))
    assert verdict.accepted == (not reason), f"{verdict.stage}: {verdict.reason}"
    if reason:
        assert (verdict.stage, verdict.reason.startswith(reason)) == ("calls", True), verdict.reason
        assert "give the cache a bound" in verdict.reason
    else:
        assert verdict.evidence["memory"]


STEM = """def stem(word):
    for ending in ("ings", "ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            return word[: -len(ending)]
    return word
"""
