"""Differences as text and as HTML."""

from typing import List, Tuple

from .differ import Differ, Hunk, Opcode


class Format:
    """Common part of the formats: go over the hunks of a differ."""

    def __init__(self, differ: Differ, old_name: str = "old", new_name: str = "new", context: int = 3) -> None:
        self.differ = differ
        self.old_name = old_name
        self.new_name = new_name
        self.context = context

    def header(self) -> str:
        return "--- %s\n+++ %s\n" % (self.old_name, self.new_name)

    def hunk_header(self, hunk: Hunk) -> str:
        return "@@ -%s +%s @@\n" % (format_range(hunk.a_range), format_range(hunk.b_range))

    def block(self, opcode: Opcode) -> str:
        raise NotImplementedError

    def render(self) -> str:
        """The whole difference, empty if there is none."""
        out = ""
        for hunk in self.differ.hunks(self.context):
            if not out:
                out += self.header()
            out += self.hunk_header(hunk)
            for opcode in hunk.opcodes:
                out += self.block(opcode)
        return out


def format_range(lines: Tuple[int, int]) -> str:
    """A range of lines as unified diffs write it."""
    first, last = lines
    if last - first == 1:
        return str(first + 1)
    if last == first:
        return "%d,0" % first
    return "%d,%d" % (first + 1, last - first)


class UnifiedFormat(Format):
    """The format of diff -u."""

    def block(self, opcode: Opcode) -> str:
        text = ""
        if opcode.tag == "equal":
            for line in self.differ.a[opcode.a1 : opcode.a2]:
                text += " " + line + "\n"
            return text
        for line in self.differ.a[opcode.a1 : opcode.a2]:
            text += "-" + line + "\n"
        for line in self.differ.b[opcode.b1 : opcode.b2]:
            text += "+" + line + "\n"
        return text


class WordFormat(Format):
    """Edited lines once, with [-removed-] and {+added+} words; other lines as in a unified diff."""

    def edited(self, old: str, new: str) -> str:
        text = ""
        for span in self.differ.spans(old, new):
            if span.tag == "equal":
                text += span.new
            elif span.tag == "delete":
                text += "[-" + span.old + "-]"
            else:
                text += "{+" + span.new + "+}"
        return text

    def block(self, opcode: Opcode) -> str:
        if opcode.tag == "equal":
            return "".join(["  " + line + "\n" for line in self.differ.b[opcode.b1 : opcode.b2]])
        text = ""
        for a, b in self.differ.line_pairs(opcode):
            if a is None:
                text += "+ " + self.differ.b[b] + "\n"
            elif b is None:
                text += "- " + self.differ.a[a] + "\n"
            else:
                text += "~ " + self.edited(self.differ.a[a], self.differ.b[b]) + "\n"
        return text


def escape(text: str) -> str:
    """Escape text for HTML."""
    out = ""
    for char in text:
        if char == "&":
            out += "&amp;"
        elif char == "<":
            out += "&lt;"
        elif char == ">":
            out += "&gt;"
        elif char == '"':
            out += "&quot;"
        else:
            out += char
    return out


class HtmlFormat(Format):
    """A table with the old text on the left and the new text on the right."""

    def row(self, kind: str, a: str, old: str, b: str, new: str) -> str:
        return '<tr class="%s"><th>%s</th><td>%s</td><th>%s</th><td>%s</td></tr>\n' % (kind, a, old, b, new)

    def header(self) -> str:
        return '<table class="diff">\n' + self.row("names", "", escape(self.old_name), "", escape(self.new_name))

    def hunk_header(self, hunk: Hunk) -> str:
        return '<tr class="hunk"><td colspan="4">%s</td></tr>\n' % escape(super().hunk_header(hunk).strip())

    def marked(self, old: str, new: str) -> Tuple[str, str]:
        left: List[str] = []
        right: List[str] = []
        for span in self.differ.spans(old, new):
            if span.tag == "equal":
                left.append(escape(span.old))
                right.append(escape(span.new))
            elif span.tag == "delete":
                left.append("<del>" + escape(span.old) + "</del>")
            else:
                right.append("<ins>" + escape(span.new) + "</ins>")
        return "".join(left), "".join(right)

    def block(self, opcode: Opcode) -> str:
        a_lines, b_lines = self.differ.a, self.differ.b
        text = ""
        if opcode.tag == "equal":
            for i in range(opcode.a2 - opcode.a1):
                a, b = opcode.a1 + i, opcode.b1 + i
                text += self.row("equal", str(a + 1), escape(a_lines[a]), str(b + 1), escape(b_lines[b]))
            return text
        for a_index, b_index in self.differ.line_pairs(opcode):
            if a_index is None:
                text += self.row("insert", "", "", str(b_index + 1), escape(b_lines[b_index]))
            elif b_index is None:
                text += self.row("delete", str(a_index + 1), escape(a_lines[a_index]), "", "")
            else:
                left, right = self.marked(a_lines[a_index], b_lines[b_index])
                text += self.row("edit", str(a_index + 1), left, str(b_index + 1), right)
        return text

    def render(self) -> str:
        text = super().render()
        return text + "</table>\n" if text else ""
