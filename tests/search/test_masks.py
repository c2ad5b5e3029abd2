"""No secret of a source is in a question, and edits around it still apply."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmopt.data import Conversation, Function, Hotspot, Region, Reply, Usage, Verdict
from llmopt.errors import EditError
from llmopt.search import ask
from llmopt.search.effort import RECIPES
from llmopt.search.facts import Facts
from llmopt.search.masks import MASK, NAMELESS, Masks

PASSWORD, OTHER = "tr0ub4dor&3x", "c0rrect-horse-7"
SOURCE = f'''\
PASSWORD = "{PASSWORD}"


def f(xs):
    client = connect(password="{OTHER}", retries=3)
    return sorted(xs)[0], client
'''
HOT = Hotspot(Function("m.py", "f", 4), 6, 0.5, 0.5, 0.5, 2.0)
REGION = Region((HOT,), HOT, 0.5)
FILES = {"m.py": SOURCE, "bench.py": f"import m\nm.login(password='{PASSWORD}')\n"}


def read(path: str) -> str:
    if path not in FILES:
        raise EditError(f"{path} does not exist")
    return FILES[path]


class Scripted:
    """Answers made from the question, as a model sees it."""

    def __init__(self, *answers: object) -> None:
        self.answers, self.asked = list(answers), list[Conversation]()

    def __call__(self, conversation: Conversation) -> Reply:
        self.asked.append(conversation)
        answer = self.answers.pop(0)
        text = answer(conversation) if callable(answer) else str(answer)
        return Reply(text, "tiny", Usage(1, 0, 1))


def line_of(conversation: Conversation, start: str) -> str:
    text = "\n".join(message.text for message in conversation.messages)
    return next(line for line in text.splitlines() if line.strip().startswith(start) and "MASKED" in line)


def edit_the_line(conversation: Conversation) -> str:
    line = line_of(conversation, "client =")
    return (
        f"Fewer.\n\nm.py\n<<<<<<< SEARCH\n{line}\n=======\n{line.replace('retries=3', 'retries=1')}\n>>>>>>> REPLACE\n"
    )


def whole_function(conversation: Conversation) -> str:
    line = line_of(conversation, "client =")
    return f"Faster.\n\nFUNCTION: m.py::f\n```python\ndef f(xs):\n{line}\n    return min(xs), client\n```\n"


def proposals(model: Scripted, verdict: Verdict | None = None) -> list[object]:
    verdicts: list[Verdict] = []
    facts = Facts((3, 11, 4), workloads=(("bench.py", FILES["bench.py"]),))
    found = []
    asking = ask.Asking(model, Masks(read), facts, replace(RECIPES["medium"], attempts=2))
    for proposal in ask.propose([REGION], verdicts, asking):
        found.append(proposal)
        if verdict:
            verdicts.append(verdict)
    return found


def sent(model: Scripted) -> str:
    return "\n".join(message.text for asked in model.asked for message in asked.messages)


@pytest.mark.parametrize("answer", [edit_the_line, whole_function])
def test_edit_around_a_masked_secret_applies_to_the_real_text(answer: object) -> None:
    model = Scripted(answer)
    [proposal] = proposals(model)
    assert proposal.problem == ""  # type: ignore[attr-defined]
    [new] = proposal.files.values()  # type: ignore[attr-defined]
    assert f'connect(password="{OTHER}", retries=' in new
    assert new.startswith(f'PASSWORD = "{PASSWORD}"\n')
    assert not MASK.search(new)
    assert PASSWORD not in sent(model)
    assert OTHER not in sent(model)


def test_feedback_and_workload_hold_no_secret_either() -> None:
    model = Scripted(edit_the_line, "NO EDIT: enough.")
    evidence = {
        "failing": f"E  AssertionError: wrong password '{OTHER}'\n"
        "Authorization: Bearer x, api_key='zq81kd02mx7c9v5b3n4m'"
    }
    proposals(
        model, Verdict(False, "tests", f"login as {PASSWORD} failed", HOT.function.key, "tiny", evidence=evidence)
    )
    assert len(model.asked) == 2
    for secret in (PASSWORD, OTHER, "zq81kd02mx7c9v5b3n4m"):
        assert secret not in sent(model)
    assert (
        f"wrong password '{line_of(model.asked[0], 'client =').split(chr(34))[1]}'" in model.asked[1].messages[-1].text
    )
    assert NAMELESS in model.asked[1].messages[-1].text


def test_mask_that_stands_for_nothing_is_told_to_the_model() -> None:
    def invented(conversation: Conversation) -> str:
        return whole_function(conversation).replace("_2", "_7")

    model = Scripted(invented, edit_the_line)
    [proposal] = proposals(model)
    assert proposal.problem == ""  # type: ignore[attr-defined]
    assert "stands for no secret" in model.asked[1].messages[-1].text


def test_text_that_looks_like_a_mask_but_is_the_repositorys_own_stays() -> None:
    assert Masks(read).restore({"m.py": "x = MASKED_abcdef_1\n"}) == {"m.py": "x = MASKED_abcdef_1\n"}


def test_lines_keep_their_numbers_and_the_code_its_syntax() -> None:
    key = "\n".join(["-----BEGIN PRIVATE KEY-----", "A" * 10 + "b1" * 27, "c2" * 32, "-----END PRIVATE KEY-----"])
    text = f'KEY = """{key}"""\n\ndef f():\n    return KEY\n'
    masked = Masks(lambda path: text).read("m.py")
    assert "c2c2" not in masked
    assert masked.count("\n") == text.count("\n")
    compile(masked, "m.py", "exec")


CODE = st.lists(
    st.sampled_from(
        [
            f'password = "{PASSWORD}"',
            f"# token: {OTHER}{PASSWORD}",
            f'url = "https://me:{OTHER}@host/x"',
            "x = [1, 2]",
            'y = "ü"',
            "",
            f'z = b"{PASSWORD}"; secret_key = "{OTHER}"',
        ]
    ),
    max_size=8,
).map("\n".join)


@given(CODE)
def test_masking_is_undone_exactly(text: str) -> None:
    masks = Masks(lambda path: text)
    masked = masks.read("m.py")
    assert masks.restore({"m.py": masked}) == {"m.py": text}
    assert masks.as_sent("m.py") == masks.hide(masked)
    assert masks.restore({"m.py": masks.as_sent("m.py")}) == {"m.py": text}
    assert masks.hide(masks.hide(text)) == masks.hide(text)
