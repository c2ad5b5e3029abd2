"""A result in, its files in a folder out: data for other programs, Markdown, a page, SARIF, and a patch."""

from __future__ import annotations

from pathlib import Path

from llmopt import journal
from llmopt.ci import comment, sarif
from llmopt.ci import result as results
from llmopt.ci.result import Result
from llmopt.errors import ProjectError
from llmopt.reports import gather, html

TEMPLATES = Path(__file__).parent
SARIF, PATCH, SEARCH = "llmopt.sarif", "kept.patch", "search.html"
NAMES = (results.FILE, "report.md", "report.html", SARIF, PATCH, SEARCH)


def clear(folder: Path) -> None:
    """Remove what an earlier run wrote: should this one end in an error, it is nobody's result."""
    for name in NAMES:
        (folder / name).unlink(missing_ok=True)


def write(folder: Path, result: Result, with_sarif: bool) -> list[Path]:
    """Write what there is; the paths, the data first."""
    found = {
        results.FILE: results.as_json(result),
        "report.md": comment.markdown(result),
        "report.html": page(result),
    }
    if with_sarif:
        found[SARIF] = sarif.text(result)
    if result.search and result.search.diff:
        found[PATCH] = result.search.diff
    paths = [folder / name for name in found]
    for path, text in zip(paths, found.values(), strict=True):
        put(path, text)
    return paths


def write_search(folder: Path, state: Path, run: str) -> Path:
    """The whole report of a search beside the result, as of `llmopt report`: flame graphs, samples, every edit."""
    path = folder / SEARCH
    put(path, html.page(gather.report(journal.find_run(state, run))))
    return path


def put(path: Path, text: str) -> None:
    """Write one file; ProjectError where that fails."""
    try:
        if not path.parent.exists():
            path.parent.mkdir(parents=True)
            (path.parent / ".gitignore").write_text("*\n")  # in a checkout the report is no work of the user's
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
    except OSError as problem:
        raise ProjectError(f"cannot write {path}: {problem.strerror}", "name another folder") from None


def page(result: Result) -> str:
    """A page that needs nothing else and may connect to nothing."""
    from markupsafe import Markup

    css = Markup((html.PAGE / "page.css").read_text(encoding="utf-8"))
    page = html.environment(TEMPLATES).get_template("page.html")
    return page.render(r=result, title=comment.title(result), css=css, use=comment.use)
