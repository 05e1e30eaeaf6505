"""TLS over real sockets: clients that may connect, versions and cipher suites."""

from __future__ import annotations

import ssl
import subprocess
import warnings
from pathlib import Path
from typing import Any

import pytest
import trustme

from exporter.web.security.loading import load_web_config
from exporter.web.security.reloading import LiveWebConfig
from exporter.web.security.tls import subject_alternative_names
from tests.components import require
from tests.web.peers import connected, read_to_end
from tests.web.sample_site import SampleSite
from tests.web.security.webconfig_files import (
    TLS,
    VERIFYING,
    Folder,
    certificate,
    client_context,
    fetch_tls,
    guarding,
)

REFUSED = (ssl.SSLError, ConnectionError)  # a reset comes where the server gives no reason
OURS, FOREIGN = "ours", "another"


def status_for(site: SampleSite, config: Path, context: ssl.SSLContext) -> int | None:
    """Return the status that a client gets from a server of `config`; None: it is refused."""
    with guarding(site, LiveWebConfig(config)) as server:
        try:
            return fetch_tls(server, context).status
        except REFUSED:
            return None


def client_with(ca: str | None, name: str = "prometheus.example") -> ssl.SSLContext:
    """Return a client with a certificate of `ca`, or without any."""
    return client_context(certificate(name, ca=ca) if ca else None)


@pytest.mark.parametrize(
    ("policy", "client", "status"),
    [
        ("NoClientCert", None, 200),
        ("NoClientCert", FOREIGN, 200),
        ("RequestClientCert", None, 200),
        ("RequestClientCert", OURS, 200),
        ("RequestClientCert", FOREIGN, 200),
        ("RequireAnyClientCert", None, None),
        ("RequireAnyClientCert", OURS, 200),
        ("RequireClientCert", OURS, 200),
        ("RequireClientCert", None, None),
        ("VerifyClientCertIfGiven", None, 200),
        ("VerifyClientCertIfGiven", OURS, 200),
        ("VerifyClientCertIfGiven", FOREIGN, None),
        ("RequireAndVerifyClientCert", None, None),
        ("RequireAndVerifyClientCert", OURS, 200),
        ("RequireAndVerifyClientCert", FOREIGN, None),
    ],
)
def test_client_certificates_count_as_in_go(
    site: SampleSite, folder: Folder, policy: str, client: str | None, status: int | None
) -> None:
    """Each policy admits the same clients as Go's policy of that name."""
    ca = "" if policy == "NoClientCert" else "  client_ca_file: ca.pem\n"
    config = folder.write(
        "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n"
        f"  client_auth_type: {policy}\n{ca}"
    )
    assert status_for(site, config, client_with(client)) == status


def test_the_policies_for_any_certificate_require_a_verified_one(
    site: SampleSite, folder: Folder
) -> None:
    """Certificates that Go accepts unverified are refused: the one difference, and stricter."""
    config = folder.write(VERIFYING.replace("RequireAndVerify", "RequireAny"))
    assert status_for(site, config, client_with(FOREIGN)) is None


@pytest.mark.parametrize(
    ("names", "status"),
    [
        (["prometheus.example"], 200),
        (["10.1.2.3"], 200),
        (["2001:db8::1"], 200),
        (["ops@prometheus.example"], 200),
        (["unknown", "10.1.2.3"], 200),
        (["unknown"], None),
        (["PROMETHEUS.example"], None),
        (["*.example"], None),
        (["2001:DB8::1"], None),
    ],
)
def test_only_clients_with_an_allowed_name_connect(
    site: SampleSite, folder: Folder, names: list[str], status: int | None
) -> None:
    """One name of the certificate must be in the list, compared exactly."""
    client = certificate("prometheus.example", "10.1.2.3", "2001:db8::1", "ops@prometheus.example")
    config = folder.write(f"{VERIFYING}  client_allowed_sans: {names}\n")
    assert status_for(site, config, client_context(client)) == status


