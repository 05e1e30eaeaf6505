"""Memory and good scrapes while many clients ask for the metrics and read nothing.

    python -m benchmarks.slow_readers [--tasks 10000] [--readers 300] [--seconds 20]

Each slow reader asks for the plain page, takes the first bytes and then nothing. A good client
scrapes every second. Printed are the resident memory before and at its highest, and how the good
scrapes ended.
"""

from __future__ import annotations

import argparse
import socket
import time
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path

from benchmarks.peers import TEXT, Peer, exporter, has_collected, simulator, wait_for

REQUEST = (
    f"GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: {TEXT}\r\nConnection: keep-alive\r\n\r\n"
).encode()


def resident_mib(peer: Peer) -> float:
    """Return the resident memory of the process."""
    pages = int(Path(f"/proc/{peer.pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 2**20


def slow_reader(peer: Peer) -> socket.socket:
    """Ask for the page and read nothing."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(5)
    sock.connect(("127.0.0.1", peer.port))
    sock.sendall(REQUEST)
    return sock


def scrape(peer: Peer) -> str:
    """Return how a good scrape ended: its status, or the name of what went wrong."""
    connection = peer.connect()
    try:
        connection.request("GET", peer.path, headers={"Accept": TEXT, "Accept-Encoding": "gzip"})
        answer = connection.getresponse()
        answer.read()
    except OSError as error:
        return type(error).__name__
    else:
        return str(answer.status)
    finally:
        connection.close()


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--readers", type=int, default=300)
    parser.add_argument("--seconds", type=int, default=20)
    flags = parser.parse_args()
    with (
        simulator(flags.tasks, limited=False) as endpoint,
        exporter(endpoint, interval=3600) as peer,
        ExitStack() as stack,
    ):
        page = wait_for(peer, has_collected)
        before = highest = resident_mib(peer)
        readers = []
        for _ in range(flags.readers):
            with suppress(OSError):
                readers.append(stack.enter_context(slow_reader(peer)))
        scrapes: Counter[str] = Counter()
        started = time.monotonic()
        for second in range(flags.seconds):
            scrapes[scrape(peer)] += 1
            while time.monotonic() < started + second + 1:
                highest = max(highest, resident_mib(peer))
                time.sleep(0.02)
        print(f"page {len(page) / 2**20:.1f} MiB plain, {len(readers)} slow readers")
        print(f"resident memory: {before:.0f} MiB before, {highest:.0f} MiB at its highest")
        print(f"good scrapes: {dict(scrapes)}")


if __name__ == "__main__":
    main()
