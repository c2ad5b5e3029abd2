"""Load the translations of a web application, as its build does for each language: PO files of thousands of texts."""

import io
import random

from babel.messages.pofile import read_po

FILES = []


def setup():
    """Write PO files with comments, locations, plurals, contexts, flags, and texts over several lines."""
    rng = random.Random(15)
    words = ["the", "order", "was", "sent", "to", "your", "address", "and", "cannot", "be", "changed", "call"]
    FILES.clear()
    for locale, count in (("de", 6000), ("fr", 9000)):
        lines = ['msgid ""', 'msgstr ""', '"Content-Type: text/plain; charset=utf-8\\n"', ""]
        for number in range(count):
            text = " ".join(rng.choices(words, k=rng.randint(2, 20)))
            lines += ["# Translators: keep it short"] if number % 9 == 0 else []
            lines += [f"#: shop/views_{number % 40}.py:{number} shop/templates/{number % 70}.html:{number % 300}"]
            lines += ["#, python-format"] if number % 5 == 0 else []
            lines += [f'msgctxt "menu {number}"'] if number % 11 == 0 else []
            if number % 7 == 0:
                lines += [f'msgid "%d {text} {number}"', f'msgid_plural "%d {text}s {number}"']
                lines += ['msgstr[0] "%d eins"', f'msgstr[1] "%d viele \\"{number}\\""', ""]
            elif number % 4 == 0:
                lines += [
                    'msgid ""',
                    f'"{text}\\n"',
                    f'"and {number}"',
                    'msgstr ""',
                    f'"{text.upper()}\\n"',
                    '"\\tx"',
                    "",
                ]
            else:
                lines += [f'msgid "{text} {number}"', f'msgstr "{text.title()} {number}"', ""]
        FILES.append((locale, "\n".join(lines).encode()))


def workload():
    """Read each file and sum up what it says."""
    for locale, text in FILES:
        catalog = read_po(io.BytesIO(text), locale=locale)
        print(locale, len(catalog), sum(message.fuzzy for message in catalog))
        for message in list(catalog)[1::90]:
            print(message.id, message.string, message.locations, sorted(message.flags), message.context)