def test_a_client_certificate_itself_can_be_trusted(site: SampleSite, folder: Folder) -> None:
    """A leaf in the CA file is a root, as every certificate of a pool is in Go."""
    client = certificate("lonely.example", ca=FOREIGN)
    (folder.path / "ca.pem").write_bytes(client.cert_chain_pems[0].bytes())
    config = folder.write(VERIFYING)
    assert status_for(site, config, client_context(client)) == 200
    assert status_for(site, config, client_with(FOREIGN, "other.example")) is None


def test_a_ca_file_may_hold_several_and_comments(site: SampleSite, folder: Folder) -> None:
    """Bundles are read, with any text between the certificates."""
    other = trustme.CA(organization_name="a third")
    ours = (folder.path / "ca.pem").read_bytes()
    bundle = "# Ünser\n".encode() + other.cert_pem.bytes() + b"\nmore\n" + ours
    (folder.path / "ca.pem").write_bytes(bundle)
    config = folder.write(VERIFYING)
    assert status_for(site, config, client_with(OURS)) == 200
    assert status_for(site, config, client_context(other.issue_cert("third"))) == 200


def test_certificate_and_key_may_be_inline(site: SampleSite, folder: Folder) -> None:
    """Inline certificate, key and CA serve like those in files, and no repr shows the key."""
    texts = {
        "cert": (folder.path / "cert.pem").read_text(),
        "key": (folder.path / "key.pem").read_text(),
        "client_ca": (folder.path / "ca.pem").read_text(),
    }
    lines = [
        f"  {key}: |\n" + "".join(f"    {line}\n" for line in text.splitlines())
        for key, text in texts.items()
    ]
    config = folder.write(
        "tls_server_config:\n  client_auth_type: RequireAndVerifyClientCert\n" + "".join(lines)
    )
    assert status_for(site, config, client_with(OURS)) == 200
    assert texts["key"].splitlines()[1] not in repr(load_web_config(config))


def test_a_private_key_open_to_all_is_no_error(site: SampleSite, folder: Folder) -> None:
    """The toolkit does not look at permissions, so an existing file may rely on it."""
    (folder.path / "key.pem").chmod(0o666)
    assert status_for(site, folder.write(TLS), client_context()) == 200


def offering(low: ssl.TLSVersion, high: ssl.TLSVersion, ciphers: str = "") -> ssl.SSLContext:
    """Return a client of these versions and, up to TLS 1.2, ciphers."""
    context = client_context()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = low, high
    context.set_ciphers(ciphers or "DEFAULT:@SECLEVEL=0")
    return context


V10, V11, V12, V13 = (
    ssl.TLSVersion.TLSv1,
    ssl.TLSVersion.TLSv1_1,
    ssl.TLSVersion.TLSv1_2,
    ssl.TLSVersion.TLSv1_3,
)


@pytest.mark.parametrize(
    ("versions", "client", "status"),
    [
        ("", V11, None),
        ("", V12, 200),
        ("", V13, 200),
        ("min_version: TLS13", V12, None),
        ("min_version: TLS13", V13, 200),
        ("max_version: TLS12", V13, None),
        ("max_version: TLS12", V12, 200),
        ("min_version: TLS11", V11, 200),
        ("min_version: TLS11", V10, None),
        ("min_version: TLS10", V10, 200),
        ("min_version: TLS10", V13, 200),
    ],
)
def test_configured_versions_are_used(
    site: SampleSite, folder: Folder, versions: str, client: ssl.TLSVersion, status: int | None
) -> None:
    """TLS 1.2 and 1.3 by default, and otherwise the versions of the file."""
    config = folder.write(
        f"tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n  {versions}\n"
    )
    assert status_for(site, config, offering(client, client)) == status


@pytest.mark.parametrize(
    ("suites", "client", "status"),
    [
        (["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"], "ECDHE-ECDSA-AES128-GCM-SHA256", 200),
        (["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"], "ECDHE-ECDSA-AES256-GCM-SHA384", None),
        (["TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"], "ECDHE-ECDSA-AES256-SHA", 200),
        (["TLS_AES_128_GCM_SHA256"], "ECDHE-ECDSA-AES128-GCM-SHA256", None),
    ],
)
def test_configured_cipher_suites_are_used(
    site: SampleSite, folder: Folder, suites: list[str], client: str, status: int | None
) -> None:
    """Only the suites of the list are offered; with those of TLS 1.3 alone there is no TLS 1.2."""
    config = folder.write(
        "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n"
        f"  cipher_suites: {suites}\n"
    )
    assert status_for(site, config, offering(V12, V12, client)) == status
    assert status_for(site, config, offering(V13, V13)) == 200


