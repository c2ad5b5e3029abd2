"""A text or bytes in, with what the code speaks of put in at many places out: at the ends, in the middle, doubled."""

import itertools

MOST = 6  # pieces that are put in,
MOST_PAIRED = 3  # and of these in pairs
SHORT = 3  # characters: longer constants are words, of which only the punctuation is a piece


def pieces(constants, kind):
    """Short constants of this type that are no words, their characters, then the punctuation of longer ones."""
    texts = [each for each in constants if type(each) is kind]
    short = [each for each in texts if len(each) <= SHORT and not each.isalnum()]
    characters = [each[at : at + 1] for each in [*short, *texts] for at in range(len(each))]
    found = dict.fromkeys([each for each in short if each] + [each for each in characters if not each.isalnum()])
    return list(found)[:MOST]


def with_pieces(text, found):
    """(label, text): one piece at one place, then two of them at two."""
    half = len(text) // 2
    head, tail = text[:half], text[half:]
    alone = [_alone(each, text, head, tail) for each in found]
    pairs = [_paired(*pair, head, tail) for pair in itertools.permutations(found[:MOST_PAIRED], 2)]
    for row in itertools.chain(itertools.zip_longest(*alone), itertools.zip_longest(*pairs)):
        yield from (each for each in row if each is not None)


def _alone(piece, text, head, tail):
    yield "%r in the middle" % piece, head + piece + tail
    yield "%r in front" % piece, piece + text
    yield "%r at the end" % piece, text + piece
    yield "%r twice in the middle" % piece, head + piece * 2 + tail


def _paired(piece, other, head, tail):
    yield "%r in front, %r in the middle" % (piece, other), piece + head + other + tail
    yield "%r at the end, %r in the middle" % (piece, other), head + other + tail + piece
    yield "%r twice in the middle, %r at the end" % (piece, other), head + piece * 2 + tail + other
    yield "%r after %r" % (piece, other), head + other + piece + tail
    yield "%r after %r twice" % (piece, other), head + other * 2 + piece + tail
