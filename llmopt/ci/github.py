"""The few calls of GitHub's REST API that the action makes: values in, what GitHub answers, or one clear line, out.

https://docs.github.com/rest, version 2022-11-28. The token goes to the server in GITHUB_API_URL and nowhere else: no
redirect is followed, and no error shows it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2

from llmopt import __version__, output
from llmopt.errors import LlmoptError, UsageError

API = "https://api.github.com"
VERSION = "2022-11-28"
TIMEOUT_SECONDS = 30.0
RETRIES, PAUSE_SECONDS = 3, 2.0
MOST_PAGES, PAGE = 50, 100
REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")


class GitHubError(LlmoptError):
    """GitHub refused a call, or could not be reached. `status` is that of HTTP, 0 without an answer."""

    def __init__(self, message: str, hint: str = "", status: int = 0) -> None:
        super().__init__(message, hint)
        self.status = status


HINTS = {
    401: "the token is not valid: give the step `GITHUB_TOKEN: ${{ github.token }}`",
    403: "give the job the permission that docs/ci.md names; for pull requests also allow Actions to create them "
    "(Settings, Actions, General)",
    404: "check the repository's name and the job's permissions",
}


@dataclass(frozen=True)
class GitHub:
    """A repository ("OWNER/NAME") by way of its API."""

    repository: str
    token: str
    url: str = API

    def get(self, path: str, **query: str | int) -> Any:
        return self._call("GET", path, None, query)

    def all(self, path: str, **query: str | int) -> Iterator[Any]:
        """The items of all pages of a list."""
        for page in range(1, MOST_PAGES + 1):
            found = self.get(path, **query, per_page=PAGE, page=page)
            yield from found
            if len(found) < PAGE:
                return

    def post(self, path: str, **body: Any) -> Any:
        return self._call("POST", path, body, {})

    def patch(self, path: str, **body: Any) -> Any:
        return self._call("PATCH", path, body, {})

    def delete(self, path: str) -> None:
        self._call("DELETE", path, None, {})

    def login(self) -> str:
        """Whose token it is; "" for the workflow's own, which may not ask."""
        try:
            return str(self._call("GET", "/user", None, {}, whole=True)["login"])
        except (GitHubError, KeyError, TypeError):
            return ""

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        query: Mapping[str, str | int],
        whole: bool = False,
    ) -> Any:
        url = f"{self.url.rstrip('/')}{'' if whole else f'/repos/{self.repository}'}{path}"
        answer = self._answer(method, url, body, query)
        if answer.is_success:
            return answer.json() if answer.content else None
        raise self._refused(answer, f"{method} {path}")

    def _answer(
        self, method: str, url: str, body: Mapping[str, Any] | None, query: Mapping[str, str | int]
    ) -> httpx2.Response:
        """What was answered. Where GitHub does not feel well, reading is tried again: it does nothing twice."""
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self.token}",
            "User-Agent": f"llmopt/{__version__}",
            "X-GitHub-Api-Version": VERSION,
        }
        for left in reversed(range(RETRIES if method == "GET" else 1)):
            try:
                answer = httpx2.request(
                    method,
                    url,
                    json=body,
                    params=dict(query),
                    headers=headers,
                    timeout=TIMEOUT_SECONDS,
                    follow_redirects=False,
                )
            except httpx2.HTTPError as problem:
                said = f"{type(problem).__name__}"
                if not left:
                    raise GitHubError(
                        f"cannot reach {self.url}: {said}", "check the network and GITHUB_API_URL"
                    ) from None
            else:
                if not left or answer.status_code not in (429, 500, 502, 503, 504):
                    return answer
            time.sleep(PAUSE_SECONDS)
        raise AssertionError("the last try returns or raises")

    def _refused(self, answer: httpx2.Response, call: str) -> GitHubError:
        status = answer.status_code
        if 300 <= status < 400:
            return GitHubError(f"GitHub redirects {call} elsewhere ({status})", "the repository may have moved", status)
        return GitHubError(f"GitHub refused {call} ({status}): {self._said(answer)}", HINTS.get(status, ""), status)

    def _said(self, answer: httpx2.Response) -> str:
        """GitHub's message and what it names wrong."""
        try:
            found = answer.json()
        except ValueError:
            found = {}
        found = found if isinstance(found, dict) else {}
        errors = [each.get("message", "") if isinstance(each, dict) else str(each) for each in found.get("errors", [])]
        text = "; ".join(part for part in (str(found.get("message", "")), *errors) if part) or "no reason given"
        return output.one_line(text.replace(self.token, "***"))[:300]


def opened(environ: Mapping[str, str]) -> GitHub | None:
    """The repository of the job; None without a token. UsageError for names that would reach another path or host."""
    token = environ.get("GITHUB_TOKEN", "").strip()
    if not token:
        return None
    repository, url = environ.get("GITHUB_REPOSITORY", ""), environ.get("GITHUB_API_URL") or API
    if not REPOSITORY.fullmatch(repository):
        raise UsageError(f"GITHUB_REPOSITORY is {repository!r}", "it is set in GitHub Actions: OWNER/NAME")
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise UsageError("GITHUB_API_URL is not https: the token would be sent in the open")
    return GitHub(repository, token, url)


def quoted(text: str) -> str:
    """A name as a part of a path."""
    return quote(text, safe="/")
