"""A program behind a real pseudo-terminal: what it shows is read, and answers are typed when it asks."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType

from llmopt import output


class Terminal:
    """`shown` is all that the terminal got, with its escapes; standard output goes to `out`."""

    def __init__(self, command: list[str], folder: Path, environment: dict[str, str]) -> None:
        self.leader, follower = os.openpty()
        self.shown, self._heard = "", 0
        self._out = (folder / ".git" / "terminal-output").open("w+b")
        self.process = subprocess.Popen(
            ["setsid", "--ctty", "--wait", *command],
            cwd=folder,
            stdin=follower,
            stderr=follower,
            stdout=self._out,
            env={**environment, "TERM": "xterm", "COLUMNS": "100", "LINES": "40"},
        )
        os.close(follower)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)
        os.close(self.leader)
        self._out.close()

    def wait_for(self, text: str, seconds: float = 240.0) -> str:
        """What came since the end of the text that was last waited for, up to the end of this one."""
        deadline, began = time.monotonic() + seconds, self._heard
        while text not in self.shown[began:]:
            assert time.monotonic() < deadline, f"{text!r} did not come: {self.shown[-3000:]}"
            if not self.read(0.2) and self.process.poll() is not None:
                raise AssertionError(f"it ended without {text!r}: {self.shown[-3000:]}")
        self._heard = self.shown.index(text, began) + len(text)
        return self.shown[began : self._heard]

    def wait_for_question(self, seconds: float = 60.0) -> None:
        """Until the last thing on the screen is a new question."""
        deadline = time.monotonic() + seconds
        while len(self.shown) == self._heard or not output.plain(self.shown).endswith(": "):
            assert time.monotonic() < deadline, f"no question came: {self.shown[-3000:]}"
            self.read(0.2)
        self._heard = len(self.shown)

    def type(self, keys: str) -> None:
        os.write(self.leader, keys.encode())

    def end(self, seconds: float = 240.0) -> int:
        """Its exit code."""
        deadline = time.monotonic() + seconds
        while (self.read(0.2) or self.process.poll() is None) and time.monotonic() < deadline:
            pass
        return self.process.wait(max(1.0, deadline - time.monotonic()))

    @property
    def out(self) -> str:
        self._out.seek(0)
        return self._out.read().decode()

    def read(self, seconds: float) -> bool:
        """Take what comes; False when nothing does."""
        if not select.select([self.leader], [], [], seconds)[0]:
            return False
        try:
            chunk = os.read(self.leader, 65536)
        except OSError:  # Linux says so when the last writer is gone
            return False
        self.shown += chunk.decode(errors="replace")
        return bool(chunk)
