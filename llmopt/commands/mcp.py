"""`llmopt mcp`: a repository and settings in; a server of the Model Context Protocol for coding agents out."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from llmopt import config, session
from llmopt.errors import UsageError

DONE = 0


def run(path: Path, flags: Mapping[str, Any]) -> int:
    """Serve on standard input and output until the client goes."""
    place = session.find_place(path, no_git=False)
    try:
        from llmopt.serving import offered, server
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in ("mcp", "mcp_types", "anyio"):
            raise
        raise UsageError("llmopt mcp needs the MCP SDK", "pip install 'llmopt[mcp]'") from None
    server.serve(offered.desk(place, flags, os.environ))
    return DONE


def show_config(path: Path, flags: Mapping[str, Any]) -> int:
    """Print how this server is written into the configuration of an agent."""
    place = session.find_place(path, no_git=False)
    arguments = ["-m", "llmopt", "mcp", str(place.folder), *words(flags)]
    print(json.dumps({"mcpServers": {"llmopt": {"command": sys.executable, "args": arguments}}}, indent=2))
    return DONE


def words(flags: Mapping[str, Any]) -> Iterator[str]:
    """The flags as they were given."""
    for name, value in flags.items():
        for each in value if isinstance(value, list) else [value]:
            if each is True:
                yield config.flag(name)
            elif each is not None:
                yield f"{config.flag(name)}={each}"
