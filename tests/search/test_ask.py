"""The model proposer with scripted models: what is asked, in which order, and what becomes of the answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from llmopt.data import Caller, Conversation, Function, Hotspot, Proposal, Region, Reply, Usage, Verdict
from llmopt.errors import EditError, ModelError
from llmopt.models.context import ContextError, Overrun
from llmopt.search import ask, repaired_by
from llmopt.search.effort import RECIPES
from llmopt.search.facts import Facts
from llmopt.search.masks import Masks

TEXT = "def f(xs):\n    return sorted(xs)[0]\n\n\ndef g(xs):\n    return list(xs)\n"
FACTS = Facts((3, 11, 4))
F = Hotspot(Function("m.py", "f", 1), 2, 0.5, 0.5, 0.5, 2.0)
G = Hotspot(Function("m.py", "g", 5), 6, 0.3, 0.3, 0.3, 1.4)
SORT = Hotspot(Function("gone.py", "sort", 1), 2, 0.0, 0.0, 0.5, 2.0)
AT_F, AT_G = Region((F,), F, 0.5), Region((G,), G, 0.3)
GOOD = """\
Take the smallest.

m.py
<<<<<<< SEARCH
    return sorted(xs)[0]
=======
    return min(xs)
>>>>>>> REPLACE
"""
BAD = GOOD.replace("sorted(xs)[0]", "sorted(ys)[0]")


class Scripted:
    """A model that gives the scripted answers in order and keeps what it was asked."""

    def __init__(self, *answers: str | Reply) -> None:
        self.answers = list(answers)
        self.asked: list[Conversation] = []

    def __call__(self, conversation: Conversation) -> Reply:
        self.asked.append(conversation)
        answer = self.answers.pop(0)
        return answer if isinstance(answer, Reply) else Reply(answer, "tiny", Usage(10, 0, 5))

    @property
    def subjects(self) -> list[str]:
        return [conversation.subject for conversation in self.asked]


class ByPlan(Scripted):
    """Answers by the end of the subject, as plans are asked about side by side; anything else gets the edit again."""

    def __init__(self, by_end: dict[str, str]) -> None:
        super().__init__()
        self.by_end = by_end

    def __call__(self, conversation: Conversation) -> Reply:
        self.asked.append(conversation)
        found = next((text for end, text in self.by_end.items() if conversation.subject.endswith(end)), GOOD)
        return Reply(found, "tiny", Usage(10, 0, 5))


def read(path: str) -> str:
    if path != "m.py":
        raise EditError(f"{path} does not exist")
    return TEXT


def rejected(proposal: Proposal, stage: str = "tests", **changes: object) -> Verdict:
    verdict = Verdict(False, stage, "2 tests fail", proposal.hotspot.function.key, proposal.author, proposal.plan)
    if proposal.problem:
        verdict = replace(verdict, stage="apply", reason=proposal.problem)
    return replace(verdict, **changes)  # type: ignore[arg-type]


def asking(model: Scripted, effort: str = "medium", together: int = 0, **changes: object) -> ask.Asking:
    """`together` tokens of sources are asked about as one: by default each region by itself."""
    recipe = replace(RECIPES[effort], together=together)
    return replace(ask.Asking(model, Masks(read), FACTS, recipe, base="0", code="abc", hotspots=(F, G)), **changes)  # type: ignore[arg-type]


def drive(
    model: Scripted,
    regions: Sequence[Region],
    verdicts: list[Verdict] | None = None,
    effort: str = "medium",
    memory: ask.Memory | None = None,
    **verdict: object,
) -> list[Proposal]:
    """Draw all proposals, turning each down as the loop would."""
    verdicts = [] if verdicts is None else verdicts
    drawn = []
    for proposal in ask.propose(regions, verdicts, asking(model, effort), memory):
        drawn.append(proposal)
        verdicts.append(rejected(proposal, **verdict))  # type: ignore[arg-type]
    return drawn


def test_an_answer_becomes_a_proposal_with_its_plan_files_and_usage() -> None:
    model = Scripted(GOOD)
    proposal = next(ask.propose([AT_F], [], asking(model)))
    assert proposal.files == {"m.py": TEXT.replace("sorted(xs)[0]", "min(xs)")}
    assert (proposal.plan, proposal.author, proposal.problem) == ("Take the smallest.", "tiny", "")
    assert proposal.usage == Usage(10, 0, 5)
    roles = [message.role for message in model.asked[0].messages]
    assert roles == ["system", "user"]
    assert "return sorted(xs)[0]" in model.asked[0].messages[1].text


def test_the_author_can_be_named() -> None:
    proposal = next(ask.propose([AT_F], [], asking(Scripted(GOOD), author="openai:tiny")))
    assert proposal.author == "openai:tiny"


def test_an_answer_that_does_not_apply_goes_back_once_with_the_reason() -> None:
    model = Scripted(BAD, GOOD)
    proposal = next(ask.propose([AT_F], [], asking(model)))
    assert not proposal.problem
    assert proposal.usage == Usage(20, 0, 10)
    again = model.asked[1]
    assert [message.role for message in again.messages] == ["system", "user", "assistant", "user"]
    assert again.messages[2].text == BAD
    assert "the SEARCH text is not in m.py" in again.messages[3].text
    assert again.subject == model.subjects[0] + " retry-edit"


def test_a_smaller_model_corrects_what_does_not_apply() -> None:
    model, small = Scripted(BAD), Scripted(GOOD)
    proposal = next(ask.propose([AT_F], [], replace(asking(model), model=repaired_by(model, small))))
    assert not proposal.problem
    assert small.subjects == [model.subjects[0] + " retry-edit"]


def test_a_smaller_model_repairs_what_behaves_otherwise_and_plans_stay_with_the_larger() -> None:
    model, small = Scripted(GOOD, GOOD), Scripted(GOOD)
    verdicts: list[Verdict] = []
    for proposal in ask.propose([AT_F], verdicts, replace(asking(model), model=repaired_by(model, small))):
        verdicts.append(rejected(proposal, stage="calls"))
    assert [subject.rpartition(" attempt=")[2] for subject in model.subjects] == ["1", "3 refine calls"]
    assert [subject.rpartition(" attempt=")[2] for subject in small.subjects] == ["2 refine calls"]
    assert "repair it" in small.asked[0].messages[-1].text
    assert "take another of your plans" in model.asked[-1].messages[-1].text


def test_an_edit_without_a_gain_is_nothing_to_repair() -> None:
    model, small = Scripted(GOOD, GOOD), Scripted()
    verdicts: list[Verdict] = []
    drawn = ask.propose([AT_F], verdicts, replace(asking(model), model=repaired_by(model, small)))
    verdicts.append(rejected(next(drawn), stage="timing", speedup=0.9, interval=(0.8, 0.95)))
    next(drawn)
    assert model.subjects[-1].endswith("refine timing")


def test_an_answer_that_fails_twice_becomes_a_problem_and_its_tokens_count() -> None:
    model = Scripted(BAD, "Sorry, no edit.", GOOD, ask.NO_EDIT)
    first, second, _ = drive(model, [AT_F])
    assert "holds no edit" in first.problem
    assert first.usage == Usage(20, 0, 10)
    assert not second.problem
    assert model.subjects[2].endswith("attempt=2 refine edit")
    assert len(model.asked) == 4


def test_a_rejection_is_fed_back_in_the_same_conversation() -> None:
    model = Scripted(GOOD, GOOD, GOOD)
    proposals = drive(model, [AT_F], evidence={"output": "assert 3 == 4", "syntax": "abcdef"})
    assert len(proposals) == 3
    second = model.asked[1]
    assert [message.role for message in second.messages] == ["system", "user", "assistant", "user"]
    assert "2 tests fail" in second.messages[3].text
    assert "assert 3 == 4" in second.messages[3].text
    assert "abcdef" not in second.messages[3].text
    assert second.subject.endswith("attempt=2 refine tests")
    assert "repair it" in second.messages[3].text
    assert "Nothing has worked" not in second.messages[3].text
    assert "second edit here that behaves otherwise" in model.asked[2].messages[5].text
    assert "first list three plans of classes that were not tried" in model.asked[2].messages[5].text


def test_a_measured_rejection_shows_the_ratio_but_the_subject_does_not() -> None:
    model = Scripted(GOOD, GOOD, GOOD)
    drive(model, [AT_F], stage="confirmation", speedup=0.9876, interval=(0.97, 1.01))
    assert "0.988 times as fast" in model.asked[1].messages[3].text
    assert model.subjects[1].endswith("attempt=2 refine timing")


def test_each_region_has_its_own_conversation_that_with_the_most_to_gain_first() -> None:
    model = Scripted(*[GOOD] * 6)
    assert [proposal.hotspot for proposal in drive(model, [AT_G, AT_F])] == [F, F, F, G, G, G]
    assert [len(conversation.messages) for conversation in model.asked] == [2, 4, 6, 2, 4, 6]


def test_short_regions_are_asked_about_as_one() -> None:
    model = Scripted(GOOD)
    next(ask.propose([AT_F, AT_G], [], asking(model, together=100)))
    question = model.asked[0].messages[1].text
    assert "def f(xs):" in question
    assert "def g(xs):" in question
    assert "take 80 % of the run" in question


def test_a_region_of_which_the_model_sees_nothing_left_is_not_asked_about_again() -> None:
    asked = []
    for left, speedup in (("LEFT: 1.2 x", 1.9), ("LEFT: 1.3 x", 1.9), ("", 1.9), ("LEFT: 1.0 x", 2.0)):
        verdicts: list[Verdict] = []
        memory, model = ask.Memory(), Scripted(GOOD.replace("m.py", f"{left}\n\nm.py", 1), GOOD)
        accept(ask.propose([AT_F], verdicts, asking(model), memory), verdicts, "1", speedup=speedup)
        next(ask.propose([AT_F], verdicts, asking(model, base="1"), memory), None)
        asked.append(len(model.asked))
    assert asked == [1, 2, 2, 2]  # at 2x and more the profile is another than the one that the model saw


@pytest.mark.parametrize(
    ("gains", "left", "asked"), [(1, "1.1", 2), (1, "1.3", 3), (0, "1.1", 2), (0, "1.2", 2), (0, "1.3", 3)]
)
def test_no_gain_ends_a_region_of_which_nothing_is_left(gains: int, left: str, asked: int) -> None:
    verdicts: list[Verdict] = []
    again = f"LEFT: {left} x\n\n{GOOD}"
    memory, model = ask.Memory(), Scripted(GOOD, again, *([] if gains else [again]), ask.NO_EDIT)
    if gains:
        accept(ask.propose([AT_F], verdicts, asking(model), memory), verdicts, "1")
    else:
        model.answers.pop(0)
    for proposal in ask.propose([AT_F], verdicts, asking(model, base=str(gains)), memory):
        verdicts.append(rejected(proposal, stage="timing", speedup=1.0, interval=(0.9, 1.1)))
    assert len(model.asked) == asked


def test_a_conversation_covers_what_its_edit_made_and_all_that_its_region_came_apart_into() -> None:
    helper = GOOD.replace("    return min(xs)\n", "    return least(xs)\n\n\ndef least(xs):\n    return min(xs)\n")
    verdicts: list[Verdict] = []
    memory, model = ask.Memory(), Scripted(f"LEFT: 1.0 x\n\n{helper}")
    accept(ask.propose([AT_F, AT_G], verdicts, asking(model, together=100), memory), verdicts, "1", speedup=1.5)
    least = Hotspot(Function("m.py", "least", 5), 6, 0.4, 0.4, 0.4, 1.6)
    apart = [Region((F, least), least, 0.4), replace(AT_G, share=0.2)]
    assert [*ask.propose(apart, verdicts, asking(model, base="1"), memory)] == []


def test_a_hint_asks_on_also_where_the_model_sees_nothing_left() -> None:
    verdicts: list[Verdict] = []
    memory, model = ask.Memory(), Scripted(f"LEFT: 1.0 x\n\n{GOOD}", GOOD)
    accept(ask.propose([AT_F], verdicts, asking(model), memory), verdicts, "1", hint="there is more")
    next(ask.propose([AT_F], verdicts, asking(model, base="1"), memory))
    assert "there is more" in model.asked[-1].messages[-1].text


def test_a_region_without_enough_to_gain_is_not_asked_about() -> None:
    assert drive(Scripted(), [replace(AT_F, share=0.05)]) == []
    assert len(drive(Scripted(GOOD), [replace(AT_F, share=0.2), replace(AT_G, share=0.1)], effort="low")) == 1


def test_the_subject_does_not_depend_on_what_was_measured() -> None:
    other = replace(
        F, self_share=0.9, headroom=9.0, calls=7, chain=(Caller(G.function, 0.9),), callees=((G.function, 0.1),)
    )
    models = Scripted(GOOD), Scripted(GOOD)
    next(ask.propose([AT_F], [], asking(models[0])))
    next(ask.propose([Region((other, G), G, 0.9)], [], asking(models[1], facts=Facts((3, 9, 1), seconds=(3.0,)))))
    assert models[0].subjects == models[1].subjects
    assert models[0].subjects == ["optimize region=1 code=abc attempt=1"]
    changed = Scripted(GOOD)
    next(ask.propose([AT_F], [], asking(changed, code="def")))
    assert changed.subjects != models[0].subjects


def test_low_effort_asks_once_and_lets_an_edit_that_does_not_apply_be_corrected() -> None:
    model = Scripted(BAD, GOOD)
    assert len(drive(model, [AT_F], effort="low")) == 1
    assert len(model.asked) == 2


def accept(proposals: Iterator[Proposal], verdicts: list[Verdict], commit: str, **changes: object) -> None:
    """Draw one proposal, accept it, and draw no other, as the loop does."""
    kept = {"accepted": True, "stage": "confirmation", "commit": commit, "speedup": 2.0, "interval": (1.8, 2.2)}
    verdicts.append(rejected(next(proposals), **{**kept, **changes}))  # type: ignore[arg-type]
    proposals.close()  # type: ignore[attr-defined]


def test_after_a_gain_a_new_conversation_begins_with_the_new_code_and_what_became_of_the_edit() -> None:
    verdicts: list[Verdict] = []
    answer = f"1. sort once\n2. keep the least\n\nPLAN: the first.\nLEFT: 1.5 x\n\n{GOOD}"
    memory, model = ask.Memory(), Scripted(answer, GOOD)
    accept(ask.propose([Region((F, SORT), F, 0.5), AT_G], verdicts, asking(model), memory), verdicts, "1")
    now = Region((replace(F, own_share=0.4), replace(G, own_share=0.3), SORT), G, 0.7)
    more = asking(model, base="1", hotspots=now.functions, pared=lambda verdict: "- a\n+ b")
    next(ask.propose([now], verdicts, more, memory))
    second = model.asked[1]
    assert [message.role for message in second.messages] == ["system", "user"]
    text = second.messages[1].text
    assert "above all" in text.splitlines()[0]
    assert "def g(xs):" in text
    assert "2. keep the least" in text
    assert "Kept: 2.000 times as fast, 95 % interval 1.800 to 2.200" in text
    assert "How the time moved" not in text  # the new profile stands there
    assert "A person changed it." in text
    assert "- a\n+ b" not in text  # the sources have it
    assert "Tried here before" not in text  # it would say the same again
    assert second.subject.endswith("attempt=2 refine kept")


def test_what_an_edit_has_written_is_shown_after_its_gain() -> None:
    least = "def least(xs):\n    return min(xs)\n"
    other = "def g(xs):\n    return [*xs]\n"
    faster = TEXT.replace("sorted(xs)[0]", "min(xs)").replace("list(xs)", "[*xs]")
    now = {"m.py": f"{faster}\n\n{least}"}
    verdicts: list[Verdict] = []
    whole = f"FUNCTION: m.py::g\n```python\n{other}\n\n{least}```\n"
    memory, model = ask.Memory(), Scripted(f"LEFT: 1.5 x\n\n{GOOD}\n{whole}", ask.NO_EDIT, ask.NO_EDIT)
    accept(ask.propose([AT_F], verdicts, asking(model), memory), verdicts, "1")
    more = asking(model, base="1", masks=Masks(lambda path: now[path]))
    next(ask.propose([AT_F], verdicts, more, memory))
    next(ask.propose([AT_F], [], more))
    for text in (least, other):
        assert [text in asked.messages[1].text for asked in model.asked] == [False, True, False]


def test_what_was_taken_out_of_an_edit_is_named_in_its_own_region_and_in_others() -> None:
    verdicts: list[Verdict] = []
    memory, model = ask.Memory(), Scripted(f"LEFT: 1.5 x\n\n{GOOD}", ask.NO_EDIT, ask.NO_EDIT)
    evidence = {"pared": "left out, as fast without: m.py::g"}
    accept(ask.propose([AT_F], verdicts, asking(model), memory), verdicts, "1", evidence=evidence)
    [*ask.propose([AT_F, AT_G], verdicts, asking(model, base="1", pared=lambda verdict: "- a"), memory)]
    other, own = (asked.messages[1].text for asked in model.asked[1:])
    assert "Not all of it paid: `left out, as fast without: m.py::g`.\n" in own
    assert "left out, as fast without: m.py::g" in other[other.index("Already made faster") :]


def test_a_region_with_little_to_gain_is_asked_about_only_while_nothing_was_kept() -> None:
    small = replace(AT_G, share=0.17)  # 1.2 times as fast without it
    for verdicts, asked in (([], 1), ([Verdict(True, "timing", "", "other.py::h", "rules: set")], 0)):
        model = Scripted(ask.NO_EDIT)
        assert len([*ask.propose([small], verdicts, asking(model))]) == asked
        assert len(model.asked) == asked


def test_what_is_asked_once_something_was_kept_is_shorter_if_it_shows_what_costs_much() -> None:
    def asked(verdicts: list[Verdict], lines: int, share: float) -> str:
        long = "def f(xs):\n    return sorted(xs)[0]\n\n\ndef g(xs):\n" + "    xs.sort()\n" * lines + "    return 1\n"
        model = Scripted(GOOD)
        both = Region((F, replace(G, own_share=share)), F, 0.5)
        next(ask.propose([both], verdicts, replace(asking(model), masks=Masks({"m.py": long}.__getitem__))))
        return model.asked[0].messages[1].text

    kept = [Verdict(True, "timing", "", "other.py::h", "rules: set")]
    assert len(asked(kept, 1200, 0.01)) < 0.8 * len(asked([], 1200, 0.01))
    texts = [asked(kept, 1000, share) for share in (0.01, 0.1)]
    assert ["    xs.sort()\n    return 1\n" in text for text in texts] == [False, True]
    assert len(texts[0]) < 0.8 * len(texts[1])


def test_another_region_of_the_new_profile_begins_a_conversation_of_its_own() -> None:
    verdicts: list[Verdict] = []
    memory, model = ask.Memory(), Scripted(GOOD, GOOD)
    accept(ask.propose([AT_F], verdicts, asking(model), memory), verdicts, "1")
    next(ask.propose([AT_G], verdicts, asking(model, base="1"), memory))
    assert [message.role for message in model.asked[-1].messages] == ["system", "user"]
    assert model.subjects[-1].endswith("attempt=1")


def test_a_leaf_that_was_not_shown_begins_one_also_below_callers_that_were() -> None:
    verdicts: list[Verdict] = []
    memory, model = ask.Memory(), Scripted(f"LEFT: 1.0 x\n\n{GOOD}", ask.NO_EDIT)
    accept(ask.propose([Region((F, SORT), F, 0.5)], verdicts, asking(model), memory), verdicts, "1")
    leaf = Region((replace(F, own_share=0.01), SORT, G), G, 0.31)
    assert [*ask.propose([leaf], verdicts, asking(model, base="1"), memory)]
    assert model.subjects[-1].startswith("optimize region=2 ")


def test_a_base_that_others_changed_is_told_anew_and_counts_the_attempts_on() -> None:
    verdicts: list[Verdict] = []
    memory, model = ask.Memory(), Scripted(*[GOOD] * 4)
    drawn = ask.propose([AT_F], verdicts, asking(model), memory)
    verdicts.append(rejected(next(drawn)))
    verdicts.append(rejected(next(drawn)))
    verdicts.append(Verdict(True, "timing", "", "other.py::h", "rules: set", commit="1"))
    next(ask.propose([AT_F], verdicts, asking(model, base="1"), memory))
    assert [message.role for message in model.asked[-1].messages] == ["system", "user"]
    assert model.subjects[-1].endswith("attempt=3")


def test_at_high_effort_the_question_after_a_gain_is_for_edits_and_not_for_plans_again() -> None:
    verdicts: list[Verdict] = []
    memory, model = ask.Memory(), Scripted("1. only", GOOD, GOOD)
    accept(ask.propose([AT_F], verdicts, asking(model, effort="high"), memory), verdicts, "1")
    next(ask.propose([AT_F], verdicts, asking(model, effort="high", base="1"), memory))
    assert model.subjects[-1].endswith("attempt=2 refine kept")
    text = model.asked[-1].messages[-1].text
    assert "No edits yet" not in text
    assert "The edits that implement the plan" in text


def test_what_was_kept_here_is_remembered_where_another_region_gained_after_it() -> None:
    verdicts: list[Verdict] = []
    memory, model = ask.Memory(), Scripted(*[GOOD] * 4)
    accept(ask.propose([AT_F], verdicts, asking(model), memory), verdicts, "1")
    accept(ask.propose([AT_G], verdicts, asking(model, base="1"), memory), verdicts, "2")
    drawn = ask.propose([AT_F], verdicts, asking(model, base="2"), memory)
    verdicts.append(rejected(next(drawn)))
    next(drawn)
    assert model.subjects[-1].startswith("optimize region=1 ")
    assert "Nothing has worked here" not in model.asked[-1].messages[-1].text


def test_a_second_gain_that_is_small_is_the_last_one_asked_for() -> None:
    verdicts: list[Verdict] = []
    memory, model = ask.Memory(), Scripted(GOOD, GOOD, GOOD)
    accept(ask.propose([AT_F], verdicts, asking(model), memory), verdicts, "1")
    accept(ask.propose([AT_F], verdicts, asking(model, base="1"), memory), verdicts, "2", interval=(1.01, 1.04))
    assert list(ask.propose([AT_F], verdicts, asking(model, base="2"), memory)) == []


def test_a_slow_edit_is_shown_where_its_time_went() -> None:
    model = Scripted(GOOD, GOOD)
    looked = ask.Look((replace(F, own_share=0.45),), (("total += 1", 0.4),))
    verdicts: list[Verdict] = []
    drawn = ask.propose([AT_F], verdicts, asking(model, look=lambda verdict: looked))
    verdicts.append(rejected(next(drawn), stage="timing", speedup=0.9, interval=(0.85, 0.95), commit="c"))
    next(drawn)
    feedback = model.asked[1].messages[3].text
    assert "| `m.py::f` | 50 % | 50 % |" in feedback
    assert "`total += 1` 40 %" in feedback
    assert "Take another of your plans" in feedback


# --- high effort: plans first ----------------------------------------------------------------------------------

PLANS = "It sorts.\n\n1. Take min. gain: 2 x, risk: low\n2. Keep a heap.\n   It is long. gain: 1.1 x\n"


def test_high_effort_asks_for_plans_and_implements_each_in_a_request_of_its_own() -> None:
    model = ByPlan({"plans": PLANS, "plan=1": GOOD, "plan=2": GOOD.replace("min(xs)", "heapq.nsmallest(1, xs)[0]")})
    memory = ask.Memory()
    proposals = drive(model, [AT_F], effort="high", memory=memory)
    assert ["min(xs)" in proposals[0].files["m.py"], "nsmallest" in proposals[1].files["m.py"]] == [True, True]
    plans, *each = model.asked[:3]
    assert "No edits yet." in plans.messages[1].text
    assert all(conversation.messages[:2] == plans.messages for conversation in each)
    texts = sorted(conversation.messages[3].text for conversation in each)
    assert texts[1].startswith("Implement plan 2 alone:\n\n```text\n2. Keep a heap. It is long. gain: 1.1 x\n```\n")


def test_a_plan_is_verified_while_the_answer_to_another_is_waited_for() -> None:
    verifying = threading.Event()

    class Late(ByPlan):
        """Answers the second plan only once the first one's proposal is with whoever verifies it."""

        def __call__(self, conversation: Conversation) -> Reply:
            if conversation.subject.endswith("plan=2") and not verifying.wait(20):
                raise ModelError("nobody verified anything meanwhile")
            return super().__call__(conversation)

    model = Late({"plans": PLANS, "plan=1": GOOD, "plan=2": GOOD.replace("min(xs)", "heapq.nsmallest(1, xs)[0]")})
    verdicts: list[Verdict] = []
    drawn = ask.propose([AT_F], verdicts, asking(model, "high"))
    first = next(drawn)
    verifying.set()
    verdicts.append(rejected(first))
    assert "nsmallest" in next(drawn).files["m.py"]


