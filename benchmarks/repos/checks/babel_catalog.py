"""Random PO files, right and damaged: every message with all it carries, and the file as it is written again."""

import io

from babel.messages.pofile import PoFileError, denormalize, read_po, unescape, write_po

TEXTS = (
    "Save",
    "%d files",
    'a \\"quoted\\" word',
    "tab\\t and \\\\ end",
    "line\\nbreak",
    "",
    "é ü 漢",
    "%(name)s",
    "  spaces ",
)

HEADER = 5  # lines that stay: what else may come of a broken header, or be said of a broken keyword, is free


def case(rng):
    """One file."""
    lines = [
        'msgid ""',
        'msgstr ""',
        '"Content-Type: text/plain; charset=utf-8\\n"',
        '"POT-Creation-Date: 2024-01-02 03:04+0000\\n"',
        "",
    ]
    for number in range(rng.randint(0, 8)):
        lines += message(rng, number)
    if rng.random() < 0.2 and len(lines) > HEADER:
        lines[rng.randrange(HEADER, len(lines))] = rng.choice(["", '"text"', "#", "   "])
    data = "\n".join(lines).encode()
    try:
        catalog = read_po(
            io.BytesIO(data), locale="de", ignore_obsolete=rng.random() < 0.3, abort_invalid=rng.random() < 0.3
        )
    except (PoFileError, ValueError, IndexError) as problem:
        return f"{type(problem).__name__}: {problem}"
    out = io.BytesIO()
    write_po(out, catalog, width=rng.choice([76, 20, 0]), sort_output=rng.random() < 0.3)
    return repr(([described(each) for each in catalog if each.id], list(catalog.obsolete), out.getvalue()))


def message(rng, number):
    """The lines of one message."""
    lines = rng.choices(
        ["# note", "#. extracted", "#, fuzzy, python-format", "#: a b.py:3 c.py", '#| msgid "old"'], k=rng.randint(0, 4)
    )
    lines += [f"#: \u2068dir with/space.py\u2069:{number} x.py:{number}"] if rng.random() < 0.3 else []
    lines += [f'msgctxt "c{number % 2}"'] if rng.random() < 0.3 else []
    text = rng.choice(TEXTS)
    lines += [f'msgid "{text}{number}"'] if rng.random() < 0.7 else ['msgid ""', f'"{text}"', f'"{number}"']
    if rng.random() < 0.3:
        lines += [f'msgid_plural "{text}s"', 'msgstr[0] "eins"', f'msgstr[1] "{rng.choice(TEXTS)}"']
    else:
        lines += [f'msgstr "{rng.choice(TEXTS)}"', *([f'  "{rng.choice(TEXTS)}"  '] if rng.random() < 0.3 else [])]
    if rng.random() < 0.15:
        lines = [line if line.startswith("#") else f"#~ {line}" for line in lines]
    return [*lines, *([""] if rng.random() < 0.9 else [])]


def described(each):
    """All that a message carries."""
    said = (
        each.id,
        each.string,
        each.context,
        sorted(each.flags),
        each.locations,
        each.auto_comments,
        each.user_comments,
    )
    text = each.id if isinstance(each.id, str) else each.id[0]
    return (
        *said,
        each.previous_id,
        each.lineno,
        each.fuzzy,
        each.python_format,
        unescape(f'"{text}"'),
        denormalize(f'"{text}"'),
    )
