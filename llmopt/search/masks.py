"""Files and texts in, the same without secrets out; and a model's edits of them back into edits of the real files.

A secret becomes a name such as MASKED_3f2a9c_1 that says which file it is of, so that it means the same in every
message: what a model edits around it is put back as it was. The file's secrets are known by that name alone; no secret
is in a question, and so none is in the journal or in a transcript because of one.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Mapping, Sequence

from llmopt.data import ReadFile
from llmopt.errors import EditError
from llmopt.search import secrets

MASK = re.compile(r"MASKED_([0-9a-f]{6})_(\d+)")
NAMELESS = "MASKED_SECRET"  # in texts that are no files: nobody edits those
LEAST_LINE = 12  # characters; shorter ones tell nothing, and stand in many files
QUOTED = re.compile(r"^[>E]?\s*(\d+\s*\|?|[|+-])?\s*")  # what tracebacks and diffs put before a line of code
LEAST_CHARACTERS = 8  # of a secret that is looked for in other texts as well


def _bare(line: str) -> str:
    return QUOTED.sub("", line).strip()


class Masks:
    """The secrets of the files that were read so far, by their masks."""

    def __init__(
        self, read: ReadFile, others: Sequence[str] = (), excluded: Sequence[str] = (), before: Masks | None = None
    ) -> None:
        """`others` are secrets that no pattern needs to know: those of the environment; `excluded` the texts of files
        that are not sent; `before` masked the files as they were earlier: what had a mask keeps it."""
        self.original = read
        self._unsent = {line for text in excluded for line in map(_bare, text.split("\n")) if len(line) >= LEAST_LINE}
        self._others = tuple(others)
        self._texts: dict[str, str] = {}
        self._secrets: Mapping[str, str] = before._secrets if before else {}  # mask -> secret; never changed in place
        self._reading = threading.Lock()  # several questions are asked side by side

    def read(self, path: str) -> str:
        """The file's text with masks for its secrets; lines keep their numbers. EditError as of the reader."""
        with self._reading:
            if path not in self._texts:
                self._texts[path] = self._masked(path, self.original(path))
            return self._texts[path]

    def _masked(self, path: str, text: str) -> str:
        mark = hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()[:6]
        names = {secret: name for name, secret in self._secrets.items() if name.startswith(f"MASKED_{mark}_")}
        out, at = [], 0
        for start, end in self._find(text, path):
            secret = text[start:end]
            name = names.setdefault(secret, f"MASKED_{mark}_{len(names) + 1}")
            out += [text[at:start], name]
            at = end
        self._secrets = {**self._secrets, **{name: secret for secret, name in names.items()}}
        return "".join([*out, text[at:]])

    def _find(self, text: str, path: str = "") -> list[secrets.Span]:
        known = [match.span() for each in self._others for match in re.finditer(re.escape(each), text)]
        return secrets.merged([*secrets.find(text, path), *known])

    def as_sent(self, path: str) -> str:
        """The file as the conversation shows it: also without the secrets that other files told of."""
        return self._without_known(self.read(path))

    def _without_known(self, text: str) -> str:
        for name, secret in sorted(self._secrets.items(), key=lambda item: -len(item[1])):
            if len(secret) >= LEAST_CHARACTERS:
                text = text.replace(secret, name)
        return text

    def without_excluded(self, text: str) -> str:
        """What a test or a workload printed, without the lines of excluded files that tracebacks quote."""
        lines = text.split("\n")
        return "\n".join("… (of an excluded file)" if _bare(line) in self._unsent else line for line in lines)

    def hide(self, text: str) -> str:
        """A text of a conversation without secrets: those of the files, and whatever else looks like one."""
        text = self._without_known(text)
        out, at = [], 0
        for start, end in self._find(text):
            if not MASK.search(text[start:end]) and text[start:end] != NAMELESS:
                out += [text[at:start], NAMELESS]
                at = end
        return "".join([*out, text[at:]])

    def restore(self, files: Mapping[str, str]) -> dict[str, str]:
        """New texts with the secrets back in their places; EditError for a mask that stands for none."""
        return {path: MASK.sub(self._secret, text) for path, text in files.items()}

    def _secret(self, found: re.Match[str]) -> str:
        if secret := self._secrets.get(found[0]):
            return secret
        if any(name.startswith(f"MASKED_{found[1]}_") for name in self._secrets):
            raise EditError(f"{found[0]} stands for no secret", "masks are copied as they are, or left alone")
        return found[0]  # the repository's own text
