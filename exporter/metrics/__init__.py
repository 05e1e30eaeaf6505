"""The table of metrics, and its rendering. Only this package imports prometheus_client."""

from exporter.metrics.app_metrics import APP_METRICS
from exporter.metrics.metric import Metric
from exporter.metrics.task_metrics import TASK_METRICS

METRICS: tuple[Metric, ...] = (*TASK_METRICS, *APP_METRICS)
"""The whole table: one row is one metric, its meaning and where its values come from.

Names, labels and meanings are promised (docs/guarantees.md, section 12).
"""
