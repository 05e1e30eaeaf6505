"""An app's `ca_file` is used by `serve`, `once`, `tasks` and `check --live`."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from tests.e2e.apps import SECRET, write_config
from tests.e2e.processes import run_exporter
from tests.http_servers import Handler, serving

pytestmark = pytest.mark.e2e


class _Refusing(Handler):
    def respond(self) -> None:
        self.send_error(500)


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[str]:
    """Return an HTTPS server that answers 500; `ca.pem` is its authority."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Refusing)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with serving(server):
        yield f"https://localhost:{server.server_port}"


@pytest.mark.parametrize("command", [["once"], ["tasks"], ["check", "--live"]])
@pytest.mark.parametrize(("ca_file", "expected"), [("ca.pem", "500"), (None, "ca_file")])
def test_an_own_authority_is_trusted_where_it_is_named(
    tmp_path: Path, endpoint: str, command: list[str], ca_file: str | None, expected: str
) -> None:
    """With it the answer arrives; without it the message names the key."""
    app = {"app_id": 1, "server_secret": SECRET, "endpoint": endpoint, "ca_file": ca_file}
    write_config(tmp_path, apps=[app], collection={"max_retries": 0})
    ended = run_exporter(tmp_path, *command)
    assert ended.returncode == 1
    assert expected in ended.stdout + ended.stderr
