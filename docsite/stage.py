"""The repository's Markdown in, the folder that the site is built from out: build/pages, its links made for the site.

python docsite/stage.py
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path, PurePosixPath

from links import links

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "build" / "pages"
SOURCE = "https://github.com/llmopt/llmopt"
# Beside those of docs/, which keep their names.
ELSEWHERE = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "reporting.md",
    "docsite/site.css": "site.css",
    "docsite/iframe-worker.js": "iframe-worker.js",
}


def main() -> None:
    shutil.rmtree(PAGES, ignore_errors=True)
    PAGES.mkdir(parents=True)
    for source, name in staged(ROOT).items():
        text = (ROOT / source).read_bytes()
        (PAGES / name).write_bytes(for_the_site(text.decode(), source, ROOT).encode() if name.endswith(".md") else text)


def staged(root: Path) -> dict[str, str]:
    """The files of the site: their paths in the repository, and their names in the site."""
    return ELSEWHERE | {f"docs/{file.name}": file.name for file in sorted((root / "docs").iterdir()) if file.is_file()}


def for_the_site(text: str, source: str, root: Path) -> str:
    """The text with links to other pages under their names in the site, and links to code on the repository's host."""
    for link in reversed(list(links(text))):
        text = text[: link.start] + target(link.target, source, root) + text[link.end :]
    return text


def target(written: str, source: str, root: Path) -> str:
    """Where a link of the file `source` leads in the site."""
    path, mark, anchor = written.partition("#")
    if not path or ":" in path:
        return written
    whole = os.path.normpath(PurePosixPath(source).parent / path)
    if name := staged(root).get(whole):
        return name + mark + anchor
    return f"{SOURCE}/{'tree' if (root / whole).is_dir() else 'blob'}/main/{whole}{mark}{anchor}"


if __name__ == "__main__":
    main()
