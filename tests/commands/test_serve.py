"""The running exporter as one object: start, addresses, stop."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from exporter.commands.demo import running_demo
from exporter.commands.serve import Service
from exporter.web.listen import ListenError

ANY_PORT: dict[str, Any] = {"web": {"listen_address": ["127.0.0.1:0"]}}


def test_it_serves_metrics_until_it_is_stopped() -> None:
    """The page is there as soon as `start` returns, and the port is free after `stop`."""
    with running_demo(ANY_PORT) as demo:
        service = Service(demo(), demo)
        service.start()
        (url,) = service.urls
        try:
            page = requests.get(f"{url}/metrics", timeout=60)
        finally:
            service.stop()

    assert "zego_upload_exporter_build_info{" in page.text
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=60)


def test_an_address_in_use_stops_what_was_started() -> None:
    """The second exporter collects nothing, and the first one keeps serving."""
    with running_demo(ANY_PORT) as demo:
        first = Service(demo(), demo)
        first.start()
        (url,) = first.urls
        address = url.removeprefix("http://")
        try:
            web = demo().web.model_copy(update={"listen_address": (address,)})
            second = Service(demo().model_copy(update={"web": web}), demo)
            with pytest.raises(ListenError):
                second.start()
            assert requests.get(f"{url}/-/healthy", timeout=60).status_code == 200
        finally:
            first.stop()
