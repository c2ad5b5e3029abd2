"""What counts as a secret, and what does not, in code as people write it. The secrets are made up."""

from __future__ import annotations

import random
import string
import time

import pytest

from llmopt.search import secrets


def made(length: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    """Random characters, the same in each run; written nowhere, so that no scanner of this repository stumbles."""
    return "".join(random.Random(length).choices(alphabet, k=length))


UPPER = string.ascii_uppercase + "234567"
PEM = "\n".join(made(64 - n) for n in range(5))

SECRETS = {
    "aws id": (f'KEY = "AKIA{made(16, UPPER)}"\n', f"AKIA{made(16, UPPER)}"),
    "github": (f'token = "ghp_{made(36)}"\n', f"ghp_{made(36)}"),
    "github fine": (f'x = "github_pat_{made(82)}"\n', f"github_pat_{made(82)}"),
    "gitlab": (f'x = "glpat-{made(20)}"\n', f"glpat-{made(20)}"),
    "anthropic": (f'x = "sk-ant-api03-{made(93)}AA"\n', f"sk-ant-api03-{made(93)}AA"),
    "slack": (
        f'x = "xoxb-{made(12, "123456789")}-{made(12, "987654321")}-{made(24)}"\n',
        f"xoxb-{made(12, '123456789')}-{made(12, '987654321')}-{made(24)}",
    ),
    "stripe": (f'x = "sk_live_{made(30)}"\n', f"sk_live_{made(30)}"),
    "sendgrid": (f'x = "SG.{made(66)}"\n', f"SG.{made(66)}"),
    "generic": (f'api_key = "{made(40)}"\n', made(40)),
    "comment": (f"# the api key: {made(32)}\n", made(32)),
    "password": ('conn(password="tr0ub4dor&3")\n', "tr0ub4dor&3"),
    "dictionary": ('{"db_password": "c0rrect-horse"}\n', "c0rrect-horse"),
    "bytes": ('SECRET_KEY = b"dj4ng0-insecure-x"\n', "dj4ng0-insecure-x"),
    "url": ('DB = "postgresql://app:s3cr3tpw@db.internal/app"\n', "s3cr3tpw"),
    "jwt": (
        f'x = "eyJ{made(30)}.eyJ{made(40)}.{made(43)}"\n',
        f"eyJ{made(30)}.eyJ{made(40)}.{made(43)}",
    ),
}


@pytest.mark.parametrize("name", SECRETS)
def test_secret_is_found(name: str) -> None:
    text, secret = SECRETS[name]
    for path in ("m.py", ""):
        whole = f"x = 1\n{text}"
        assert [whole[start:end] for start, end in secrets.find(whole, path)] == [secret]


def test_each_line_of_a_private_key_is_found_also_where_its_end_is_cut_off() -> None:
    text = f'KEY = """-----BEGIN RSA PRIVATE KEY-----\n{PEM}\n'
    assert [text[a:b] for a, b in secrets.find(text)] == PEM.split("\n")
    literal = (
        "KEY = (\n"
        + "".join(f"    '{line}\\n'\n" for line in ["-----BEGIN PRIVATE KEY-----", *PEM.split("\n")])
        + ")\n"
    )
    assert [literal[a:b] for a, b in secrets.find(literal, "m.py")] == PEM.split("\n")


@pytest.mark.parametrize(
    "text",
    [
        "self.password = password\n",
        "token = tokens[position + 1].value_2\n",
        "def login(user, password='password1'): ...\n",
        'header.startswith("-----BEGIN PRIVATE KEY-----")\nand_then = another_function_of_the_module(x)\n',
        'url = f"https://{user}:{password}@{host}/"\n',
        '"http://user:pass@example.com"\n',
        "key = lambda item: (item.created_at2, item.identifier9)\n",
        'digest = "d41d8cd98f00b204e9800998ecf8427e"\n',
        'help = "the api key to be used, at least 16 characters"\n',
        "primary_key = 'customer_id_2'\n",
        "monkey = sorted_keys_by_distance2[key_index3]\n",
        "auth_token = self.get_auth_token_from_header_v2(request)\n",
    ],
)
def test_code_is_no_secret(text: str) -> None:
    assert secrets.find(text, "m.py") == []


def test_every_pattern_of_gitleaks_compiles_and_means_the_same() -> None:
    rules = secrets._rules()
    assert len(rules) > 200
    assert all(secrets.compiled(rule.pattern) for rule in rules)
    assert secrets.translated(r"\b(LTAI(?i)[a-z0-9]{20})(?:x|$)\z") == r"\b(LTAI(?i:[a-z0-9]{20}))(?:x|$)\Z"
    assert secrets.translated(r"(?i)a(?-i:B)[()\]](c(?i)d)") == r"(?i:a(?-i:B)[()\]](c(?i:d)))"


@pytest.mark.parametrize(
    "text",
    [
        "curl " * 20_000,
        "key=" + "a1" * 50_000,
        "-----BEGIN PRIVATE KEY-----" * 4_000,
        "eyJ" + "a.ey" * 25_000,
        'password = "' * 10_000,
        "a://b:" * 20_000,
        "token " + " " * 100_000,
        "-----BEGIN PRIVATE KEY-----" + " \\n" * 40_000,
    ],
    ids=lambda text: text[:8],
)
def test_hostile_text_takes_bounded_time(text: str) -> None:
    began = time.process_time()
    secrets.find(text)
    assert time.process_time() - began < 20  # a pattern that backtracks without bound takes hours
