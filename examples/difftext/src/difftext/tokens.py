"""Splitting of lines into tokens."""

import re
from typing import List, NamedTuple, Sequence, Tuple


class Token(NamedTuple):
    """A piece of a line; `start` is its offset."""

    kind: str
    text: str
    start: int


DEFAULT_RULES = [
    ("space", r"\s+"),
    ("url", r"https?://[^\s<>()]+"),
    ("version", r"\d+(?:\.\d+)+(?:(?:a|b|rc|\.dev|\.post)\d+)?"),
    ("number", r"\d+"),
    ("reference", r"#\d+"),
    ("word", r"[^\W\d_]+(?:['’-][^\W\d_]+)*"),
    ("name", r"\w+"),
]


class Tokenizer:
    """Splits text by a list of rules (kind, pattern); the first that matches wins.

    A pattern sees what is left of the text: "^" in it is the end of the token before.
    Characters that no rule matches become tokens of the kind "mark", one each.
    """

    def __init__(self, rules: Sequence[Tuple[str, str]] = DEFAULT_RULES) -> None:
        self.rules = list(rules)
        for kind, pattern in self.rules:
            if re.match(pattern, "") is not None:
                raise ValueError("the rule for %s matches the empty string" % kind)

    def next_token(self, text: str, start: int) -> Token:
        for kind, pattern in self.rules:
            match = re.match(pattern, text)
            if match:
                return Token(kind, match.group(), start)
        return Token("mark", text[0], start)

    def tokenize(self, text: str) -> List[Token]:
        """The tokens of a text; put together they are the text."""
        tokens: List[Token] = []
        offset = 0
        while text:
            token = self.next_token(text, offset)
            tokens.append(token)
            offset += len(token.text)
            text = text[len(token.text) :]
        return tokens

    def words(self, text: str) -> List[str]:
        """The texts of the tokens that are not white space."""
        return [token.text for token in self.tokenize(text) if token.kind != "space"]
