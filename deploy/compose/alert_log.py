"""Receiver of the demo's Alertmanager: prints one line for every alert of a notification.

It shows which receiver gets which alert, and when, without an account at a messenger. Read it with
`docker compose logs --follow alert-log`. Standard library only; it runs in the exporter's image.
"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PORT = 9099
LARGEST = 1_048_576  # bytes of a notification


def lines(receiver: str, notification: dict[str, Any]) -> list[str]:
    """Return one line for each alert of a webhook notification (Alertmanager's version 4)."""
    return [
        f"{receiver}: {alert['status']}"
        f" {alert['labels'].get('severity', '-')}"
        f" {alert['labels'].get('alertname', '-')}"
        f" {alert['annotations'].get('summary', '')}".rstrip()
        for alert in notification["alerts"]
    ]


class Handler(BaseHTTPRequestHandler):
    """Accepts notifications at `/RECEIVER`."""

    timeout = 10  # seconds that a peer may be silent

    def do_POST(self) -> None:
        """Print the alerts of the notification; 400 for anything else."""
        try:
            length = min(int(self.headers.get("Content-Length", "")), LARGEST)
            printed = lines(self.path.strip("/"), json.loads(self.rfile.read(max(length, 0))))
        except (ValueError, KeyError, TypeError, AttributeError):
            self.send_error(400)
            return
        for line in printed:
            # One line for each alert, whatever its texts hold.
            print(" ".join(line.split()), flush=True)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print no line for requests: the alerts are the log."""


def main() -> None:
    """Listen on the port that is given as an argument, by default 9099."""
    port = int(sys.argv[1]) if len(sys.argv) > 1 else PORT
    with ThreadingHTTPServer(("", port), Handler) as server:
        print(f"waiting for notifications on port {server.server_port}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
