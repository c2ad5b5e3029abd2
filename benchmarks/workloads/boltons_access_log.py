"""Read a web shop's access log with boltons: query strings, pages by status, visitors, and lines to look at."""

import random

from boltons.dictutils import OrderedMultiDict
from boltons.iterutils import bucketize, unique, unique_iter
from boltons.strutils import format_int_list

REQUESTS = []


def setup():
    """Make a day's requests."""
    rng = random.Random(3)
    pages = [f"/shop/{name}" for name in ("shoes", "hats", "coats", "basket", "search")]
    REQUESTS[:] = [
        {
            "visitor": f"10.0.{rng.randrange(20)}.{rng.randrange(250)}",
            "page": rng.choice(pages),
            "status": rng.choice((200, 200, 200, 200, 304, 404, 500)),
            "query": [(rng.choice(("size", "colour", "sort", "page")), rng.randrange(9)) for _ in range(6)],
        }
        for _ in range(20_000)
    ]


def status_of(request):
    """The status of a request."""
    return request["status"]


def workload():
    """Report as a daily job does."""
    by_status = bucketize(REQUESTS, key=status_of)
    print({status: len(requests) for status, requests in sorted(by_status.items())})
    visitors = unique([request["visitor"] for request in REQUESTS])
    print(len(visitors), visitors[:3])
    print(sum(1 for _ in unique_iter(request["page"] for request in by_status[404])))
    failed = [at for at, request in enumerate(REQUESTS) if request["status"] >= 304]
    print(len(format_int_list(failed)), format_int_list(failed, delim_space=True)[:60])
    queries = [OrderedMultiDict(request["query"]) for request in REQUESTS]
    print(sum(len(query.getlist("size")) for query in queries), queries[0])
