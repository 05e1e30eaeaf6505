"""Changes of files while the server runs."""

from __future__ import annotations

import logging
import os
import ssl
from pathlib import Path

import pytest

from exporter.web.security.reloading import CHECK_SECONDS, LiveWebConfig
from tests.clock import FakeClock
from tests.logged import lines as logged_lines
from tests.web.sample_site import SampleSite
from tests.web.security.webconfig_files import (
    TLS,
    VERIFYING,
    Folder,
    certificate,
    chain_of,
    client_context,
    fetch_tls,
    guarding,
    hashed,
    shown_certificate,
)


@pytest.fixture
def clock() -> FakeClock:
    """Return the clock that decides when files are checked."""
    return FakeClock()


def der(*identities: str) -> bytes:
    """Return the certificate for these names, in DER."""
    pem = certificate(*identities).cert_chain_pems[0].bytes().decode()
    return ssl.PEM_cert_to_DER_cert(pem)


def test_a_renewed_certificate_is_used(site: SampleSite, folder: Folder, clock: FakeClock) -> None:
    """New connections get the new certificate, and an open one is kept."""
    live = LiveWebConfig(folder.write(TLS), clock=clock)
    with guarding(site, live) as server:
        assert shown_certificate(server) == der("localhost", "127.0.0.1")
        folder.write_certificate(certificate("localhost", "127.0.0.1", "renewed.example"))
        assert shown_certificate(server) == der("localhost", "127.0.0.1")
        clock.now += CHECK_SECONDS
        assert shown_certificate(server) == der("localhost", "127.0.0.1", "renewed.example")


def test_a_renewal_by_swapped_links_is_seen(folder: Folder, clock: FakeClock) -> None:
    """Kubernetes swaps a link to the folder of a secret: other files under the same names."""
    for name, cert in (("old", certificate("old")), ("new", certificate("new"))):
        (folder.path / name).mkdir()
        Folder(folder.path / name).write_certificate(cert)
    link = folder.path / "data"
    link.symlink_to("old")
    text = "tls_server_config: {cert_file: data/cert.pem, key_file: data/key.pem}\n"
    live = LiveWebConfig(folder.write(text), clock=clock)
    before = live.current().context
    (folder.path / "next").symlink_to("new")
    (folder.path / "next").replace(link)
    clock.now += CHECK_SECONDS
    assert live.current().context is not before


