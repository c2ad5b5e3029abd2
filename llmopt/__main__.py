"""The `llmopt` command: arguments in, an exit code out."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    if sys.argv[1:] == ["--version"]:  # asked for by scripts and hooks: no need to load the command line for it
        from llmopt import __version__

        print(f"llmopt {__version__}")
        return
    try:
        from llmopt import cli

        code = cli.main(sys.argv[1:])
    except KeyboardInterrupt:  # while the modules load
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
