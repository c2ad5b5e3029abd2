from datetime import datetime, timedelta, timezone

import pytest

from logstats import Entry

START = datetime(2024, 5, 1, 12, 0, tzinfo=timezone.utc)


@pytest.fixture
def make_entry():
    """Make an entry so many seconds after noon."""

    def make(seconds=0, **fields):
        values = {
            "host": "1.2.3.4",
            "user": None,
            "time": START + timedelta(seconds=seconds),
            "method": "GET",
            "path": "/",
            "query": "",
            "status": 200,
            "size": 100,
            "referrer": None,
            "agent": "Firefox",
            "duration": 0.1,
        }
        values.update(fields)
        return Entry(**values)

    return make


@pytest.fixture
def make_line():
    def make(host="1.2.3.4", time="01/May/2024:12:00:00 +0000", target="/", status=200, size="100", referrer="-", agent="Firefox", duration="0.100", user="-"):
        return '%s - %s [%s] "GET %s HTTP/1.1" %s %s "%s" "%s" %s\n' % (
            host, user, time, target, status, size, referrer, agent, duration,
        )

    return make
