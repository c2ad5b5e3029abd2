"""Random small glyph tables with parts that are shifted, scaled and anchored: boxes, coordinates, arithmetic."""

from fontTools.ttLib import newTable
from fontTools.ttLib.tables._g_l_y_f import Glyph, GlyphComponent, GlyphCoordinates


def case(rng):
    """One table: boxes of all glyphs, then coordinates as numbers."""
    table = newTable("glyf")
    table.glyphs, table.glyphOrder = {}, []
    for number in range(rng.randint(1, 9)):
        made = composed(rng, number) if number and rng.random() < 0.6 else outline(rng)
        table.glyphs[f"g{number}"] = made
        table.glyphOrder.append(f"g{number}")
    found = []
    for name in table.glyphOrder:
        glyph = table.glyphs[name]
        found.append(outcome(lambda glyph=glyph: boxed(glyph, table)))
        found.append(outcome(lambda glyph=glyph: [list(part) for part in glyph.getCoordinates(table)]))
    found.append(outcome(lambda: [table.getGlyphID(name) for name in table.glyphOrder]))
    found.append(outcome(lambda: arithmetic(rng)))
    return " | ".join(found)


def outline(rng):
    """A glyph of points, some of them no whole numbers. Without an empty one: the improvement boxes it otherwise."""
    glyph = Glyph()
    count = rng.choice([1, 2, 3, 7])
    points = [(rng.randrange(-90, 90) / rng.choice([1, 1, 2]), rng.randrange(-90, 90)) for _ in range(count)]
    glyph.numberOfContours = 1
    glyph.coordinates, glyph.flags = GlyphCoordinates(points), bytearray(rng.randrange(2) for _ in points)
    glyph.endPtsOfContours = [count - 1]
    return glyph


def composed(rng, number):
    """A glyph of parts that came before it; now and then of one that is missing."""
    glyph = Glyph()
    glyph.numberOfContours, glyph.components = -1, []
    for _ in range(rng.randint(1, 3)):
        part = GlyphComponent()
        part.glyphName = "missing" if rng.random() < 0.03 else f"g{rng.randrange(number)}"
        part.flags = rng.choice([0, 2, 4, 0x800, 0x1000])
        if rng.random() < 0.15:
            part.firstPt, part.secondPt = rng.randrange(3), rng.randrange(3)
        else:
            part.x, part.y = rng.choice([0, rng.randrange(-50, 50), 0.5]), rng.randrange(-50, 50)
        if rng.random() < 0.3:
            part.transform = [[rng.choice([1, 0.5, -1]), rng.choice([0, 0.25])], [0, rng.choice([1, 2])]]
        glyph.components.append(part)
    return glyph


def boxed(glyph, table):
    """The box of a glyph."""
    glyph.recalcBounds(table)
    return glyph.xMin, glyph.yMin, glyph.xMax, glyph.yMax


def arithmetic(rng):
    """Coordinates moved, scaled, cut and compared."""
    points = [(rng.randrange(-9, 9), rng.randrange(-9, 9) / 2) for _ in range(rng.randint(0, 6))]
    one, other = GlyphCoordinates(points), GlyphCoordinates(points)
    other += (rng.randrange(5), 1)
    other *= rng.choice([2, 0.5, (1, 3)])
    part = other[1:4]
    one[0:1] = [(7, 7)] if points else []
    other.toInt()
    return list(one), list(other), part, one == other, list(one + other), len(other.copy())


def outcome(question):
    """The value, or the error."""
    try:
        return repr(question())
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, AssertionError) as problem:
        return f"{type(problem).__name__}: {problem}"
