"""A depot: small modules as people write them, their tests and workload; and the funnel that edits of them go through.

Everything is real but the commits, which are folders: recorded calls, the workload's output and the tests run in
processes of their own.
"""

from __future__ import annotations

import ast
import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import targets

from llmopt import baseline, trial, workloads
from llmopt.checks import calls, coverage, duplicate, guard, output, replays, tests
from llmopt.data import (
    Base,
    Candidate,
    Check,
    Function,
    Hotspot,
    Limits,
    Proposal,
    TestCommand,
    Tree,
    Verdict,
    Workload,
)

LIMITS = Limits(seconds=60)
SPOT = Hotspot(Function("depot/text.py", "words", 1), 2, 0.5, 0.5, 0.5, 2.0)
REPETITIONS = 20  # one is so short that it might be seen to take no time
BOUNDS = replays.Bounds(derived=80, held=6)

FILES = {
    "depot/__init__.py": "",
    "depot/text.py": '''
        """An index of words over documents."""

        import re


        def words(text):
            """The words of a text, in lower case and in their order."""
            return re.findall(r"[a-z0-9]+", text.lower())


        def stem(word):
            """A word without its commonest English endings."""
            for ending in ("ings", "ing", "ed", "es", "s"):
                if word.endswith(ending) and len(word) > len(ending) + 2:
                    return word[: -len(ending)]
            return word


        def index(documents):
            """Stems, each with the numbers of the documents that have it."""
            found = {}
            for number, text in enumerate(documents):
                for word in words(text):
                    numbers = found.setdefault(stem(word), [])
                    if number not in numbers:
                        numbers.append(number)
            return found


        def search(documents, query):
            """Numbers of the documents that have all words of the query, those with most of them first."""
            wanted = [stem(word) for word in words(query)]
            scores = []
            for number, text in enumerate(documents):
                stems = [stem(word) for word in words(text)]
                if all(word in stems for word in wanted):
                    scores.append((number, sum(stems.count(word) for word in wanted)))
            return [number for number, score in sorted(scores, key=lambda each: -each[1])]
        ''',
    "depot/prices.py": '''
        """Prices of orders."""

        import logging
        import warnings

        log = logging.getLogger(__name__)
        RATES = {"DE": 0.19, "FR": 0.2, "CH": 0.081}


        def rate(country):
            """The tax rate of a country."""
            if country not in RATES:
                raise ValueError(f"no rate for {country!r}")
            return RATES[country]


        def net(lines):
            """The sum of lines of a price and a number of pieces, less the discount for many."""
            total = 0.0
            for price, pieces in lines:
                if price < 0:
                    raise ValueError(f"a negative price: {price}")
                if pieces == 0:
                    warnings.warn("a line without pieces", stacklevel=2)
                amount = price * pieces
                if pieces >= 100:
                    log.info("a discount on %d pieces", pieces)
                    amount = amount * 0.95
                total += amount
            return total


        def gross(amounts, country="DE"):
            """Amounts with the tax, rounded as the country does."""
            factor = 1 + rate(country)
            result = []
            for amount in amounts:
                if country == "CH":
                    result.append(round(amount * factor * 20) / 20)
                else:
                    result.append(round(amount * factor, 2))
            return result


        def ranked(items):
            """Names and prices, the cheapest first."""
            return sorted(items, key=lambda item: item[1])


        def shares(values):
            """What part of their sum each value is."""
            parts = []
            for value in values:
                parts.append(value / sum(values))
            return parts
        ''',
    "depot/graph.py": '''
        """Walks over graphs, which map a node to its neighbours."""


        def reachable(graph, start):
            """All nodes on the way from one, breadth first."""
            found = [start]
            for node in found:
                for other in graph.get(node, ()):
                    if other not in found:
                        found.append(other)
            return found


        def lengths(graph, start):
            """How many steps away the nodes are."""
            steps = {start: 0}
            waiting = [start]
            while waiting:
                node = waiting.pop(0)
                for other in graph.get(node, ()):
                    if other not in steps:
                        steps[other] = steps[node] + 1
                        waiting.append(other)
            return steps
        ''',
    "depot/tables.py": '''
        """Tables in CSV."""

        import csv
        import io


        def convert(value):
            """A number where the text is one."""
            for kind in (int, float):
                try:
                    return kind(value)
                except ValueError:
                    pass
            return value


        def rows(text, delimiter=","):
            """The records of a text whose first line is a header."""
            lines = list(csv.reader(io.StringIO(text), delimiter=delimiter))
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


        def save(path, records):
            """Write records as a table."""
            with open(path, "w", newline="") as file:
                writer = csv.DictWriter(file, list(records[0]))
                writer.writeheader()
                writer.writerows(records)


        def totals(lines):
            """The sum of the numbers behind each name, for lines that come one by one."""
            found = {}
            for line in lines:
                name, _, number = line.partition(":")
                found[name] = found.get(name, 0) + int(number)
            return found


        def widths(lines):
            """The longest name and the longest number of lines that come one by one."""
            longest = [0, 0]
            for line in lines:
                name, _, number = line.partition(":")
                longest = [max(longest[0], len(name)), max(longest[1], len(number))]
            return longest
        ''',
    "depot/templates.py": '''
        """Texts with fields in braces."""

        import re


        def names(source):
            """The names of the fields of a text."""
            return re.findall(r"{([a-z]+)}", source)


        class Template:
            def __init__(self, source):
                self.source = source

            def fields(self):
                return sorted(set(names(self.source)))

            def size(self):
                """How many characters there are beside the fields."""
                return len(self.source) - sum(len(name) + 2 for name in names(self.source))

            def render(self, values):
                """The text with values in place of the fields; KeyError for one without a value."""
                text = self.source
                for name in self.fields():
                    text = text.replace("{%s}" % name, str(values[name]))
                return text


        def letters(source, people):
            """One text for each."""
            return [Template(source).render(person) for person in people]
        ''',
    "depot/draws.py": '''
        """Random choices."""

        import random


        def picked(items, count):
            """So many of the items, with repetitions."""
            result = []
            for _ in range(count):
                result.append(random.choice(items))
            return result
        ''',
    "depot/parcels.py": '''
        """Checksums of parcels, several at once where there are many."""

        from concurrent.futures import ThreadPoolExecutor


        def checksum(parcel, modulus=255):
            """Fletcher's, with 16 bits."""
            low = high = 0
            for byte in parcel:
                low = (low + byte) % modulus
                high = (high + low) % modulus
            return high * 256 + low


        def audit(parcels):
            """The checksums of some parcels."""
            return [checksum(parcel) for parcel in parcels]


        def audit_many(parcels):
            with ThreadPoolExecutor(2) as pool:
                return list(pool.map(checksum, parcels))
        ''',
    "depot/release.py": '''
        """Figures of a release."""

        import subprocess


        def revision(folder):
            """The commit that a folder is at."""
            return subprocess.run(["git", "-C", folder, "rev-parse", "HEAD"], stdout=subprocess.PIPE).stdout.strip()


        def orders(count):
            """In how many orders so many trucks can use one ramp."""
            if count > 200:
                raise ValueError("too many trucks")
            ways = [1]
            for _ in range(count):
                ways.append(sum(one * other for one, other in zip(ways, reversed(ways))))
            return ways[count]
        ''',
    "tests/__init__.py": "",
    "tests/test_depot.py": """
        import tempfile
        import unittest

        from depot import graph, parcels, prices, tables, templates, text


        class Depot(unittest.TestCase):
            def test_words(self):
                self.assertEqual(text.words("Two words"), ["two", "words"])

            def test_search(self):
                self.assertEqual(text.search(["red cars", "a blue car"], "car"), [0, 1])

            def test_no_rate(self):
                with self.assertRaises(ValueError):
                    prices.rate("XX")

            def test_net(self):
                self.assertEqual(prices.net([(2.0, 3), (1.0, 100)]), 101.0)

            def test_reachable(self):
                self.assertEqual(graph.reachable({"a": ["b"], "b": ["a"]}, "a"), ["a", "b"])

            def test_rows(self):
                self.assertEqual(tables.rows("a,b\\n1,x\\n"), [{"a": 1, "b": "x"}])

            def test_totals(self):
                with tempfile.TemporaryFile("w+") as file:
                    file.write("a:1\\nb:2\\na:3\\n")
                    file.seek(0)
                    self.assertEqual(tables.totals(file), {"a": 4, "b": 2})

            def test_fields(self):
                self.assertEqual(templates.Template("{b} {a}").fields(), ["a", "b"])

            def test_audit(self):
                self.assertEqual(parcels.audit_many([b"abc"]), parcels.audit([b"abc"]))
        """,
    "bench.py": """
        import random

        from depot import draws, graph, parcels, prices, release, tables, templates, text

        NOUNS = ("crates", "boxes", "parcels", "lists", "pallets", "trucks", "ramps")
        TEXTS = [f"{NOUNS[n % 7]} waiting for {NOUNS[n * n % 7]} {n}" for n in range(12)]
        WAYS = {n: [(n * 3 + 1) % 20, (n * 5 + 2) % 20] for n in range(18)}


        def workload():
            random.seed(7)
            print(len(text.index(TEXTS)), text.search(TEXTS, "boxes waiting")[:1])
            print(round(prices.net([(1.1 * n, 30 * n) for n in range(1, 6)])), len(prices.gross([1.1, 2.7, 3.3], "FR")))
            print(prices.ranked([("b", 3.5), ("a", 2.5), ("c", 3.5)])[0], len(prices.shares([0.1, 0.2, 0.7])))
            print(len(graph.reachable(WAYS, 0)), max(graph.lengths(WAYS, 0).values()))
            print(len(tables.rows("name,price\\nbox,1.5\\ncrate,2\\ntruck,30\\n")), tables.convert("1e3"))
            print(tables.widths(f"box {n}:{n * 7}" for n in range(50)))
            print(templates.letters("Dear {name}, your {item} is here.", [{"name": "Al", "item": "box"}]))
            print(templates.Template("{a} and {b}").size(), len(tables.rows("a;b\\n1;2\\n", ";")))
            print(len(draws.picked(NOUNS, 5)), parcels.audit([bytes(range(200)) * 9, b"box"])[1], release.orders(9))
        """,
}
# Needs numpy, and is then part of the depot.
MATRIX = {
    "depot/matrix.py": '''
        """Figures of points."""

        import numpy as np


        def spans(points):
            """The largest difference in any coordinate between each two points."""
            count = len(points)
            result = np.zeros((count, count))
            for i in range(count):
                for j in range(count):
                    result[i, j] = np.abs(points[i] - points[j]).max()
            return result


        def smoothed(values):
            """Each value with its neighbour, halved."""
            result = np.empty(max(0, len(values) - 1))
            for at in range(len(values) - 1):
                result[at] = (values[at] + values[at + 1]) / 2
            return result
        ''',
    "bench_matrix.py": """
        import numpy as np

        from depot import matrix


        def workload():
            points = np.array([[1.5, 2.25, 0.1], [4.0, -1.0, 0.2], [0.5, 0.75, 3.3]])
            print(matrix.spans(points).shape, matrix.smoothed(points[:, 2].copy()).shape)
        """,
}


