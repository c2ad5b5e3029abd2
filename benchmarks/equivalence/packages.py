"""The packages whose edits are broken: where each comes from, how its tests run, its edits, and slips made by hand.

An edit is a reply in the tool's own notation, written for this study (`edits/`) or by the model of a recorded run
(`examples/transcripts`). A slip is one mistake that people and models make in such an edit, where no operator makes it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
TRANSCRIPTS = HERE.parents[1] / "examples" / "transcripts"
WORKLOADS = HERE.parent / "workloads"


@dataclass(frozen=True)
class Slip:
    """A text that occurs once in the edited file, and the wrong one."""

    name: str
    search: str
    replace: str


@dataclass(frozen=True)
class Edit:
    """`source` is a file of `edits/`, or a transcript with the number of the reply in it."""

    name: str
    source: str
    reply: int = 0
    slips: tuple[Slip, ...] = ()

    @property
    def text(self) -> str:
        if self.source.endswith(".md"):
            return (HERE / "edits" / self.source).read_text()
        lines = (TRANSCRIPTS / self.source).read_text().splitlines()
        return str(json.loads(lines[self.reply])["reply"])


@dataclass(frozen=True)
class Package:
    """`sdist` is the archive's name without its ending, `tests` are arguments of pytest, `workloads` files of
    `benchmarks/workloads`, `roots` the folders from which its modules are imported.

    The tests are the package's own, in all files of which a test was seen to execute an edited function: no other can
    tell an edit from another. `needs` are optional packages without which these tests are skipped.
    """

    name: str
    version: str
    sdist: str
    sha256: str
    tests: tuple[str, ...]
    workloads: tuple[str, ...]
    edits: tuple[Edit, ...]
    roots: tuple[str, ...] = ("",)
    needs: tuple[str, ...] = ()


TOOLZ = Package(
    "toolz",
    "1.0.0",
    "toolz-1.0.0",
    "2c86e3d9a04798ac556793bced838816296a2f085017664e4995cb40a1047a02",
    ("toolz",),
    ("toolz_sales.py",),
    (
        Edit(
            "groupby",
            "toolz-groupby.md",
            slips=(
                Slip("order within groups lost", "group.append(item)", "group.insert(0, item)"),
                Slip("a falsy key forgotten", "        group = find(k)\n", "        group = find(k) if k else None\n"),
                Slip("shared result", "    groups = {}\n", "    groups = groupby.__dict__.setdefault('kept', {})\n"),
                Slip("lists of one element", "groups[k] = [item]", "groups[k] = [k]"),
                Slip("keys sorted", "    return groups", "    return dict(sorted(groups.items(), key=repr))"),
                Slip(
                    "elements of groups unique",
                    "            group.append(item)",
                    "            item in group or group.append(item)",
                ),
            ),
        ),
        Edit(
            "partition_all",
            "toolz-partition_all.md",
            slips=(
                Slip("last batch lost", "range(0, len(seq), n):", "range(0, len(seq) - n + 1, n):"),
                Slip("another type", "yield tuple(seq[start:start + n])", "yield seq[start:start + n]"),
                Slip("empty batch at the end", "range(0, len(seq), n):", "range(0, len(seq) + 1, n):"),
                Slip("negative sizes", " and 0 < n <= len(seq):", " and n <= len(seq):"),
                Slip("also of text", "type(seq) in (list, tuple)", "hasattr(seq, '__getitem__')"),
                Slip(
                    "argument changed",
                    "            yield tuple(seq[start:start + n])\n        return",
                    "            yield tuple(seq[start:start + n])\n"
                    "        if type(seq) is list:\n            seq.clear()\n        return",
                ),
            ),
        ),
        Edit(
            "reduceby",
            "toolz-reduceby.md",
            slips=(
                Slip("None as a value", "    missing = object()\n", "    missing = None\n"),
                Slip(
                    "start value shared",
                    "            value = init()\n",
                    "            value = init = init() if callable(init) else init\n",
                ),
                Slip("start value skipped", "            value = init()\n", "            value = item\n"),
                Slip(
                    "first element twice",
                    "                d[k] = item\n                continue\n",
                    "                value = d[k] = item\n",
                ),
                Slip("arguments swapped", "d[k] = binop(value, item)", "d[k] = binop(item, value)"),
            ),
        ),
        Edit(
            "merge_with",
            "toolz-merge_with.md",
            slips=(
                Slip(
                    "first dictionary changed",
                    "    values = {}\n",
                    "    values = dicts[0] if dicts and not dicts[0] else {}\n",
                ),
                Slip(
                    "falsy values dropped",
                    "            if k in values:\n",
                    "            if not v:\n                continue\n            if k in values:\n",
                ),
                Slip("tuples", "        result[k] = func(v)\n", "        result[k] = func(tuple(v))\n"),
                Slip(
                    "single values untouched",
                    "        result[k] = func(v)\n",
                    "        result[k] = func(v) if len(v) > 1 else v[0]\n",
                ),
                Slip("last first", "values[k].append(v)", "values[k].insert(0, v)"),
            ),
        ),
    ),
)

TABULATE = Package(
    "tabulate",
    "0.9.0",
    "tabulate-0.9.0",
    "0095b12bf5966de529c0feb1fa08671671b3368eec77d7ef7ab114be2c068b3c",
    ("test",),
    ("tabulate_inventory.py",),
    (
        Edit(
            "column_type",
            "tabulate-column_type.md",
            slips=(
                Slip("empty column", "    generic = 1\n", "    generic = 0\n"),
                Slip("stops too early", "if rank == 5:", "if rank >= 3:"),
                Slip("last cell wins", "        if rank > generic:\n", "        if rank != generic:\n"),
                Slip(
                    "option not passed on",
                    "_RANKS.get(_type(s, has_invisible, numparse), 5)",
                    "_RANKS.get(_type(s, has_invisible), 5)",
                ),
                Slip(
                    "stale cache",
                    "    return _BY_RANK[generic]",
                    "    return _column_type.__dict__.setdefault((len(strings), str(strings[:1])), _BY_RANK[generic])",
                ),
            ),
        ),
        Edit(
            "isnumber",
            "tabulate-isnumber.md",
            slips=(
                Slip(
                    "exception not caught",
                    "    except (ValueError, TypeError):\n        return False\n    if isinstance",
                    "    except ValueError:\n        return False\n    if isinstance",
                ),
                Slip(
                    "exception swallowed",
                    "    except (ValueError, TypeError):\n        return False\n    if isinstance",
                    "    except Exception:\n        return False\n    if isinstance",
                ),
                Slip("nan forgotten", "not math.isfinite(number)", "math.isinf(number)"),
                Slip("numbers only", "    if isinstance(string, (str, bytes)) and not math", "    if not math"),
                Slip(
                    "case", 'return string.lower() in ("inf", "-inf", "nan")', 'return string in ("inf", "-inf", "nan")'
                ),
                Slip(
                    "spaces",
                    "        number = float(string)\n",
                    "        number = float(string if kind is not str or string == string.strip() else '')\n",
                ),
            ),
        ),
        Edit(
            "visible_width",
            "tabulate-visible_width.md",
            slips=(
                Slip("colours counted", 's if "\\x1b" not in s else _strip_ansi(s)', "s"),
                Slip(
                    "bytes not stripped",
                    "    if isinstance(s, bytes):\n        return len_fn(_strip_ansi(s))\n",
                    "    if isinstance(s, bytes):\n        return len_fn(s)\n",
                ),
                Slip("first character only", '"\\x1b" not in s', '"\\x1b" != s[:1]'),
                Slip(
                    "result None for others",
                    "    return len_fn(str(s))\n\n\ndef _is_multiline",
                    "    return len_fn(str(s)) or None\n\n\ndef _is_multiline",
                ),
                Slip("wide characters", "        return len_fn(s if", "        return len(s if"),
            ),
        ),
    ),
    needs=("wcwidth",),
)

SQLPARSE = Package(
    "sqlparse",
    "0.5.3",
    "sqlparse-0.5.3",
    "09f67787f56a0b16ecdbde1bfc7f5d9c3371ca683cfeaa8e6ff60b4807ec9272",
    ("tests",),
    ("sqlparse_in_list.py",),
    (
        Edit(
            "group_tokens",
            "sqlparse-0.5.3.jsonl",
            0,
            slips=(
                Slip(
                    "groups keep their old text",
                    "str(token) if token.is_group else token.value\n",
                    "token.normalized\n",
                ),
                Slip(
                    "stale text",
                    "            grp.value += ''.join([\n",
                    "            grp.value = grp.value if len(subtokens) > 3 else grp.value + ''.join([\n",
                ),
                Slip(
                    "first token lost",
                    "                for token in subtokens\n            ])",
                    "                for token in subtokens[1:]\n            ])",
                ),
            ),
        ),
        Edit(
            "token_next_by",
            "sqlparse-0.5.3.jsonl",
            3,
            slips=(
                Slip("None not skipped", "if token is not None and isinstance(token, i):", "if type(token) is i:"),
                Slip(
                    "end counted",
                    "        if end is None:\n            end = len(tokens)\n",
                    "        end = len(tokens) if end is None else end + 1\n",
                ),
                Slip(
                    "end ignored",
                    "        if end is None:\n            end = len(tokens)\n",
                    "        end = len(tokens)\n",
                ),
                Slip(
                    "types compared by identity",
                    "if token is not None and token.ttype in t:",
                    "if token is not None and token.ttype is t:",
                ),
                Slip(
                    "one result for not found",
                    "        return None, None\n\n    def token_not_matching",
                    "        return None\n\n    def token_not_matching",
                ),
            ),
        ),
        Edit(
            "reindent",
            "sqlparse-0.5.3.jsonl",
            1,
            slips=(
                Slip(
                    "index after the insertion",
                    "                        tlist.insert_before(tidx, self.nl(offset=adjust))",
                    "                        tlist.insert_before(tidx + 1, self.nl(offset=adjust))",
                ),
                Slip(
                    "search starts after the token",
                    "tidx = tlist.token_index(token, tidx)",
                    "tidx = tlist.token_index(token, tidx + 1)",
                ),
                Slip(
                    "the comma's place forgotten",
                    "                            tidx = 0  # the comma is before its identifier\n",
                    "                            pass\n",
                ),
                Slip(
                    "negative start",
                    "        if start >= 0:\n"
                    "            return self.tokens.index(token, start)\n"
                    "        return start + self.tokens[start:].index(token)",
                    "        return self.tokens.index(token, start)",
                ),
                Slip(
                    "not found is -1",
                    "            return self.tokens.index(token, start)\n",
                    "            return self.tokens.index(token, start) if token in self.tokens else -1\n",
                ),
            ),
        ),
    ),
)

NETWORKX = Package(
    "networkx",
    "3.6.1",
    "networkx-3.6.1",
    "26b7c357accc0c8cde558ad486283728b65b6a95d85ee1cd66bafab4c8168509",
    # The whole suite takes six minutes.
    (
        "networkx/algorithms/tests/test_dag.py",
        "networkx/algorithms/tests/test_structuralholes.py",
        "networkx/algorithms/tests/test_triads.py",
        "networkx/algorithms/connectivity/tests/test_kcomponents.py",
        "networkx/algorithms/connectivity/tests/test_kcutsets.py",
    ),
    ("networkx_task_graph.py", "networkx_social_roles.py"),
    (
        Edit(
            "transitive_reduction",
            "networkx-3.6.1-task_graph.jsonl",
            2,
            slips=(
                Slip(
                    "argument changed",
                    "        reduced[u] = u_nbrs = set(G[u])\n",
                    "        reduced[u] = u_nbrs = set(G[u])\n        G.nodes[u].clear()\n",
                ),
                Slip(
                    "edges in another order",
                    "    for u in G:\n        TR.add_edges_from((u, v) for v in reduced[u])\n",
                    "    for u in reduced:\n        TR.add_edges_from((u, v) for v in reduced[u])\n",
                ),
                Slip(
                    "descendants of one step",
                    "descendants[u] = u_nbrs.union(*[descendants[v] for v in u_nbrs])",
                    "descendants[u] = set(u_nbrs)",
                ),
                Slip(
                    "shared set",
                    "        descendants[u] = u_nbrs.union(*[descendants[v] for v in u_nbrs])",
                    "        u_nbrs.update(*[descendants[v] for v in u_nbrs])\n        descendants[u] = u_nbrs",
                ),
            ),
        ),
        Edit(
            "transitive_closure_dag",
            "networkx-3.6.1-task_graph.jsonl",
            0,
            slips=(
                Slip(
                    "one dictionary for all edges",
                    "        for u in second:\n            succ_v[u] = pred[u][v] = {}\n",
                    "        shared = {}\n        for u in second:\n            succ_v[u] = pred[u][v] = shared\n",
                ),
                Slip(
                    "predecessors forgotten",
                    "            succ_v[u] = pred[u][v] = {}\n",
                    "            succ_v[u] = {}\n",
                ),
                Slip(
                    "two dictionaries for one edge",
                    "            succ_v[u] = pred[u][v] = {}\n",
                    "            succ_v[u], pred[u][v] = {}, {}\n",
                ),
                Slip("cache not cleared", "    nx._clear_cache(TC)\n    return TC", "    return TC"),
                Slip(
                    "subclasses too", "    if type(TC) is not nx.DiGraph:\n", "    if not isinstance(TC, nx.DiGraph):\n"
                ),
            ),
        ),
        Edit(
            "triadic_census",
            "networkx-3.6.1-social_roles.jsonl",
            2,
            slips=(
                Slip("both directions", "                    if w in to_u:\n", "                    if w in from_u:\n"),
                Slip("ties", "            if rank_u <= rank_v:\n", "            if rank_u < rank_v:\n"),
                Slip(
                    "own node counted",
                    "neighbors = (vnbrs | unbrs) - {u, v}\n            from_u",
                    "neighbors = (vnbrs | unbrs) - {u}\n            from_u",
                ),
            ),
        ),
        Edit(
            "constraint",
            "networkx-3.6.1-social_roles.jsonl",
            0,
            slips=(
                Slip(
                    "rows kept between calls",
                    "def _normalized_mutual_weights(G, u, weight, rows):\n",
                    "def _normalized_mutual_weights(G, u, weight, rows, kept={}):\n    rows = kept\n",
                ),
                Slip(
                    "isolated nodes",
                    "        if scale == 0:\n"
                    "            rows[u] = dict.fromkeys(weights, 0), 0\n        else:\n            rows[u] =",
                    "        if True:\n            rows[u] =",
                ),
                Slip(
                    "direct weight twice",
                    "    indirect = 0\n    for w, weight_uw in from_u.items():\n",
                    "    indirect = direct\n    for w, weight_uw in from_u.items():\n",
                ),
                Slip(
                    "summed in another order",
                    "        scale = sum(weights.values())\n",
                    "        scale = sum(sorted(weights.values(), reverse=True))\n",
                ),
                Slip(
                    "one direction",
                    "    return a_uv + a_vu\n\n\ndef _normalized",
                    "    return 2 * a_uv\n\n\ndef _normalized",
                ),
            ),
        ),
    ),
    needs=("scipy",),
)

PACKAGES = (TOOLZ, TABULATE, SQLPARSE, NETWORKX)
