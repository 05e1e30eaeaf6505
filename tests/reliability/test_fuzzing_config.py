"""Any configuration gives settings, or a list of problems."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.config import Settings, load_settings
from exporter.errors import ConfigError
from tests.builders import SECRET
from tests.reliability.mutation import mutated

CONFIG = b"""\
apps:
  - name: production
    app_id: 1234567890
    server_secret: ${ZEGO_SERVER_SECRET}
    collection: {interval: 90s, max_retries: 2}
collection: &c
  stale_after: 5m
tasks: {limit: 10, expiry_windows: [1h, 6h]}
web: {listen_address: [":10317"], telemetry_path: /metrics}
"""
PASTED = (b"*c", b"<<: *c", b"!!python/object:x ", b"\xef\xbb\xbf", b"9" * 500, b"${", b"\n- ")
VARIABLES = ("ZEGO_APP_ID", "ZEGO_SERVER_SECRET", "ZEGO_SERVER_SECRET_FILE", "ZEGO_REGION")


def load(path: Path | None, environment: Mapping[str, str]) -> Settings | ConfigError:
    """Return the result of a configuration."""
    try:
        return load_settings(path, environment)
    except ConfigError as error:
        return error


def assert_useful(outcome: Settings | ConfigError) -> None:
    """Check that there are settings for an app, or problems in printable lines without secrets."""
    if isinstance(outcome, Settings):
        assert outcome.apps
    else:
        assert outcome.problems
        assert all(problem.isprintable() for problem in outcome.problems)
    assert SECRET not in f"{outcome}{outcome!r}"


@given(st.binary(max_size=100) | mutated(st.just(CONFIG), *PASTED, within=len(CONFIG)))
def test_no_file_breaks_the_loader(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    """Any bytes, and a good file with any part of it replaced."""
    path = tmp_path_factory.getbasetemp() / "fuzzed.yaml"
    path.write_bytes(content)
    assert_useful(load(path, {"ZEGO_SERVER_SECRET": SECRET}))


@given(
    st.dictionaries(
        st.sampled_from(VARIABLES), st.text() | st.sampled_from(["1", SECRET, "sha", "/dev/null"])
    )
)
def test_no_environment_breaks_the_loader(environment: dict[str, str]) -> None:
    """Any texts in the variables that stand for a file."""
    assert_useful(load(None, environment))
