"""Measure the exporter at rest: its memory after the first collection, and what imports take.

    python -m benchmarks.idle [--python PATH] [--before FOLDER] [--history]

The exporter collects five tasks from the simulator once a second and is scraped ten times. It runs
with the allocator's settings of the image and from compiled files, as there, because a compiler
leaves memory behind. `--python` names an interpreter that has only what the image has, of the
versions in `requirements.lock`. Memory is from `/proc/PID/smaps`:

- RSS: all resident pages. PSS: the same, with shared pages divided by the processes that have them.
- private dirty: pages that no other process can share and that no file could give back.
- libraries: the pages of the interpreter and the shared libraries, in RSS.

The second table has the growth of RSS while the modules of a package are imported, without that of
the modules that these import, as `zego-upload-exporter` imports them to serve.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

from benchmarks.peers import Peer, exporter, has_collected, simulator, wait_for

TASKS, SCRAPES, PACKAGES = 5, 10, 20

ENVIRONMENT = {
    "MALLOC_TRIM_THRESHOLD_": "131072",
    "MALLOC_MMAP_THRESHOLD_": "131072",
    "PYTHONUNBUFFERED": "1",
}
"""That of the Dockerfile."""

IMPORTS = """
import json, sys

def resident():
    with open("/proc/self/smaps_rollup") as file:
        return int(file.read().split("Rss:")[1].split()[0])

class Measuring:  # a loader that measures around another one
    def __init__(self, name, loader):
        self.name, self.loader = name, loader

    def __getattr__(self, name):
        return getattr(self.loader, name)

    def exec_module(self, module):
        before = resident()
        nested.append(0)
        try:
            self.loader.exec_module(module)
        finally:
            grown = resident() - before
            own[self.name] = grown - nested.pop()
            if nested:
                nested[-1] += grown

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        for finder in sys.meta_path[1:]:
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                if hasattr(spec.loader, "exec_module"):
                    spec.loader = Measuring(name, spec.loader)
                return spec

own, nested, bare = {}, [], resident()
sys.meta_path.insert(0, Finder)
import exporter.cli, exporter.commands.serve
print(json.dumps({"": bare, **own}))
"""


class Memory(NamedTuple):
    """The memory of a process, in MiB."""

    resident: float
    shared_fairly: float
    private_dirty: float
    libraries: float

    @classmethod
    def of(cls, pid: int) -> Memory:
        """Return what a process has now."""
        kib: Counter[str] = Counter()
        library = False
        for line in Path(f"/proc/{pid}/smaps").read_text(encoding="utf-8").splitlines():
            first, *words = line.split()
            if not first.endswith(":"):  # the head of a mapping; its last word is the file
                name = Path(words[-1]).name
                library = ".so" in name or name.startswith("python")
            elif words[-1] == "kB":
                kib[first] += int(words[0])
                if library and first == "Rss:":
                    kib["libraries"] += int(words[0])
        return cls(*(kib[name] / 1024 for name in ("Rss:", "Pss:", "Private_Dirty:", "libraries")))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--python", default=sys.executable, help="interpreter to measure with")
    parser.add_argument("--before", metavar="FOLDER", type=Path, help="another checkout")
    parser.add_argument("--history", action="store_true", help="with a history file")
    flags = parser.parse_args()
    checkouts = {"now": Path.cwd()}
    if flags.before:
        checkouts["before"] = flags.before.absolute()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ.update(ENVIRONMENT)
    imports: dict[str, dict[str, int]] = {}
    print("| exporter | RSS | PSS | private dirty | libraries | CPU until the first answer |")
    print("|---|---|---|---|---|---|")
    with simulator(TASKS, limited=False) as endpoint, ExitStack() as stack:
        if flags.history:
            scratch = stack.enter_context(tempfile.TemporaryDirectory())
            os.environ["ZEGO_HISTORY_PATH"] = str(Path(scratch, "history.sqlite"))
        for name, folder in checkouts.items():
            os.environ["PYTHONPATH"] = str(folder)
            imports[name] = measure_imports(flags.python)  # and compiles what is not yet
            imports[name] = measure_imports(flags.python)
            with exporter(endpoint, interval=1, python=flags.python, name=name) as peer:
                wait_for(peer, lambda _: True)
                cpu = f"{peer.cpu_seconds():.2f} s"
                wait_for(peer, has_collected)
                for _ in range(SCRAPES):
                    scrape(peer, peer.path)
                    time.sleep(0.3)
                print(row(f"{name}: after {SCRAPES} scrapes", peer, cpu))
                scrape(peer, "/")
                print(row(f"{name}: once its page has been opened", peer, ""))
    print("\nImports: RSS in KiB\n")
    print(f"| package | {' | '.join(checkouts)} |")
    print(f"|---|{'---|' * len(checkouts)}")
    last = imports[list(imports)[-1]]
    for package in sorted(last, key=last.__getitem__, reverse=True)[:PACKAGES]:
        cells = (f"{imports[name].get(package, 0):,}" for name in checkouts)
        print(f"| {package} | {' | '.join(cells)} |")
    totals = (f"{sum(imports[name].values()):,}" for name in checkouts)
    print(f"| all | {' | '.join(totals)} |")


def measure_imports(python: str) -> dict[str, int]:
    """Return the KiB that each package takes, our own by their second name."""
    command = [python, "-P", "-c", IMPORTS]
    answer = subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own
    packages: Counter[str] = Counter()
    for module, kib in json.loads(answer.stdout).items():
        names = module.split(".")
        length = 2 if names[0] == "exporter" else 1
        packages[".".join(names[:length]) or "the interpreter alone"] += kib
    return packages


def scrape(peer: Peer, path: str) -> None:
    """Fetch a page as Prometheus does, compressed."""
    connection = HTTPConnection("127.0.0.1", peer.port, timeout=60)
    connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    assert answer.status == 200, answer.status
    body = answer.read()
    assert gzip.decompress(body) if answer.getheader("Content-Encoding") == "gzip" else body
    connection.close()


def row(name: str, peer: Peer, cpu: str) -> str:
    """Return one row of the first table."""
    cells = (f"{mib:.1f}" for mib in Memory.of(peer.pid))
    return f"| {name} | {' | '.join(cells)} | {cpu} |"


if __name__ == "__main__":
    main()
