"""A report in, one HTML page out that needs nothing else: no server, no network, no script to be read.

All text of others goes through jinja2's escaping; the page forbids itself any connection (Content-Security-Policy).
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from llmopt import output
from llmopt.reports import branches, flame, strip, words
from llmopt.reports.gather import SILENT, Heat, Report, Tried
from llmopt.reports.summary import GAINS, SHOWN_COLD
from llmopt.reports.words import described

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

PAGE = Path(__file__).parent / "page"
MEASURED = {
    "end to end": "Measured end to end on fresh runs",
    "per edit": "The product of the edits' own measurements; the end-to-end measurement was not taken",
}
DIFF_CHARACTERS = 200_000  # of one diff


def page(report: Report) -> str:
    """The whole page."""
    from markupsafe import Markup

    graphs = [each.flame.seconds for each in (report.before, report.after) if each]
    return (
        environment(PAGE)
        .get_template("page.html")
        .render(
            r=report,
            css=Markup((PAGE / "page.css").read_text(encoding="utf-8")),
            js=Markup((PAGE / "page.js").read_text(encoding="utf-8")),
            gain=f"{GAINS[report.objective]}, 95 % interval",
            measured=MEASURED.get(report.measured, MEASURED["per edit"]),
            others=[edit for edit in report.edits if not edit.accepted],
            scale=max(graphs, default=0.0),
            tree=Markup(branches.svg(report.edits, report.base)),
            heats=list(paired(report)),
            again=again(report),
            cold=SHOWN_COLD,
        )
    )


def paired(report: Report) -> Iterable[tuple[Heat | None, Heat | None]]:
    """Functions line by line before and after, those of kept edits first."""
    old = {each.function: each for each in report.before.heat} if report.before else {}
    new = {each.function: each for each in report.after.heat} if report.after else {}
    edited = {edit.function for edit in report.kept}
    names = sorted(dict.fromkeys([*old, *new]), key=lambda name: name not in edited)
    return [(old.get(name), new.get(name)) for name in names]


def again(report: Report) -> list[tuple[str, str | Markup]]:
    """What to type."""
    from markupsafe import Markup

    def code(text: str) -> Markup:
        return Markup("<code>{}</code>").format(text)

    rows: list[tuple[str, str | Markup]] = []
    if report.where:
        rows.append(("The edits are", output.one_line(report.where)))
    if report.measure_again:
        rows.append(("Measure again", code(report.measure_again)))
    if report.kept:
        rows.append(("Look", code(f"git diff {report.base[:12]} {report.kept[-1].commit[:12]}")))
    if report.undo:
        rows.append(("Undo", code(report.undo)))
    rows.append(("Every request, sample and verdict", code(f"llmopt show {report.run} --json")))
    rows += [(name.capitalize(), output.one_line(value)) for name, value in report.environment.items()]
    rows.append(("Noise between runs of the same code", words.percent(report.noise)))
    rows.append(("Settings", code(", ".join(f"{name} = {value}" for name, value in report.settings.items()))))
    return rows


@lru_cache(maxsize=2)
def environment(folder: Path) -> Environment:
    """The templates of a folder, with what pages about runs call."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    found = Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined)
    found.globals |= {
        "count": words.count,
        "duration": words.duration,
        "flame": lambda root, scale, title: Markup(flame.html(root, scale, title)),
        "still_hot": words.still_hot,
        "percent": words.percent,
        "precise": words.precise,
        "proofs": proofs,
        "strip": lambda values, speedup, interval: Markup(strip.svg(values, speedup, interval)),
    }
    found.filters |= {
        "evidence": lambda whole: "; ".join(text for stage, text in whole.items() if stage not in SILENT),
        "first": words.first_line,
        "highlighted": highlighted,
        "line": output.one_line,
        "middle": statistics.median,
        "prose": prose,
        "ratio": lambda value: f"{value:.3f}",
        "short": words.short,
        "speedup": lambda edit: described(edit.speedup, edit.interval),
        "text": output.plain,
    }
    return found


def proofs(edit: Tried) -> Markup:
    """The evidence, stage by stage."""
    from markupsafe import Markup

    item = Markup("<li><b>{}</b>: {}</li>")
    items = Markup("").join(item.format(stage, output.plain(text)[:2000]) for stage, text in edit.proofs.items())
    return Markup('<ul class="proof">{}</ul>').format(items) if items else Markup("")


def prose(text: str) -> Markup:
    """Paragraphs."""
    from markupsafe import Markup

    parts = [part.strip() for part in output.plain(text).split("\n\n")]
    return Markup("").join(Markup("<p>{}</p>").format(part) for part in parts if part)


def highlighted(diff: str) -> Markup:
    """A diff in colours that the page's style gives."""
    from markupsafe import Markup
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import DiffLexer

    text = output.plain(diff)
    cut = text[:DIFF_CHARACTERS] + ("\n… cut …\n" if len(text) > DIFF_CHARACTERS else "")
    return Markup(highlight(cut, DiffLexer(), HtmlFormatter()))