@pytest.mark.parametrize(
    ("preference", "chosen"),
    [
        ("", "ECDHE-ECDSA-AES256-GCM-SHA384"),
        ("  prefer_server_cipher_suites: false\n", "ECDHE-ECDSA-AES128-GCM-SHA256"),
    ],
)
def test_the_order_of_suites_is_the_servers_unless_configured(
    folder: Folder, preference: str, chosen: str
) -> None:
    """The server's order counts unless the file says otherwise."""
    config = folder.write(
        "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n"
        "  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, "
        f"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]\n{preference}"
    )
    context = load_web_config(config).context
    assert context is not None
    client = offering(V12, V12, "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384")
    assert _negotiated(context, client) == chosen


def _negotiated(server: ssl.SSLContext, client: ssl.SSLContext) -> str:
    """Return the cipher that the two agree on, in memory."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        client.wrap_bio(to_client, to_server, server_hostname="localhost"),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    while sides:
        side = sides.pop(0)
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            sides.append(side)
    cipher = side.cipher()
    assert cipher is not None
    return cipher[0]


def test_plain_http_gets_a_400_that_names_https(
    site: SampleSite, folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    """A client without TLS gets a plain 400 that names the cause, and the connection ends."""
    live = LiveWebConfig(folder.write(TLS))
    with (
        guarding(site, live) as server,
        connected(server, b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n") as peer,
    ):
        answer = read_to_end(peer)
        assert fetch_tls(server).status == 200
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"https://" in answer
    assert caplog.text == ""


def test_curl_connects_with_a_client_certificate(site: SampleSite, folder: Folder) -> None:
    """The command that the documentation shows works; without the certificate it does not."""
    curl = require("curl", package="curl")
    client = certificate("prometheus.example")
    (folder.path / "client.pem").write_bytes(client.private_key_and_cert_chain_pem.bytes())
    live = LiveWebConfig(folder.write(VERIFYING))
    with guarding(site, live) as server:
        command = [curl, "-sS", "--cacert", "ca.pem", f"https://{server.addresses[0]}/"]
        with_it = subprocess.run(
            [*command, "--cert", "client.pem"], cwd=folder.path, capture_output=True, check=False
        )
        without = subprocess.run(command, cwd=folder.path, capture_output=True, check=False)
    assert (with_it.returncode, with_it.stdout) == (0, b"small\n")
    assert (without.returncode != 0, without.stdout) == (True, b"")


@pytest.mark.parametrize(
    ("entry", "names"),
    [
        (("DNS", "a.example"), {"a.example"}),
        (("email", "ops@a.example"), {"ops@a.example"}),
        (("URI", "spiffe://a/b"), {"spiffe://a/b"}),
        (("IP Address", "10.0.0.1"), {"10.0.0.1"}),
        (("IP Address", "2001:DB8:0:0:0:0:0:1"), {"2001:db8::1"}),
        (("IP Address", "<invalid>"), set()),
        (("DirName", ((("commonName", "a"),),)), set()),
        (("Registered ID", "1.2.3"), set()),
    ],
)
def test_names_of_certificates_are_written_as_in_go(
    entry: tuple[str, Any], names: set[str]
) -> None:
    """Four kinds of names count, addresses in their short form."""
    assert subject_alternative_names({"subjectAltName": (entry,)}) == names


@pytest.mark.parametrize("certificate", [None, {}, {"subject": ()}])
def test_a_certificate_without_names_has_none(certificate: dict[str, Any] | None) -> None:
    """Nor has a client without a certificate; the common name does not count."""
    assert subject_alternative_names(certificate) == frozenset()
