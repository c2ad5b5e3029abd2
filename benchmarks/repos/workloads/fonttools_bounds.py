"""Recompute the bounding boxes of a font's glyphs after they were shifted, as a build step does before saving."""

import random

from fontTools.ttLib import newTable
from fontTools.ttLib.tables._g_l_y_f import Glyph, GlyphComponent, GlyphCoordinates

state = {}


def setup():
    """Make the glyph table of a font: outlines, and accented letters composed of them."""
    rng = random.Random(18)
    table = newTable("glyf")
    table.glyphs, table.glyphOrder = {}, []
    for number in range(900):
        glyph = Glyph()
        points = [(rng.randrange(-200, 1200), rng.randrange(-300, 900)) for _ in range(rng.randint(8, 60))]
        glyph.numberOfContours = 1
        glyph.coordinates = GlyphCoordinates(points)
        glyph.flags = bytearray(rng.randrange(2) for _ in points)
        glyph.endPtsOfContours = [len(points) - 1]
        glyph.program = None
        table.glyphs[f"g{number}"] = glyph
        table.glyphOrder.append(f"g{number}")
    for number in range(2600):
        glyph = Glyph()
        glyph.numberOfContours = -1
        glyph.components = []
        for part in range(2):
            component = GlyphComponent()
            component.glyphName = f"g{rng.randrange(900)}" if part or number < 900 else f"c{rng.randrange(number)}"
            component.x, component.y, component.flags = rng.randrange(-90, 90), rng.randrange(-90, 90), 2
            glyph.components.append(component)
        table.glyphs[f"c{number}"] = glyph
        table.glyphOrder.append(f"c{number}")
    state["glyf"] = table


def workload():
    """Recompute all boxes and print a part of them."""
    table = state["glyf"]
    for name in table.glyphOrder:
        table.glyphs[name].recalcBounds(table)
    for name in table.glyphOrder[::100]:
        glyph = table.glyphs[name]
        print(name, table.getGlyphID(name), glyph.xMin, glyph.yMin, glyph.xMax, glyph.yMax)
