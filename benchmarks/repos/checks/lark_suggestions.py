"""Random texts, right and broken, parsed step by step: what is accepted on the way, copies, repairs, and the tree."""

from lark import Lark, Token, Transformer
from lark.exceptions import LarkError, UnexpectedInput, UnexpectedToken

GRAMMARS = (
    (
        r"""
start: value
?value: object | array | STRING -> string | INT -> number | "true" -> true
array: "[" [value ("," value)*] "]"
object: "{" [pair ("," pair)*] "}"
pair: STRING ":" value
STRING: /"[^"]*"/
%import common.INT
%ignore " "
""",
        ["[", "]", "{", "}", ",", ":", '"k"', "7", "true", '"k": 1', "[1, true]"],
    ),
    (
        r"""
start: (statement ";")*
?statement: NAME "=" sum -> assign | "print" sum ("," sum)* -> show | -> nothing
?sum: product | sum "+" product -> add | sum "-" product -> sub
?product: atom | product "*" atom -> mul
?atom: INT -> number | "-" atom -> neg | NAME -> name | "(" sum ")"
NAME: /[a-z]+/
%import common.INT
%ignore /[ \n]+/
""",
        ["a", "b", "=", "1", "+", "-", "*", "(", ")", ";", "print", ",", "a = 1;", "print 2 * a;", "\n"],
    ),
    (
        r"""
start: _list
_list: | _list item
item: "a" [tail] "b"? | "(" _list ")"
!tail: "x"+ | "y"~2..3
%ignore " "
""",
        ["a", "b", "x", "y", "(", ")", "a x b", "y y"],
    ),
)
NAMES = ["INT", "STRING", "NAME", "COMMA", "LPAR", "RPAR", "A", "B", "SEMICOLON", "$END", "NOTHING", "value"]


class Values(Transformer):
    """Values instead of trees while it is parsed."""

    def number(self, children):
        """The number itself."""
        return int(children[0])

    def array(self, children):
        """A plain list."""
        return list(children)

    def NAME(self, token):  # noqa: N802
        """A token that is changed."""
        return token.update(value=token.upper())


def case(rng):
    """One text in one of the grammars."""
    grammar, parts = rng.choice(GRAMMARS)
    parser = Lark(
        grammar,
        parser="lalr",
        lexer=rng.choice(["basic", "contextual"]),
        transformer=rng.choice([None, None, Values()]),
        propagate_positions=rng.random() < 0.5,
        keep_all_tokens=rng.random() < 0.2,
        maybe_placeholders=rng.random() < 0.5,
    )
    text = grown(rng, parser, parts)
    said = [repr(text), outcome(lambda: repr(parser.parse(text)))]
    said += stepped(rng, parser, text)
    said += repaired(rng, parser, text)
    said += [outcome(lambda: compared(parser, text))]
    return " | ".join(said)


def grown(rng, parser, parts):
    """A text that is mostly right: parts are taken if the parser can go on, or sometimes all the same."""
    text = ""
    for _ in range(rng.randint(0, 14)):
        longer = f"{text} {rng.choice(parts)}"
        try:
            parser.parse_interactive(longer).exhaust_lexer()
        except LarkError:
            if rng.random() > 0.07:
                continue
        text = longer
    return text


def stepped(rng, parser, text):
    """What is accepted at some tokens, what becomes of copies that take another way, and the end.

    Without the numbers of states: they differ from process to process.
    """
    said = []
    cursor = parser.parse_interactive(text)
    try:
        for token in cursor.iter_parse():
            if rng.random() < 0.6:
                said.append(f"{token!r} {sorted(cursor.accepts())}")
            if rng.random() < 0.3:
                said.append(branched(rng, cursor))
        said += [
            repr(sorted(cursor.accepts())),
            repr(sorted(cursor.choices())),
            outcome(lambda: repr(cursor.feed_eof())),
        ]
    except LarkError as problem:
        said.append(described(problem))
    return said


def branched(rng, cursor):
    """Tokens fed to a copy; what the copy holds afterwards, and that the cursor is still where it was."""
    before = repr((cursor.parser_state.value_stack, cursor.parser_state.state_stack))
    other = rng.choice([cursor.copy, cursor.as_immutable, cursor.__copy__])()
    same = other == cursor
    said = []
    for _ in range(rng.randint(1, 4)):
        accepted = sorted(other.accepts())
        name = rng.choice(accepted) if accepted and rng.random() < 0.8 else rng.choice(NAMES)
        try:
            moved = other.feed_token(Token(name, name.lower()))
            other = moved if type(moved) is type(other) else other
            said.append(f"{name} {accepted} {other.parser_state.value_stack!r}")
        except (LarkError, KeyError, AssertionError) as problem:
            said.append(f"{name} {described(problem)}")
            break
    after = repr((cursor.parser_state.value_stack, cursor.parser_state.state_stack))
    return repr((same, before == after, other == cursor, said))


def repaired(rng, parser, text):
    """Parsed with a handler that feeds a token that is accepted, or gives up after a few errors."""
    left = [rng.randint(0, 4)]
    said = []

    def handler(problem):
        said.append(described(problem))
        left[0] -= 1
        if left[0] < 0 or not isinstance(problem, UnexpectedToken):
            return False
        accepted = sorted(problem.accepts - {"$END"})
        if accepted and rng.random() < 0.5:
            name = rng.choice(accepted)
            problem.interactive_parser.feed_token(Token(name, "1" if name == "INT" else name.lower()))
        return True

    return [outcome(lambda: repr(parser.parse(text, on_error=handler))), *said]


def compared(parser, text):
    """Which of some wrong texts the error is like."""
    try:
        parser.parse(text)
    except UnexpectedInput as problem:
        examples = {"end": ["[", "a =", "("], "comma": ["[1 1", "print 1 1", "a x a y b"], "start": ["]", "+", "x"]}
        return repr(problem.match_examples(parser.parse, examples, use_accepts=True))
    return "no error"


def outcome(question):
    """The value, or the error."""
    try:
        return question()
    except (LarkError, AssertionError) as problem:
        return described(problem)


def described(problem):
    """The kind of an error, its place, and what was accepted instead."""
    said = f"{type(problem).__name__} {getattr(problem, 'line', '')}:{getattr(problem, 'column', '')}"
    if isinstance(problem, UnexpectedToken):
        accepted = problem.accepts if problem.interactive_parser else None
        said += f" {problem.token!r} {sorted(problem.expected)} {sorted(accepted) if accepted else accepted}"
    return said
