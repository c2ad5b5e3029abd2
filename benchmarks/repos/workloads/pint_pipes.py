"""Head losses of a water network: each pipe through formulas that declare their units, as an engineer writes them."""

import math
import random

import pint

ureg = pint.UnitRegistry()
PIPES = []


def setup():
    """Make a network: most pipes in SI units, some from an older survey in others."""
    rng = random.Random(8)
    PIPES.clear()
    for number in range(3000):
        flow, bore, length = rng.uniform(0.002, 0.09), rng.choice([0.1, 0.15, 0.2, 0.3]), rng.uniform(15, 400)
        pipe = [ureg.Quantity(flow, "m**3/s"), ureg.Quantity(bore, "m"), ureg.Quantity(length, "m")]
        if number % 12 == 0:
            pipe = [pipe[0].to("liter/second"), pipe[1].to("inch"), pipe[2].to("foot")]
        wall = rng.choice(["plastic", "steel", "iron"]) if number % 3 else None
        PIPES.append((*pipe, wall, rng.randint(0, 4)))


@ureg.wraps("m/s", ("m**3/s", "m"))
def velocity(flow, bore):
    """Mean speed of the water."""
    return flow / (math.pi * bore**2 / 4)


@ureg.wraps(None, ("m/s", "m", None))
def reynolds(speed, bore, celsius=10):
    """The Reynolds number of water."""
    return speed * bore / (1.79e-6 / (1 + 0.0337 * celsius + 0.000221 * celsius**2))


@ureg.wraps(None, (None, "m", None))
def friction(number, bore, wall="concrete"):
    """The friction factor after Swamee and Jain, or the laminar one."""
    if number < 2300:
        return 64 / number
    roughness = {"plastic": 1.5e-6, "steel": 4.5e-5, "iron": 2.6e-4, "concrete": 1e-3}[wall]
    return 0.25 / math.log10(roughness / (3.7 * bore) + 5.74 / number**0.9) ** 2


@ureg.wraps(None, (None, None, None, None))
def fittings(bends, valves=1, bend=0.35, valve=0.2):
    """The sum of the loss coefficients of what is built in."""
    return bends * bend + valves * valve


@ureg.wraps("m", ("m/s", "m", "m", None, None, None))
def head_loss(speed, length, bore, factor, coefficient, gravity=9.80665):
    """Darcy and Weisbach, and what the fittings add."""
    return (factor * length / bore + coefficient) * speed**2 / (2 * gravity)


def workload():
    """Print the head loss of each pipe, and the sum."""
    total = 0 * ureg.meter
    for flow, bore, length, wall, bends in PIPES:
        speed = velocity(flow, bore)
        number = reynolds(speed, bore)
        factor = friction(number, bore) if wall is None else friction(number, bore, wall=wall)
        loss = head_loss(speed, length, bore, factor, fittings(bends))
        total += loss
        print(round(number, 6), round(factor, 9), round(loss.magnitude, 9))
    print(round(total.magnitude, 9), total.units)