def test_of_plans_that_all_failed_the_nearest_to_a_gain_is_refined() -> None:
    model = ByPlan({"plans": PLANS, "plan=1": GOOD, "plan=2": GOOD.replace("Take the", "Really take the")})
    verdicts: list[Verdict] = []
    drawn = ask.propose([AT_F], verdicts, asking(model, "high"))
    verdicts.append(rejected(next(drawn), stage="timing", speedup=1.01, interval=(0.99, 1.02)))
    verdicts.append(rejected(next(drawn), stage="tests"))
    next(drawn)
    assert model.subjects[-1].endswith("attempt=3 refine timing")
    assert model.asked[-1].messages[4].text == GOOD


def test_plans_that_wait_are_fitted_to_what_was_kept_or_dropped() -> None:
    other = GOOD.replace("    return sorted(xs)[0]", "    return list(xs)").replace("min(xs)", "[*xs]")
    three = PLANS + "3. Unpack.\n"
    model = ByPlan({"plans": three, "plan=1": GOOD, "plan=2": GOOD, "plan=3": other})
    verdicts: list[Verdict] = []
    memory = ask.Memory()
    accept(ask.propose([AT_F], verdicts, asking(model, "high"), memory), verdicts, "1")
    now = TEXT.replace("sorted(xs)[0]", "min(xs)")
    proposal = next(
        ask.propose([AT_F], verdicts, asking(model, "high", base="1", masks=Masks(lambda path: now)), memory)
    )
    assert proposal.files == {"m.py": now.replace("list(xs)", "[*xs]")}
    assert len(model.asked) == 4


