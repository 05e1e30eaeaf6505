"""The web server as a web configuration describes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporter.errors import ConfigError
from exporter.web.security.server import build_server, open_web_config
from tests.web.sample_site import SampleSite


def test_a_file_that_cannot_be_used_to_begin_with_is_an_error(tmp_path: Path) -> None:
    """Every line of the error begins with the file, once."""
    path = tmp_path / "web.yml"
    with pytest.raises(ConfigError) as missing:
        open_web_config(path)
    path.write_text("a: 1\nb: 2\n")
    with pytest.raises(ConfigError) as wrong:
        open_web_config(path)
    problems = [*missing.value.problems, *wrong.value.problems]
    assert [problem.count(f"{path}: ") for problem in problems] == [1, 1, 1]


def test_without_a_file_nothing_is_guarded(site: SampleSite) -> None:
    """No file is no configuration."""
    assert open_web_config(None) is None
    assert build_server(site, ["127.0.0.1:0"], None).scheme == "http"
