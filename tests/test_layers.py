"""Imports inside llmopt point downwards only, and the start of the command line loads nothing heavy."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import llmopt

PACKAGE = Path(llmopt.__file__).parent

# From the top: a module may import from its own layer's row and from the rows below. "x/" stands for a package.
LAYERS = [
    ["__main__"],
    ["cli"],
    ["commands/"],
    ["serving/", "ci/"],
    ["api"],
    ["jobs/"],
    ["stages", "finish"],
    ["paring", "workbench"],
    ["reports/"],
    ["revisions", "changes", "scopes"],
    ["session", "events", "loop"],
    ["search/", "models/", "keep"],
    ["prompts", "edits", "replies"],
    ["baseline", "comparing", "benching"],
    ["calibration", "person"],
    ["noise_floor"],
    ["trial", "checks/", "known", "hot"],
    ["timer"],
    ["localize", "profilers/"],
    ["project", "benchmark_files", "roots", "interpreters", "workloads/", "pytests", "output"],
    ["unstaged"],
    ["target", "encoding", "trees", "git", "journal", "sandbox/", "config"],
    ["doubts"],
    ["judge", "samples"],
    ["reported"],
    ["data", "errors", "evidence", "folders", "globs", "interrupts", "keys", "machine", "syntax", "touched"],
]


def layer(module: str) -> int:
    """The row of a module given as its path below llmopt, without suffix."""
    for number, row in enumerate(LAYERS):
        if any(module == entry or (entry.endswith("/") and f"{module}/".startswith(entry)) for entry in row):
            return number
    raise AssertionError(f"{module} stands in no layer: give it one")


def imports(path: Path) -> set[str]:
    """The modules of llmopt that a file imports, also inside functions, but not for annotations only."""
    found = set()
    tree = ast.parse(path.read_text())
    for_types = {id(n) for block in ast.walk(tree) if is_for_types(block) for n in ast.walk(block)}
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "llmopt":
            for alias in node.names:
                dotted = f"{node.module}.{alias.name}"
                found.add(dotted if is_module(dotted) else str(node.module))
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.split(".")[0] == "llmopt"}
    return {name.removeprefix("llmopt").lstrip(".").replace(".", "/") for name in found} - {""}


def is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def is_module(dotted: str) -> bool:
    path = PACKAGE.parent / Path(*dotted.split("."))
    return path.with_suffix(".py").exists() or path.is_dir()


def test_imports_point_downwards_only() -> None:
    upwards = []
    for path in sorted(PACKAGE.rglob("*.py")):
        module = path.relative_to(PACKAGE).with_suffix("").as_posix().removesuffix("/__init__")
        if module.startswith("probe") or module == "__init__":
            continue
        upwards += [f"{module} -> {name}" for name in imports(path) if layer(name) < layer(module)]
    assert upwards == []


def test_the_probe_imports_nothing_but_the_standard_library() -> None:
    foreign = []
    for path in (PACKAGE / "probe").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            foreign += [f"{path.name}: {n}" for n in names if not is_allowed(n.split(".")[0])]
    assert foreign == []


def is_allowed(name: str) -> bool:
    # line_profiler, pytest and hypothesis are the target's own, used where they are there.
    return (
        name in sys.stdlib_module_names
        or name.startswith("llmopt_")
        or name in ("line_profiler", "pytest", "_pytest", "hypothesis")
    )


# Newer typers load pydantic themselves when they read options.
HEAVY = ("mcp", "openai", "anthropic", "git", "libcst", "numpy", "rich", "jinja2", "line_profiler", "pytest")


def test_help_and_version_load_none_of_the_heavy_packages() -> None:
    for arguments in (["--version"], ["--help"], ["optimize", "--help"]):
        code = "\n".join(
            [
                "import sys; from llmopt.__main__ import main",
                f"sys.argv = ['llmopt', *{arguments!r}]",
                "try: main()",
                "except SystemExit: pass",
                f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)",
            ]
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stderr.strip().splitlines()[-1] == "[]", arguments