@pytest.mark.parametrize(
    ("stop", "reason", "calls"), [("refusal", "refused", 1), ("length", "cut off", 3), ("filter", "stopped early", 3)]
)
def test_an_unfinished_answer_is_a_problem_whatever_it_holds(stop: str, reason: str, calls: int) -> None:
    model = Scripted(*[Reply(GOOD, "tiny", Usage(1, 0, 1), stop) for _ in range(3)])
    proposals = drive(model, [AT_F])
    assert len(model.asked) == len(proposals) == calls
    assert all(reason in proposal.problem and not proposal.files for proposal in proposals)


def test_an_empty_answer_is_never_sent_back_as_an_empty_message() -> None:
    model = Scripted("", GOOD)
    next(ask.propose([AT_F], [], asking(model)))
    assert all(message.text.strip() for message in model.asked[1].messages)


def test_a_file_that_cannot_be_read_is_a_problem_and_costs_nothing() -> None:
    model = Scripted()
    gone = replace(F, function=Function("gone.py", "f", 1))
    (proposal,) = drive(model, [Region((gone,), gone, 0.5)])
    assert "gone.py does not exist" in proposal.problem
    assert model.asked == []


def test_errors_of_the_model_go_up() -> None:
    def down(conversation: Conversation) -> Reply:
        raise ModelError("the endpoint does not answer")

    proposals: Iterator[Proposal] = ask.propose([AT_F], [], ask.Asking(down, Masks(read), FACTS))
    with pytest.raises(ModelError, match="does not answer"):
        next(proposals)


