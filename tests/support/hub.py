"""A server on loopback that plays GitHub's REST API for one repository, which is a real bare git repository on disk.

It keeps comments, reviews and pull requests, and refuses what GitHub refuses: no token, a token that may only read, a
comment on lines that the diff does not show, a push that is no fast-forward. Every call is recorded.
"""

from __future__ import annotations

import base64
import json
import re
import subprocess
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from loopback import Loopback

Json = dict[str, Any]
BOT = {"login": "github-actions[bot]", "type": "Bot"}
HUNK = re.compile(r"^@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@", re.MULTILINE)


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    body: Json
    token: str


class RefusedError(Exception):
    def __init__(self, status: int, message: str, *errors: str) -> None:
        super().__init__(message)
        self.status, self.content = status, {"message": message, "errors": [{"message": each} for each in errors]}


@dataclass
class State:
    """What the repository holds besides git's objects; `pulls` by number."""

    comments: dict[int, Json] = field(default_factory=dict)
    review_comments: dict[int, Json] = field(default_factory=dict)
    reviews: list[Json] = field(default_factory=list)
    pulls: dict[int, Json] = field(default_factory=dict)


class Hub(Loopback):
    """The running server. `write` are tokens that may write, `read` those that may only read."""

    def __init__(
        self, repository: Path, name: str = "shop/shop", write: str = "ghs_write", read: str = "ghs_read"
    ) -> None:
        self.repository, self.name, self.write, self.read = repository, name, write, read
        self.state = State()
        self.calls: list[Call] = []
        self.lock = threading.Lock()
        self.last = 10_000
        super().__init__(handler_of(self))

    # --- for tests

    def open_pull(self, number: int, base: str, head: str, owner: str = "", login: str = "ann") -> Json:
        """A pull request of a branch, of this repository or, by its owner, of a fork's."""
        own = self.name.partition("/")[0]
        place = {"full_name": f"{owner or own}/{self.name.partition('/')[2]}"}
        self.state.pulls[number] = {
            "number": number,
            "state": "open",
            "user": {"login": login, "type": "User"},
            "base": {"ref": base, "sha": self.git("rev-parse", base), "repo": {"full_name": self.name}},
            "head": {"ref": head, "sha": self.git("rev-parse", head), "repo": place, "label": f"{owner or own}:{head}"},
        }
        return self.state.pulls[number]

    def made(self, method: str, pattern: str) -> list[Call]:
        return [call for call in self.calls if call.method == method and re.fullmatch(pattern, call.path)]

    def git(self, *arguments: str, stdin: bytes = b"") -> str:
        command = ["git", "-C", str(self.repository), *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True)
        if done.returncode:
            raise RefusedError(422, done.stderr.decode())
        return done.stdout.decode().removesuffix("\n")

    def next(self) -> int:
        self.last += 1
        return self.last

    # --- the API

    def answer(self, method: str, path: str, query: dict[str, str], body: Json) -> Any:
        if path == "/user":
            raise RefusedError(403, "Resource not accessible by integration")
        prefix = f"/repos/{self.name}"
        if not path.startswith(prefix):
            raise RefusedError(404, "Not Found")
        for (wanted, pattern), act in ROUTES.items():
            if wanted == method and (found := re.fullmatch(pattern, path.removeprefix(prefix))):
                return act(self, body, query, *found.groups())
        raise RefusedError(404, "Not Found")

    def list_comments(self, body: Json, query: dict[str, str], number: str) -> Any:
        return paged([each for each in self.state.comments.values() if each["issue"] == int(number)], query)

    def add_comment(self, body: Json, query: dict[str, str], number: str) -> Any:
        name = self.next()
        url = f"https://github.com/{self.name}/pull/{number}#issuecomment-{name}"
        made = {"id": name, "issue": int(number), "body": checked(body["body"]), "user": BOT, "html_url": url}
        return self.state.comments.setdefault(name, made)

    def edit_comment(self, body: Json, query: dict[str, str], name: str) -> Any:
        if int(name) not in self.state.comments:
            raise RefusedError(404, "Not Found")
        return self.state.comments[int(name)].update(body=checked(body["body"])) or self.state.comments[int(name)]

    def list_files(self, body: Json, query: dict[str, str], number: str) -> Any:
        return paged(self.files(int(number)), query)

    def files(self, number: int) -> list[Json]:
        pull = self.state.pulls[number]
        base = self.git("merge-base", pull["base"]["sha"], pull["head"]["sha"])
        names = self.git("diff", "--name-only", base, pull["head"]["sha"]).splitlines()
        return [{"filename": name, "patch": self.patch(base, pull["head"]["sha"], name)} for name in names]

    def patch(self, base: str, head: str, name: str) -> str:
        text = self.git("diff", "-U3", base, head, "--", name)
        return text[text.index("@@") :] if "@@" in text else ""

    def list_review_comments(self, body: Json, query: dict[str, str], number: str) -> Any:
        return paged([each for each in self.state.review_comments.values() if each["pull"] == int(number)], query)

    def add_review(self, body: Json, query: dict[str, str], number: str) -> Any:
        pull = self.state.pulls[int(number)]
        if body["commit_id"] != pull["head"]["sha"]:
            raise RefusedError(422, "Unprocessable Entity", "commit_id is not part of the pull request")
        if body["event"] != "COMMENT":
            raise RefusedError(422, "Unprocessable Entity", "only comments are played here")
        patches = {each["filename"]: each["patch"] for each in self.files(int(number))}
        for each in body["comments"]:
            refuse_outside(each, patches.get(each["path"], ""))
        for each in body["comments"]:
            name = self.next()
            self.state.review_comments[name] = {"id": name, "pull": int(number), "user": BOT, **each}
        self.state.reviews.append({"pull": int(number), **body})
        return {"id": self.next()}

    def delete_review_comment(self, body: Json, query: dict[str, str], name: str) -> Any:
        del self.state.review_comments[int(name)]

    def list_pulls(self, body: Json, query: dict[str, str]) -> Any:
        wanted = query.get("head", "")
        found = [each for each in self.state.pulls.values() if each["state"] == query.get("state", "open")]
        return paged([each for each in found if not wanted or each["head"]["label"] == wanted], query)

    def add_pull(self, body: Json, query: dict[str, str]) -> Any:
        made = self.open_pull(self.next(), body["base"], body["head"], login=BOT["login"])
        return made | {"title": body["title"], "body": checked(body["body"])}

    def edit_pull(self, body: Json, query: dict[str, str], number: str) -> Any:
        return self.state.pulls[int(number)] | {"title": body["title"], "body": checked(body["body"])}

    def add_blob(self, body: Json, query: dict[str, str]) -> Any:
        return {"sha": self.git("hash-object", "-w", "--stdin", stdin=base64.b64decode(body["content"], validate=True))}

    def add_tree(self, body: Json, query: dict[str, str]) -> Any:
        """By way of an index of its own: `mktree` knows no folders inside of paths."""
        index = self.repository / f"index-{self.next()}"
        run = ["git", "-C", str(self.repository)]
        environment = {"GIT_INDEX_FILE": str(index), "PATH": "/usr/bin:/bin:/usr/local/bin"}
        subprocess.run([*run, "read-tree", body["base_tree"]], check=True, env=environment)
        rows = [
            f"{each['mode'] if each['sha'] else 0} {each['sha'] or '0' * 40}\t{each['path']}" for each in body["tree"]
        ]
        told = "".join(f"{row}\n" for row in rows).encode()
        subprocess.run([*run, "update-index", "--index-info"], check=True, env=environment, input=told)
        done = subprocess.run([*run, "write-tree"], check=True, env=environment, capture_output=True, text=True)
        index.unlink()
        return {"sha": done.stdout.strip()}

    def add_commit(self, body: Json, query: dict[str, str]) -> Any:
        parents = [word for parent in body["parents"] for word in ("-p", parent)]
        who = ["-c", "user.name=github-actions[bot]", "-c", "user.email=bot@users.noreply.github.com"]
        return {"sha": self.git(*who, "commit-tree", body["tree"], *parents, "-F", "-", stdin=body["message"].encode())}

    def get_commit(self, body: Json, query: dict[str, str], name: str) -> Any:
        return {"sha": name, "message": self.git("log", "-1", "--format=%B", name)}

    def get_ref(self, body: Json, query: dict[str, str], name: str) -> Any:
        try:
            return {"ref": f"refs/{name}", "object": {"sha": self.git("rev-parse", "--verify", f"refs/{name}")}}
        except RefusedError:
            raise RefusedError(404, "Not Found") from None

    def add_ref(self, body: Json, query: dict[str, str]) -> Any:
        self.git("update-ref", body["ref"], body["sha"], "0" * 40)
        return {"ref": body["ref"], "object": {"sha": body["sha"]}}

    def edit_ref(self, body: Json, query: dict[str, str], name: str) -> Any:
        before = self.get_ref({}, {}, name)["object"]["sha"]
        if not body["force"]:
            try:
                self.git("merge-base", "--is-ancestor", before, body["sha"])
            except RefusedError:
                raise RefusedError(422, "Update is not a fast forward") from None
        self.git("update-ref", f"refs/{name}", body["sha"])
        return {"ref": f"refs/{name}", "object": {"sha": body["sha"]}}


