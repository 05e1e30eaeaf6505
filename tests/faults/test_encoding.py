from __future__ import annotations

import pytest

from exporter.simulator.task import SUCCEEDED
from tests.faults.encoding import Encoding
from tests.simulator.calls import NOW, call, frozen_app, tasks_of


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        (Encoding(numbers="string"), {"Status": "1", "RetryCount": "0", "ExpiresAt": "0"}),
        (Encoding(numbers="float"), {"Status": 1.0, "CreateTime": NOW}),
        (Encoding(milliseconds=True), {"CreateTime": NOW * 1000, "ExpiresAt": 0, "Status": 1}),
        (Encoding(no_expiry="null"), {"ExpiresAt": None}),
        (Encoding(no_expiry="zero"), {"ExpiresAt": 0}),
        (Encoding(unknown_fields=True), {"Labels": {"added": ["later"]}}),
    ],
)
def test_entries_can_be_spelled_otherwise(encoding: Encoding, expected: dict[str, object]) -> None:
    """Numbers, times and a missing expiry can be written in other ways."""
    app = frozen_app(encoding=encoding)
    app.life.add_task()
    (entry,) = tasks_of(call(app)["Data"])
    assert {name: entry[name] for name in expected} == expected
    assert all(
        type(entry[name]) is type(value) for name, value in expected.items() if name == "Status"
    )


def test_an_expiry_can_be_absent() -> None:
    """A task without expiry may have no ExpiresAt at all, one with expiry has it still."""
    app = frozen_app(encoding=Encoding(no_expiry="absent"))
    app.life.add_task()
    app.life.add_task(status=SUCCEEDED)
    without, with_one = tasks_of(call(app)["Data"])
    assert "ExpiresAt" not in without
    assert with_one["ExpiresAt"] == NOW + 3 * 86_400


@pytest.mark.parametrize(
    ("empty_list", "expected"),
    [("list", {"TotoalSize": 0, "NextPageToken": "", "UploadTasks": []}),
     ("null", {"TotoalSize": 0, "NextPageToken": "", "UploadTasks": None}),
     ("absent", {"TotoalSize": 0, "NextPageToken": ""})],
)  # fmt: skip
def test_the_page_can_be_spelled_otherwise(empty_list: str, expected: dict[str, object]) -> None:
    """The other two field names, and an empty list in three ways."""
    encoding = Encoding(empty_list=empty_list)  # type: ignore[arg-type]
    app = frozen_app(total_name="TotoalSize", tasks_name="UploadTasks", encoding=encoding)
    assert call(app)["Data"] == expected
