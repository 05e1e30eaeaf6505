"""The metrics page of an exporter, read by the client library's own parser."""

from __future__ import annotations

import re
from dataclasses import dataclass

import requests
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from tests.waiting import wait_until


@dataclass(frozen=True, slots=True)
class Page:
    """The text of one scrape."""

    text: str

    def samples(self, name: str) -> list[Sample]:
        """Return the samples of a metric. The parser is slow: it is given no other lines."""
        lines = re.findall(rf"^{name}[{{ ].*\n", self.text, re.MULTILINE)
        families = text_string_to_metric_families("".join(lines))
        return [sample for family in families for sample in family.samples]

    def table(self, name: str, *labels: str, app: str | None = None) -> dict[str, float]:
        """Return the values of a metric by the values of `labels`, joined by a blank."""
        return {
            " ".join(sample.labels[label] for label in labels): sample.value
            for sample in self.samples(name)
            if app in (None, sample.labels.get("zego_app"))
        }

    def value(self, name: str, app: str | None = None) -> float | None:
        """Return the value of a metric without further labels, None where it is absent."""
        return self.table(name, app=app).get("")

    def up(self, app: str | None = None) -> bool | None:
        """Return whether the app's last collection succeeded, None before the first has ended."""
        value = self.value("zego_upload_up", app)
        return None if value is None else bool(value)

    def counts(self, app: str | None = None) -> dict[str, float]:
        """Return how many tasks are listed, by status."""
        return self.table("zego_upload_tasks", "status", app=app)

    def transitions(self) -> dict[str, float]:
        """Return the transitions that are not 0, by `from to`."""
        table = self.table("zego_upload_task_transitions_total", "from", "to")
        return {pair: count for pair, count in table.items() if count}

    def statuses(self) -> dict[str, str]:
        """Return the status of each task that has series of its own, by its id."""
        return dict(
            key.split(" ")
            for key in self.table("zego_upload_task_info", "upload_task_id", "status")
        )


def read_page(url: str) -> Page:
    """Return the page of the exporter at `url` in its current state."""
    answer = requests.get(f"{url}/metrics", timeout=60)
    assert answer.status_code == 200, answer.text
    return Page(answer.text)


def wait_for_up(url: str, up: bool = True, *, app: str | None = None) -> Page:
    """Return the first page with `zego_upload_up` of the app at this value."""

    def page() -> Page | None:
        now = read_page(url)
        return now if now.up(app) is up else None

    return wait_until(page, f"zego_upload_up {int(up)}")
