"""Keys: where they are found, which variables hold them, and environments and URLs without them.

A key comes from the environment, else from the system's keyring (the extra `keyring`), and goes into the header of a
request, nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

SERVICE = "llmopt"  # of the keyring's entries; their user is the variable's name
SECRET_NAME = re.compile(
    r"(^|_)(KEY|APIKEY|TOKEN|SECRET|PASSWORD|PASSWD|PAT|CREDENTIALS?)(_|$)|^(ANTHROPIC|OPENAI)_", re.IGNORECASE
)
URL_PASSWORD = re.compile(r"://[^/\s@:]*:([^/\s@]*)@")
LEAST_CHARACTERS = 8  # of a value that is looked for in texts


def without_keys(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for helpers that run code of the target or read its files: interpreters, pip, git."""
    return {name: value for name, value in environ.items() if not is_secret(name)}


def is_secret(name: str) -> bool:
    """Does a variable of this name hold what nobody else should see?"""
    return bool(SECRET_NAME.search(name))


def values(environ: Mapping[str, str]) -> list[str]:
    """What such variables hold, and passwords of proxies, as far as it is long enough to be found by its text."""
    found = [value for name, value in environ.items() if is_secret(name) and not re.match(r"/|\w+://", value)]
    found += [match[1] for value in environ.values() for match in URL_PASSWORD.finditer(value)]
    return [value for value in found if len(value) >= LEAST_CHARACTERS]


def stored(variable: str) -> str:
    """The keyring's entry for a variable, "" where there is none, no keyring, or a locked one."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return ""
    try:
        return keyring.get_password(SERVICE, variable) or ""
    except KeyringError:
        return ""


def shown_url(url: str) -> str:
    """A URL without a user's name, password, query or fragment; what is no URL at all keeps nothing but its end."""
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/")
    except ValueError:
        return re.sub(r"[?#].*", "", url.rpartition("@")[2])