def plain(code: str) -> str:
    return dedent(code).strip("\n")


def edited(path: str, name: str, code: str, imports: str = "") -> dict[str, str]:
    """The module with other code in place of a function or class, and with further imports."""
    text = plain({**FILES, **MATRIX}[path]) + "\n"
    (node,) = (each for each in ast.parse(text).body if getattr(each, "name", "") == name)
    lines = text.splitlines()
    lines[node.lineno - 1 : node.end_lineno] = plain(code).splitlines()
    at = next(at for at, line in enumerate(lines) if line.startswith(("import ", "from ", "def ")))
    lines[at:at] = plain(imports).splitlines()
    return {path: "\n".join(lines) + "\n"}


class Funnel:
    """The checks up to the coverage over one base, which is recorded once for all candidates."""

    def __init__(
        self,
        folder: Path,
        files: Mapping[str, str],
        specs: tuple[str, ...],
        tested: bool = True,
        repetitions: int = REPETITIONS,
    ) -> None:
        command = TestCommand("unittest") if tested else None
        target, self.tree = targets.make(folder, files, tests=command)
        project = target.project
        chosen = tuple(workloads.parse(spec, project.root, project.interpreter) for spec in specs)
        self.target = replace(target, project=replace(project, workloads=chosen))
        self.folder, self.repetitions = folder, repetitions
        self.trees = {self.tree.commit: self.tree}
        base = baseline.gate(self.target, self.tree, LIMITS, lambda stage: None)
        self.base = self.with_outputs(base)

    def with_outputs(self, base: Base) -> Base:
        def run(workload: Workload) -> workloads.Run:
            return workloads.run(
                self.target, self.tree, workload, LIMITS, tasks={"returned": {}}, repetitions=self.repetitions
            )

        runs = [[run(each) for _ in range(2)] for each in self.target.project.workloads]
        digests = [{workloads.fingerprint(run) for run in two} for two in runs]
        return replace(
            base,
            seconds=tuple(two[1].sample.seconds for two in runs),
            repetitions=(self.repetitions,) * len(runs),
            outputs=tuple(each.pop() if len(each) == 1 else "" for each in digests),
        )

    def commit(self, files: Mapping[str, str]) -> Candidate:
        """A candidate with these files in place of the base's."""
        name = hashlib.sha1(repr(sorted(files.items())).encode()).hexdigest()
        if name not in self.trees:
            path = self.folder / "trees" / name[:12]
            shutil.copytree(self.tree.path, path, ignore=shutil.ignore_patterns("__pycache__"))
            self.trees[name] = Tree(name, targets.write(path, files))
        return Candidate(Proposal("m", SPOT, "", files=files), self.base.commit, name, tuple(sorted(files)))

    def checks(self) -> dict[str, Check]:
        def read(commit: str, path: str) -> str:
            return (self.trees[commit].path / path).read_text()

        bench = [each.target for each in self.target.project.workloads]
        tree_of, kept = self.trees.__getitem__, self.folder / "kept"
        executed = coverage.Executed(self.target, tree_of)
        return {
            "duplicate": duplicate.check(read, lambda: ()),
            "guard": guard.check(bench, [], (), read, ["numpy"]),
            "calls": calls.check(
                self.target, tree_of, kept, workload=LIMITS, tests=LIMITS, bounds=BOUNDS, executed=executed
            ),
            "output": output.check(self.target, tree_of, LIMITS, executed),
            "tests": tests.check(self.target, tree_of, LIMITS, executed=executed),
            "coverage": coverage.check(executed),
        }

    def verdict(self, files: Mapping[str, str], checks: Mapping[str, Check] | None = None) -> Verdict:
        """What the funnel says of the base with these files."""
        proposal = Proposal("m", SPOT, "", files=files)
        chosen = self.checks() if checks is None else checks
        return trial.attempt(
            proposal, self.base, lambda each, base: self.commit(each.files), chosen, lambda stage: None
        )
