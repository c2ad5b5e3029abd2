"""Assemble pages from many small content streams, as the output of a layout program that flushes every few lines."""

import hashlib

from pypdf import PdfWriter
from pypdf.generic import ArrayObject, ContentStream, DecodedStreamObject

state = {}


def setup():
    """Make a page whose content is an array of thousands of streams, the way some printers write them."""
    writer = PdfWriter()
    pages = []
    for page in range(5):
        parts = ArrayObject()
        for line in range(3000):
            stream = DecodedStreamObject()
            stream.set_data(b"BT /F1 9 Tf 40 %d Td (line %d of page %d, as it was set) Tj ET" % (line, line, page) * 3)
            parts.append(writer._add_object(stream))
        pages.append(parts)
    state.update(writer=writer, pages=pages)


def workload():
    """Join each page's streams."""
    for parts in state["pages"]:
        data = ContentStream(parts, state["writer"]).get_data()
        print(len(data), hashlib.sha256(data).hexdigest())