def checked(text: str) -> str:
    if len(text) > 65_536:
        raise RefusedError(422, "Validation Failed", "body is too long (maximum is 65536 characters)")
    return text


def paged(items: list[Json], query: dict[str, str]) -> list[Json]:
    size, page = int(query.get("per_page", 30)), int(query.get("page", 1))
    return items[size * (page - 1) : size * page]


def refuse_outside(comment: Json, patch: str) -> None:
    """As GitHub: all lines of a comment are of one hunk of the diff."""
    start, end = comment.get("start_line", comment["line"]), comment["line"]
    if "start_line" in comment and start >= end:
        raise RefusedError(422, "Unprocessable Entity", "start_line must precede the end line")
    hunks = [(int(first), int(first) + int(count or 1) - 1) for first, count in HUNK.findall(patch)]
    if comment["side"] != "RIGHT" or not any(first <= start and end <= last for first, last in hunks):
        raise RefusedError(422, "Unprocessable Entity", "pull_request_review_thread.line must be part of the diff")


ROUTES = {
    ("GET", r"/issues/(\d+)/comments"): Hub.list_comments,
    ("POST", r"/issues/(\d+)/comments"): Hub.add_comment,
    ("PATCH", r"/issues/comments/(\d+)"): Hub.edit_comment,
    ("GET", r"/pulls/(\d+)/files"): Hub.list_files,
    ("GET", r"/pulls/(\d+)/comments"): Hub.list_review_comments,
    ("POST", r"/pulls/(\d+)/reviews"): Hub.add_review,
    ("DELETE", r"/pulls/comments/(\d+)"): Hub.delete_review_comment,
    ("GET", r"/pulls"): Hub.list_pulls,
    ("POST", r"/pulls"): Hub.add_pull,
    ("PATCH", r"/pulls/(\d+)"): Hub.edit_pull,
    ("POST", r"/git/blobs"): Hub.add_blob,
    ("POST", r"/git/trees"): Hub.add_tree,
    ("POST", r"/git/commits"): Hub.add_commit,
    ("GET", r"/git/commits/([0-9a-f]+)"): Hub.get_commit,
    ("GET", r"/git/ref/(.+)"): Hub.get_ref,
    ("POST", r"/git/refs"): Hub.add_ref,
    ("PATCH", r"/git/refs/(.+)"): Hub.edit_ref,
}


def handler_of(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            pass

        def serve(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = json.loads(self.rfile.read(length)) if length else {}
            parts = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            token = self.headers.get("authorization", "").removeprefix("Bearer ")
            path = unquote(parts.path)
            with hub.lock:
                hub.calls.append(Call(self.command, path.removeprefix(f"/repos/{hub.name}"), body, token))
                try:
                    self.refuse(token)
                    status, content = 200, hub.answer(self.command, path, query, body)
                except RefusedError as refused:
                    status, content = refused.status, refused.content
            self.send(status, content)

        def refuse(self, token: str) -> None:
            if token not in (hub.write, hub.read):
                raise RefusedError(401, "Bad credentials")
            if token == hub.read and self.command != "GET":
                raise RefusedError(403, "Resource not accessible by integration")

        def send(self, status: int, content: Any) -> None:
            data = b"" if content is None else json.dumps(content).encode()
            self.send_response(status if data or status != 200 else 204)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_DELETE = serve  # noqa: N815

    return Handler
