"""Time a full report on a generated log of a busy night.

Run it with `python benchmarks/bench_report.py`.
"""

import random
import timeit
from datetime import datetime, timedelta, timezone

from logstats.report import Options, analyse, render_text
from logstats.sessions import sessions_csv

VISITS = 2100
VISITORS = 1600
MONITORS = 240
START = datetime(2024, 4, 30, 16, 0, tzinfo=timezone.utc)
HOURS = 16

AGENTS = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
]
CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
SECTIONS = ["books", "music", "games", "garden", "kitchen", "tools", "toys", "sports", "office", "pets"]


def make_path(rng):
    kind = rng.random()
    section = rng.choice(SECTIONS)
    if kind < 0.10:
        return "/"
    if kind < 0.30:
        return "/%s/" % section
    if kind < 0.60:
        return "/%s/item/%d" % (section, rng.randrange(4000))
    if kind < 0.70:
        return "/search?q=%s+%d" % (section, rng.randrange(300))
    if kind < 0.80:
        return "/orders/%d/invoice" % rng.randrange(90000)
    if kind < 0.85:
        return "/old/%s/%d.html" % (section, rng.randrange(400))
    return "/static/%s.%s" % (section, rng.choice(["css", "js", "png", "svg"]))


def make_status(rng, path, failing):
    if failing and rng.random() < 0.5:
        return rng.choice([500, 502, 503])
    if path.startswith("/old/"):
        return 404
    return rng.choices([200, 304, 302, 500], weights=[90, 6, 3.8, 0.2])[0]


def make_visitors(rng):
    visitors = []
    for i in range(VISITORS):
        host = "%d.%d.%d.%d" % (rng.randrange(11, 220), rng.randrange(256), rng.randrange(256), rng.randrange(1, 255))
        visitors.append((host, CRAWLER if i % 40 == 0 else rng.choice(AGENTS)))
    return visitors


def make_visit(rng, host, agent):
    """The requests of one visit: (time, host, agent, path)."""
    time = START + timedelta(seconds=rng.randrange(HOURS * 3600))
    requests = []
    while not requests or rng.random() < 0.8:
        requests.append((time, host, agent, make_path(rng)))
        time += timedelta(seconds=1 + int(rng.random() ** 3 * 700))
    return requests


def make_requests(rng, monitors):
    visitors = make_visitors(rng)
    requests = []
    for i in range(VISITS):
        host, agent = visitors[i] if i < VISITORS else rng.choice(visitors)
        requests += make_visit(rng, host, agent)
    for monitor in monitors:
        for hour in rng.sample(range(HOURS), 3):
            requests.append((START + timedelta(hours=hour, seconds=17), monitor, "healthcheck/1.3", "/health"))
    return sorted(requests)


def make_line(rng, request, failing):
    time, host, agent, path = request
    return '%s - - [%s] "GET %s HTTP/1.1" %d %d "%s" "%s" %.3f' % (
        host,
        time.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        path,
        make_status(rng, path, failing),
        rng.randrange(300, 90000),
        "https://shop.example/%s/" % rng.choice(SECTIONS) if rng.random() < 0.6 else "-",
        agent,
        rng.random() ** 4 * 3 + 0.004,
    )


def make_log(seed=2024):
    """Lines of a log, and the hosts that monitor the site."""
    rng = random.Random(seed)
    monitors = ["10.20.%d.%d" % (i // 200, i % 200 + 1) for i in range(MONITORS)]
    lines = []
    for i, request in enumerate(make_requests(rng, monitors)):
        line = make_line(rng, request, failing=i % 1500 > 1460)
        if i % 400 == 399:
            head, _, tail = line.rpartition(" ")
            lines += [head + "\n", "\t" + tail + "\n"]
        elif i % 900 == 899:
            lines.append(line[: len(line) // 2] + "\n")
        else:
            lines.append(line + "\n")
    return lines, monitors


def setup():
    global lines, options
    lines, monitors = make_log()
    options = Options(exclude_hosts=monitors)


def workload():
    report = analyse(lines, options)
    print(render_text(report))
    print(sessions_csv(report.sessions))


if __name__ == "__main__":
    import contextlib
    import os

    with open(os.devnull, "w") as devnull, contextlib.redirect_stdout(devnull):
        times = timeit.repeat(workload, setup=setup, number=1, repeat=5)
    print("best %.3f s, mean %.3f s" % (min(times), sum(times) / len(times)))
