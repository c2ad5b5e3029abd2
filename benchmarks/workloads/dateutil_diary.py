"""Keep a diary with python-dateutil: meetings by rules, what is on in a week, and when bills are due."""

import hashlib
import random
from datetime import datetime, timedelta

from dateutil.relativedelta import FR, relativedelta
from dateutil.rrule import DAILY, MO, MONTHLY, TH, TU, WEEKLY, YEARLY, rrule, rruleset

BILLS, WEEKS = [], []


def setup():
    """Make the bills and the weeks that are looked at."""
    rng = random.Random(17)
    start = datetime(2023, 1, 1, 9)
    for _ in range(4000):
        BILLS.append((start + timedelta(days=rng.randrange(700)), rng.choice((14, 30)), rng.randrange(1, 13)))
    WEEKS.extend(start + timedelta(days=7 * rng.randrange(60)) for _ in range(300))


def rules():
    """The meetings."""
    start = datetime(2023, 1, 2, 9)
    return [
        rrule(DAILY, dtstart=start, count=400, cache=True),
        rrule(WEEKLY, byweekday=(TU, TH), dtstart=start, count=150, cache=True),
        rrule(MONTHLY, byweekday=MO(1), dtstart=start, count=40, cache=True),
        rrule(MONTHLY, byweekday=range(5), bysetpos=-1, dtstart=start, count=40, cache=True),
        rrule(MONTHLY, bymonthday=(1, -1), dtstart=start, until=datetime(2026, 1, 1), cache=True),
        rrule(YEARLY, bymonth=12, bymonthday=24, dtstart=start, count=5, cache=True),
    ]


def workload():
    """Print the diary's digest."""
    meetings = rules()
    holidays = rruleset(cache=True)
    holidays.rrule(meetings[0])
    holidays.exrule(meetings[1])
    everything = [*meetings, holidays]
    digest = hashlib.sha256(repr([list(rule) for rule in everything]).encode())
    for week in WEEKS:
        end = week + relativedelta(weeks=1)
        for rule in everything:
            found = rule.between(week, end, inc=True)
            digest.update(repr((found, rule.after(end), rule.before(week))).encode())
    for day, patience, months in BILLS:
        due = day + relativedelta(days=patience, weekday=FR)
        again = due + relativedelta(months=months) - relativedelta(hours=36 * months)
        closing = again + relativedelta(day=31, hour=17)
        digest.update(repr((due, again, closing)).encode())
    print(digest.hexdigest())
