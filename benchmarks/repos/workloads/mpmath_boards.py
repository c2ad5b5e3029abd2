"""How long do board games last? Markov chains of games with ladders and snakes, with 30 digits."""

import random

from mpmath import matrix, mp, mpf, nstr

BOARDS = []


def setup():
    """Draw boards: fields, faces of the die, and jumps from one field to another."""
    rng = random.Random(8)
    BOARDS.clear()
    for fields, faces, jumps in ((30, 4, 3), (42, 6, 5), (64, 6, 9), (81, 8, 12)):
        starts = rng.sample(range(1, fields - 1), jumps)
        ends = [field for field in range(fields - 1) if field not in starts]
        BOARDS.append((fields, faces, {start: rng.choice(ends) for start in starts}))


def transitions(fields, faces, jumps):
    """The chances to get from field to field with one throw; only what is not zero is set."""
    chances = matrix(fields, fields)
    for field in range(fields):
        for face in range(1, faces + 1):
            target = field + face if field + face < fields else field
            chances[field, jumps.get(target, target)] += mpf(1) / faces
    return chances


def workload():
    """Print for each board where a player is after two and four throws, and the chance to be done after each round."""
    mp.dps = 30
    for fields, faces, jumps in BOARDS:
        once = transitions(fields, faces, jumps)
        twice = once @ once
        four = twice @ twice
        print(fields, [nstr(four[0, field], 12) for field in range(fields)])
        print(nstr(sum(twice[field, fields - 1] for field in range(fields)) / fields, 12))
        place = matrix(1, fields)
        place[0, 0] = 1
        done = []
        for _ in range(12):
            place = place * four
            done.append(nstr(place[0, fields - 1], 12))
        print(done)
