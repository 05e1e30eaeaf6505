"""Measure the overhead of the client in a walk, against the rate limit and a plain loop.

    python -m benchmarks.walk_overhead

The first table shows how well a walk over 10,000 tasks at 20 requests a second keeps to the limit
and uses it, as the simulator sees it. The second one compares the time of one page through the
client (signing, limiter, time-out, capped reading, decoding, statistics) with the same request in a
plain loop of `requests`. The two alternate page by page, so that both run under the same load. The
simulator runs in a separate process.
"""

from __future__ import annotations

import multiprocessing
import secrets
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from multiprocessing.connection import Connection

import requests

from exporter.simulator.demo import sized_app
from exporter.zego.client import Client
from exporter.zego.limiter import RateLimiter
from exporter.zego.signing import signed_parameters
from exporter.zego.stats import ApiStats
from tests.faults import FaultyServer, with_faults
from tests.faults.faults import Fault

APP_ID = 1234567890
SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105 - opens the simulator alone
TASKS = 10_000
RATE = 20
UNLIMITED = 1e6
FAR = 1e9


def main() -> None:
    """Print both tables."""
    print(f"Walk over {TASKS} tasks at {RATE} requests/s, answers without delay\n")
    print("| pages | most in a sliding second | seconds | ideal | loss |")
    print("|---|---|---|---|---|")
    print(measure_limit())
    print("\nOne page of 50 tasks, our client beside a bare `requests` loop (medians)\n")
    print("| answers take | pages each | bare | ours | difference | ratio |")
    print("|---|---|---|---|---|---|")
    for delay, pages in ((0.0, 400), (0.1, 100)):
        print(measure_overhead(delay, pages))


def measure_limit() -> str:
    """Return the row for a walk at the full rate."""
    with simulating(0.0, limited=True) as url, closing(new_client(url, RATE)) as client:
        started = time.monotonic()
        pages, token = 0, ""
        while not pages or token:
            token = client.describe_upload_tasks(
                secret=SECRET, page_token=token, deadline=FAR
            ).next_token
            pages += 1
        elapsed = time.monotonic() - started
        state = requests.get(f"{url}/simulator/state", timeout=60).json()[str(APP_ID)]
    ideal = pages / RATE - 1  # the first burst waits for nothing
    most = state["max_requests_in_a_second"]
    return f"| {pages} | {most} | {elapsed:.2f} | {ideal:.2f} | {elapsed / ideal - 1:.1%} |"


def measure_overhead(delay: float, pages: int) -> str:
    """Return the row for answers that take `delay` seconds."""
    bare_times, our_times = [], []
    with (
        simulating(delay, limited=False) as url,
        closing(new_client(url, UNLIMITED)) as client,
        requests.Session() as session,
    ):
        ask_bare(session, url)
        client.describe_upload_tasks(secret=SECRET, deadline=FAR)
        for _ in range(pages):
            bare_times.append(ask_bare(session, url))
            our_times.append(
                timed(lambda: client.describe_upload_tasks(secret=SECRET, deadline=FAR))
            )
    bare, ours = statistics.median(bare_times) * 1000, statistics.median(our_times) * 1000
    return (
        f"| {delay * 1000:.0f} ms | {pages} | {bare:.2f} ms | {ours:.2f} ms "
        f"| {ours - bare:+.2f} ms | {ours / bare:.2f} |"
    )


def ask_bare(session: requests.Session, url: str) -> float:
    """Return the seconds that one page takes with nothing but `requests`."""
    parameters = signed_parameters(
        action="DescribeUploadTasks",
        app_id=APP_ID,
        secret=SECRET,
        nonce=secrets.token_hex(8),
        timestamp=int(time.time()),
        is_test=None,
    )
    return timed(
        lambda: session.post(f"{url}/", params=parameters, json={"PageSize": 50}, timeout=60).json()
    )


def timed(act: Callable[[], object]) -> float:
    """Return the seconds that `act` takes."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def new_client(url: str, rate: float) -> Client:
    """Return our client."""
    return Client(
        app_id=APP_ID,
        endpoint=url,
        is_test=None,
        limiter=RateLimiter(rate),
        stats=ApiStats(),
        timeout=60.0,
        max_retries=0,
    )


@contextmanager
def simulating(delay: float, *, limited: bool) -> Iterator[str]:
    """Run the simulator in a process of its own and yield its address."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=simulate, args=(theirs, delay, limited)
    )
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("stop")
        process.join()


def simulate(pipe: Connection, delay: float, limited: bool) -> None:
    """Serve until asked to stop; in the child process."""
    app = with_faults(sized_app(TASKS, now=time.time(), credentials=(APP_ID, SECRET)))
    if not limited:
        app.arrivals.limit = None
    if delay:
        app.faults.switch_on(Fault.DELAY, delay)
    with FaultyServer([app]) as server:
        pipe.send(server.url)
        pipe.recv()


if __name__ == "__main__":
    main()
