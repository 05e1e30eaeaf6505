"""Values that only a web configuration has, and names in certificates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from exporter.errors import ConfigError
from exporter.web.security.loading import load_web_config
from exporter.web.security.sans import subject_alternative_names
from exporter.web.security.schema import MAX_PEM_BYTES, HttpSection, RateLimitSection, WebDocument


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1s", 1),
        ("500ms", 0.5),
        ("1m30s", 90),
        ("1.5h", 5400),
        (".5s", 0.5),
        ("+2s", 2),
        ("1µs", 1e-6),
        ("1us", 1e-6),
        ("3ns", 3e-9),
        (0, 0),
        (1_000_000_000, 1),
    ],
)
def test_durations_are_read_as_in_go(text: Any, seconds: float) -> None:
    """Go's units, and its nanoseconds for a plain number."""
    assert RateLimitSection(interval=text).interval == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "1", "s", "1d", "-1s", "1 s", "1s!", -1, 1.5, True])
def test_other_texts_are_no_durations(text: Any) -> None:
    """What Go refuses, or what would be negative, is refused."""
    with pytest.raises(ValidationError):
        RateLimitSection(interval=text)


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        (True, True),
        ("yes", True),
        ("On", True),
        ("y", True),
        (False, False),
        ("NO", False),
        ("off", False),
        ("N", False),
    ],
)
def test_booleans_may_be_words(word: Any, meaning: bool) -> None:
    """The toolkit's YAML knows yes and no, on and off."""
    assert HttpSection(http2=word).http2 is meaning


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


def test_a_path_to_something_endless_is_not_read_to_its_end(tmp_path: Path) -> None:
    """A PEM file has a size; a device has not."""
    path = tmp_path / "web.yml"
    path.write_text("tls_server_config: {cert_file: /dev/zero, key_file: /dev/null}\n")
    with pytest.raises(ConfigError, match=f"it is longer than {MAX_PEM_BYTES} bytes"):
        load_web_config(path)


def documents() -> st.SearchStrategy[str]:
    """Return texts that look like web configurations, more or less."""
    inner = "cert key cert_file headers http2 interval X-Frame-Options client_auth_type nothing"
    keys = st.sampled_from([*WebDocument.model_fields, *inner.split()])
    values = st.sampled_from(
        [
            "",
            "1",
            "true",
            "text",
            "[a, b]",
            "[]",
            "{}",
            "TLS12",
            "null",
            "'$2y$'",
            "RequireAnyClientCert",
        ]
    )
    leaf = st.tuples(keys, values).map(lambda pair: f"{pair[0]}: {pair[1]}")
    section = st.tuples(keys, st.lists(leaf, max_size=4)).map(
        lambda parts: "\n  ".join([f"{parts[0]}:", *parts[1]])
    )
    return st.lists(st.one_of(leaf, section, st.text(max_size=20)), max_size=5).map("\n".join)


CONTENTS = st.one_of(
    documents().map(lambda text: text.encode(errors="surrogatepass")), st.binary(max_size=100)
)


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(CONTENTS)
def test_whatever_stands_in_the_file_it_is_used_or_refused(tmp_path: Path, content: bytes) -> None:
    """Nothing but ConfigError comes out of the loader, and its lines have a remedy."""
    path = tmp_path / "web.yml"
    path.write_bytes(content)
    problems: tuple[str, ...] = ()
    try:
        load_web_config(path)
    except ConfigError as error:
        problems = error.problems
    assert all(": " in problem and problem.endswith(")") for problem in problems)


@pytest.mark.parametrize(("cost", "warned"), [("10", False), ("15", False), ("16", True)])
def test_a_hash_that_takes_seconds_to_check_is_warned_of(
    tmp_path: Path, cost: str, warned: bool
) -> None:
    """Each step of the cost doubles the time; the hash is not shown."""
    path = tmp_path / "web.yml"
    path.write_text(f"basic_auth_users: {{alice: $2y${cost}${'.' * 22}{'A' * 31}}}\n")
    warnings = load_web_config(path).warnings
    assert bool(warnings) is warned
    assert all(line.startswith("basic_auth_users.alice: has cost 16: a check") for line in warnings)
