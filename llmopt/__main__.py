"""The `llmopt` command: arguments in, an exit code out."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    if sys.argv[1:] == ["--version"]:  # asked for by scripts and hooks: no need to load the command line for it
        from llmopt import __version__

        print(f"llmopt {__version__}")
        return
    from llmopt import cli

    sys.exit(cli.main(sys.argv[1:]))


if __name__ == "__main__":
    main()