def test_a_dossier_that_does_not_fit_the_context_is_halved() -> None:
    sizes: list[int] = []

    def small(conversation: Conversation) -> Reply:
        sizes.append(len(conversation.messages[1].text))
        if len(sizes) == 1:
            raise ContextError(Overrun(), "too long", "")
        return Reply(GOOD, "tiny")

    filler = "".join(f"def helper{n}(xs):\n" + "    xs += 1\n" * 80 + "\n\n" for n in range(12))
    text = (
        "def f(xs):\n" + "".join(f"    helper{n}(xs)\n" for n in range(12)) + "    return sorted(xs)[0]\n\n\n" + filler
    )
    proposal = next(ask.propose([AT_F], [], ask.Asking(small, Masks(lambda path: text), FACTS)))
    assert not proposal.problem
    assert sizes[1] < 0.8 * sizes[0]


HINT = "The person who looks at each edit says of it: use no dict"


def test_a_hint_goes_with_the_verdict_and_buys_one_attempt() -> None:
    model = Scripted(*[GOOD] * 4)
    drawn = []
    verdicts: list[Verdict] = []
    for proposal in ask.propose([AT_F], verdicts, asking(model)):
        drawn.append(proposal)
        verdicts.append(rejected(proposal, hint="use no dict" if len(drawn) == 3 else ""))
    assert len(drawn) == 4
    assert [HINT in conversation.messages[-1].text for conversation in model.asked] == [False, False, False, True]


