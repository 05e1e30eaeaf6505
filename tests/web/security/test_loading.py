"""Whole web configuration files, good and bad, with their exact results.

`corpus/bad/NAME.yaml` gives the problems in `NAME.expected`, one a line;
`corpus/good/NAME.yaml` gives the description in `NAME.expected`, warnings included.
The files are read from a folder with real certificates (see `webconfig_files.Folder`).
"""

from __future__ import annotations

import re
import shutil
import ssl
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.errors import ConfigError
from exporter.web.security.loading import WebConfig, load_web_config
from exporter.web.security.schema import (
    HeadersSection,
    HttpSection,
    RateLimitSection,
    TlsSection,
    WebDocument,
)
from tests.web.security.webconfig_files import Folder

CORPUS = Path(__file__).parent / "corpus"
HIDDEN = ("hunter", "ZNtpihRT", "12345", "$2")
"""Secrets in these files, whole or in part."""


def files(kind: str) -> list[str]:
    """Return the names of the files of one kind."""
    return sorted(path.stem for path in (CORPUS / kind).glob("*.yaml"))


def placed(folder: Path, kind: str, name: str) -> Path:
    """Put a file of the corpus beside real certificates."""
    Folder.filled(folder)
    shutil.copy(CORPUS / kind / f"{name}.yaml", folder)
    return folder / f"{name}.yaml"


def describe(config: WebConfig) -> str:
    """Describe a configuration, without its hashes."""
    context = config.context
    lines = [
        f"tls: {'no' if context is None else _describe_tls(context)}",
        f"clients: {'all' if config.allowed_sans is None else sorted(config.allowed_sans)}",
        f"headers: {dict(config.headers)}",
        f"users: {sorted(user.decode() for user in config.users)}",
        f"rate limit: {config.rate_limit.interval} s, {config.rate_limit.burst} at once",
        f"files: {[file.name for file in config.files]}",
        *(f"warning: {warning}" for warning in config.warnings),
    ]
    return "\n".join(lines) + "\n"


def _describe_tls(context: ssl.SSLContext) -> str:
    low, high = context.minimum_version.name, context.maximum_version.name
    return f"{low} to {high}, client certificates {context.verify_mode.name}"


@pytest.mark.parametrize("name", files("bad"))
def test_bad_file_gives_exactly_these_problems(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Every problem of the file is reported, in its order, and nothing in it shows a secret."""
    with pytest.raises(ConfigError) as caught:
        load_web_config(placed(tmp_path, "bad", name))
    messages = str(caught.value).replace(f"{tmp_path}/", "").replace(str(tmp_path), ".")
    golden = CORPUS / "bad" / f"{name}.expected"
    if request.config.getoption("--update-golden"):
        golden.write_text(messages + "\n", "utf-8")
    assert messages + "\n" == golden.read_text("utf-8")
    assert not [hidden for hidden in HIDDEN if hidden in messages.replace("$2y$, as", "")]
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("name", files("bad"))
def test_each_problem_is_one_line_that_says_what_would_be_right(name: str) -> None:
    """A message has a place, the problem, and a remedy in brackets."""
    for line in (CORPUS / "bad" / f"{name}.expected").read_text("utf-8").splitlines():
        assert re.fullmatch(r"[^:]+: .*\S \(.+\)", line), line


@pytest.mark.parametrize("name", files("good"))
def test_good_file_gives_exactly_this_description_description_description(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """A file that works with the toolkit is used, with warnings for keys without effect."""
    config = load_web_config(placed(tmp_path, "good", name))
    golden = CORPUS / "good" / f"{name}.expected"
    if request.config.getoption("--update-golden"):
        golden.write_text(describe(config), "utf-8")
    assert describe(config) == golden.read_text("utf-8")
    assert not [hidden for hidden in HIDDEN if hidden in repr(config)]


def test_every_file_has_its_expected_text() -> None:
    """Each file has its expected text, and each text its file."""
    for kind in ("good", "bad"):
        assert {path.stem for path in (CORPUS / kind).glob("*.expected")} == set(files(kind))


PAGE = Path(__file__).parents[3] / "docs" / "web-configuration.md"


def test_the_documented_example_can_be_used(tmp_path: Path) -> None:
    """The complete example of the documentation can be used unchanged, without a warning."""
    match = re.search(r"```yaml\n(tls_server_config.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert match
    folder = Folder.filled(tmp_path)
    names = {"server.crt": "cert.pem", "server.key": "key.pem", "client-ca.crt": "ca.pem"}
    for name, file in names.items():
        (tmp_path / file).rename(tmp_path / name)
    config = load_web_config(folder.write(match[1]))
    assert set(config.users) == {b"prometheus"}
    assert config.warnings == ()


def test_every_key_is_documented() -> None:
    """No key of the file is missing in the documentation."""
    page = PAGE.read_text("utf-8")
    sections = (WebDocument, TlsSection, HttpSection, HeadersSection, RateLimitSection)
    keys = [f.alias or name for s in sections for name, f in s.model_fields.items()]
    assert [key for key in keys if f"`{key}`" not in page] == []


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
def test_any_content_of_the_file_is_used_or_refused(tmp_path: Path, content: bytes) -> None:
    """The loader raises nothing but ConfigError, and its lines have a remedy."""
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
