"""HTTP servers in the place of others' services, in threads of the test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler
from socketserver import BaseServer


class Handler(BaseHTTPRequestHandler):
    """Answers GET and POST alike with `respond`, and logs nothing."""

    def respond(self) -> None:
        """Answer the request; `command` is its method."""
        raise NotImplementedError

    def do_GET(self) -> None:
        self.respond()

    def do_POST(self) -> None:
        self.respond()

    def read_body(self) -> bytes:
        """Return the body of the request."""
        return self.rfile.read(int(self.headers["Content-Length"]))

    def log_message(self, *_: object) -> None:
        """Write nothing to stderr."""


@contextmanager
def serving(*servers: BaseServer) -> Iterator[None]:
    """Serve, each server in a thread of its own, and close all at the end of the block."""
    with ExitStack() as stack:
        for server in servers:
            stack.enter_context(server)
            thread = threading.Thread(target=server.serve_forever, args=(0.02,))
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
        yield
