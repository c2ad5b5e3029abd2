"""The `llmopt` command: arguments in, an exit code out."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line and exit with its code."""
    if sys.argv[1:] == ["--version"]:  # asked for by scripts and hooks: no need to load the command line for it
        from llmopt import __version__

        print(f"llmopt {__version__}")
        return
    try:
        if sys.argv[1:] == ["check"] and looked():
            sys.exit(0)
        sys.exit(alone() if is_alone() else command_line())
    except KeyboardInterrupt:  # while the modules load
        sys.exit(130)


def is_alone() -> bool:
    """Whether somebody typed `llmopt` and no more; a shell that completes a line gives none either."""
    return not sys.argv[1:] and not any(name.endswith("_COMPLETE") for name in os.environ)


def alone() -> int:
    """What is here and what to do next, said before the command line would have been loaded."""
    from pathlib import Path

    from llmopt.commands import here

    try:
        code = here.run(Path())
        sys.stdout.flush()
    except OSError:  # it knows what to say about that
        return command_line()
    return code


def looked() -> bool:
    """A commit hook: in most commits nothing is hot, and the command line need not be loaded to say so."""
    from llmopt.commands import check
    from llmopt.errors import LlmoptError

    try:
        is_done = check.is_nothing(os.environ)
        sys.stdout.flush()
    except (OSError, LlmoptError):  # the command line knows what to say about that
        return False
    return is_done


def command_line() -> int:
    from llmopt import cli

    return cli.main(sys.argv[1:])


if __name__ == "__main__":
    main()
