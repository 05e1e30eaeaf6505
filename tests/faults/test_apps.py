from __future__ import annotations

import pytest

from exporter.simulator.task import WAITING
from tests.simulator.calls import answer, call, frozen_app, ids, signed_query, walk


def test_old_projects_must_say_is_test() -> None:
    """Where the app demands IsTest, leaving it out is an invalid parameter."""
    app = frozen_app(needs_is_test=True)
    assert answer(app, signed_query(app))["Code"] == 350006003
    assert answer(app, signed_query(app, IsTest="false"))["Code"] == 0


def test_a_service_can_be_not_enabled() -> None:
    """A correctly signed request is refused with the code for it, a wrong one for its signature."""
    app = frozen_app(enabled=False)
    assert call(app)["Code"] == 350006006
    assert answer(app, signed_query(app, Signature="0"))["Code"] == 100000005


@pytest.mark.parametrize(
    ("totals", "expected"), [("all", 7), ("page", 3), ("wrong", 17), ("absent", None)]
)
def test_what_the_total_counts(totals: str, expected: int | None) -> None:
    """All matching tasks, those of the page, nonsense, or no total."""
    data = call(frozen_app(7, totals=totals), PageSize=3)["Data"]
    assert data.get("TotalSize") == expected


def test_filters_and_look_ups_can_be_switched_off() -> None:
    """An ignored Status gives all tasks; a look-up that is not supported is refused."""
    app = frozen_app(14, filters_work=False, lookups_work=False)
    assert len(ids(walk(app, Status=WAITING, PageSize=5))) == 14
    assert call(app, UploadTaskId="upload_task_1")["Code"] == 350006003
