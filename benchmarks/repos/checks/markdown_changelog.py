"""Random Markdown with raw HTML, also wrong HTML, rendered with and without extensions."""

import markdown

PIECES = (
    "# Heading", "plain *text* and `code`", "", "", "<div>", "</div>", "<p>inline <b>bold</b></p>",
    "<!-- a comment -->",
    "* item", "    * nested", "    indented <i>code</i>", "<br/>", "<hr>", "text <span>x</span> text",
    "<div markdown='1'>", "<?php echo 1 ?>", "<!DOCTYPE html>", "&amp; &copy; &#65; &nope",
    "<a href='x'\ntitle='y'>z</a>",
    "<script>\nif (a < b) {}\n</script>", "</p>", "<http://example.org/>", "[x]: http://example.org", "[x] and ![i](u)",
    "> quote <em>x</em>", "<custom-tag a=1>", "<", "a < b > c", "<div", "```\n<b>\n```",
    "| a | b |\n|---|---|\n| <i>1</i> | 2 |",
    "<pre>\n\n  keep\n</pre>", "\t<td>tab", "é ü <ü>", "<![CDATA[ x ]]>", "1. one\n2. two",
)  # fmt: skip
EXTENSIONS = ((), (), ("tables", "fenced_code"), ("md_in_html",), ("extra",), ("toc", "footnotes"))


def case(rng):
    """One text."""
    text = rng.choice(["\n", "\n\n"]).join(rng.choices(PIECES, k=rng.randint(1, 22)))
    if rng.random() < 0.2:
        text = text.replace("\n", "\r\n")
    converter = markdown.Markdown(extensions=list(rng.choice(EXTENSIONS)), tab_length=rng.choice([4, 4, 2]))
    first = converter.convert(text)
    return repr((first, converter.reset().convert(text) == first, markdown.markdown(text)))