def test_a_broken_renewal_keeps_the_certificate_and_is_logged_once(
    site: SampleSite, folder: Folder, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A key that does not fit changes nothing; one line logs it, and one the recovery."""
    caplog.set_level(logging.INFO)
    live = LiveWebConfig(folder.write(TLS), clock=clock)
    renewed = certificate("localhost", "127.0.0.1", "renewed.example")
    with guarding(site, live) as server:
        (folder.path / "cert.pem").write_bytes(chain_of(renewed))
        for _ in range(3):
            clock.now += CHECK_SECONDS
            assert shown_certificate(server) == der("localhost", "127.0.0.1")
        (folder.path / "key.pem").write_bytes(renewed.private_key_pem.bytes())
        clock.now += CHECK_SECONDS
        assert shown_certificate(server) == der("localhost", "127.0.0.1", "renewed.example")
    lines = list(logged_lines(caplog))
    assert [(level, message) for level, message, _ in lines] == [
        ("ERROR", "web configuration cannot be used, the previous one stays in use"),
        ("INFO", "web configuration read again"),
    ]
    assert "does not belong to the certificate" in lines[0][2]["problems"]


def test_another_client_ca_counts_for_the_next_connection(
    site: SampleSite, folder: Folder, clock: FakeClock
) -> None:
    """A client of the old CA is refused, even when it resumes its session."""
    live = LiveWebConfig(folder.write(VERIFYING), clock=clock)
    old, new = certificate("old.example"), certificate("new.example", ca="another")
    with guarding(site, live) as server:
        old_client, new_client = client_context(old), client_context(new)
        assert fetch_tls(server, old_client).status == 200
        with pytest.raises((ssl.SSLError, ConnectionError)):
            fetch_tls(server, new_client)
        (folder.path / "ca.pem").write_bytes(new.cert_chain_pems[0].bytes())
        clock.now += CHECK_SECONDS
        assert fetch_tls(server, new_client).status == 200
        with pytest.raises((ssl.SSLError, ConnectionError)):
            fetch_tls(server, old_client)


def test_changed_users_and_headers_are_picked_up(folder: Folder, clock: FakeClock) -> None:
    """The next request is answered by the file's new content."""
    path = folder.write(f"basic_auth_users: {{alice: {hashed('one')}}}\n")
    live = LiveWebConfig(path, clock=clock)
    assert set(live.current().users) == {b"alice"}
    folder.write("http_server_config: {headers: {X-Frame-Options: deny}}\n")
    assert set(live.current().users) == {b"alice"}  # not looked at again within the second
    clock.now += CHECK_SECONDS
    assert live.current().users == {}
    assert live.current().headers == {"X-Frame-Options": "deny"}


def test_a_file_of_the_same_size_and_time_is_seen(folder: Folder, clock: FakeClock) -> None:
    """A copy that keeps the times is noticed by the change time of the inode."""
    path = folder.write(f"basic_auth_users: {{alice: {hashed('one')}}}\n")
    times = path.stat()
    live = LiveWebConfig(path, clock=clock)
    folder.write(f"basic_auth_users: {{carol: {hashed('two')}}}\n")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    clock.now += CHECK_SECONDS
    assert set(live.current().users) == {b"carol"}


def test_a_removed_file_keeps_the_previous_configuration(folder: Folder, clock: FakeClock) -> None:
    """The previous configuration stays in use; the password is still required."""
    path = folder.write(f"basic_auth_users: {{alice: {hashed('one')}}}\n")
    live = LiveWebConfig(path, clock=clock)
    path.unlink()
    clock.now += CHECK_SECONDS
    assert set(live.current().users) == {b"alice"}


def test_files_that_come_back_unchanged_are_a_recovery(
    tmp_path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A folder may be absent for a while, like a mount; the log records the recovery."""
    caplog.set_level(logging.INFO)
    (tmp_path / "mount").mkdir()
    live = LiveWebConfig(Folder.filled(tmp_path / "mount").write(TLS), clock=clock)
    for _ in range(2):
        for source, target in (("mount", "away"), ("away", "mount")):
            (tmp_path / source).rename(tmp_path / target)
            clock.now += CHECK_SECONDS
            live.current()
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"] * 2


def test_a_file_that_names_a_missing_one_is_used_once_that_is_there(
    folder: Folder, clock: FakeClock
) -> None:
    """The new certificate may come after the configuration that names it."""
    live = LiveWebConfig(folder.write(TLS), clock=clock)
    before = live.current().context
    folder.write(TLS.replace("cert.pem", "later.pem"))
    clock.now += CHECK_SECONDS
    assert live.current().context is before
    (folder.path / "later.pem").write_bytes((folder.path / "cert.pem").read_bytes())
    clock.now += CHECK_SECONDS
    assert [file.name for file in live.current().files] == ["web.yml", "later.pem", "key.pem"]


@pytest.mark.parametrize(("first", "second"), [(TLS, ""), ("", TLS)], ids=["removed", "added"])
def test_tls_is_neither_removed_nor_added_while_running(
    folder: Folder, clock: FakeClock, caplog: pytest.LogCaptureFixture, first: str, second: str
) -> None:
    """A mistake in an editor does not turn encryption off; the log asks for a restart."""
    live = LiveWebConfig(folder.write(first), clock=clock)
    folder.write(second + "rate_limit: {burst: 1}\n")
    clock.now += CHECK_SECONDS
    assert (live.current().context is not None) is bool(first)
    assert live.current().rate_limit.burst == 0
    *_, (_, _, fields) = logged_lines(caplog)
    assert "restart for it" in fields["problems"]


def test_warnings_are_logged_at_the_start_and_when_they_change(
    folder: Folder, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Keys without effect are logged once for each state of the file."""
    live = LiveWebConfig(folder.write("http_server_config: {http2: true}\n"), clock=clock)
    for text in ("http_server_config: {http2: yes}\n", "http_server_config: {}\n"):
        folder.write(text)
        clock.now += CHECK_SECONDS
        live.current()
    warnings = [fields["warning"] for _, _, fields in logged_lines(caplog)]
    assert warnings == [
        "http_server_config.http2: is not honoured: HTTP/1.1 is served (leave it out)"
    ]