def test_a_hint_reopens_a_region_that_the_model_declined() -> None:
    model = Scripted(ask.NO_EDIT, GOOD, ask.NO_EDIT)
    verdicts: list[Verdict] = []
    for proposal in ask.propose([AT_F], verdicts, asking(model)):
        verdicts.append(rejected(proposal, hint="" if verdicts else "use no dict"))
    assert HINT in model.asked[1].messages[-1].text


def test_a_hint_to_a_kept_edit_goes_with_the_new_profile() -> None:
    model, memory = Scripted(GOOD, ask.NO_EDIT), ask.Memory()
    verdicts: list[Verdict] = []
    for proposal in ask.propose([AT_F], verdicts, asking(model), memory):
        verdicts.append(rejected(proposal, accepted=True, commit="1", interval=(1.5, 1.7), hint="use no dict"))
    next(ask.propose([AT_F], verdicts, asking(model, base="1"), memory))
    assert HINT in model.asked[1].messages[-1].text


def test_a_hint_to_a_rules_edit_is_in_the_first_question() -> None:
    model = Scripted(GOOD)
    said = Verdict(False, "tests", "1 test fails", F.function.key, "rules: x", "a plan", hint="use no dict")
    next(ask.propose([AT_F], [said], asking(model)))
    assert "says: use no dict" in model.asked[0].messages[1].text


def test_an_edit_that_a_person_did_not_want_is_not_called_slow() -> None:
    model = Scripted(GOOD, ask.NO_EDIT)
    drive(model, [AT_F], stage="person", interval=(1.5, 1.7))
    text = model.asked[1].messages[-1].text
    assert "the person who looks at each edit did not want it" in text
    assert "spent elsewhere" not in text
