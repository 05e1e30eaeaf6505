"""Variables, annotations and links of the dashboards."""

from __future__ import annotations

from grafana.generator import palette
from grafana.generator.panels import DATASOURCE
from grafana.generator.promql import PLACE, TRANSITIONS, equals, merged, series
from grafana.generator.sdk import Builder, common_models, dashboard, models
from grafana.generator.tasklists import INFO, UIDS
from grafana.generator.texts import Texts


def variables(key: str, texts: Texts) -> list[Builder[models.VariableModel]]:
    """Return the variables: data source, job, instance, app, and the task on its dashboard."""
    common: list[Builder[models.VariableModel]] = [
        dashboard.DatasourceVariable("datasource")
        .label(texts.words["datasource"])
        .type("prometheus"),
        _several(texts, "cluster", "zego_upload_up", "cluster", everything=".*"),
        _several(
            texts, "namespace", 'zego_upload_up{cluster=~"$cluster"}', "namespace", everything=".*"
        ),
        _several(texts, "job", f"zego_upload_up{{{PLACE}}}", "job"),
        _several(texts, "instance", f'zego_upload_up{{{PLACE}, job=~"$job"}}', "instance"),
        _several(texts, "app", f'zego_upload_up{{{PLACE}, job=~"$job"}}', "zego_app"),
    ]
    if key != "task":
        return common
    tasks = f"label_values({series(INFO)}, upload_task_id)"
    return [*common, _query("task", texts.words["task_id"], tasks)]


def _query(name: str, label: str, query: str) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(DATASOURCE)
        .query(query)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
    )


def _several(
    texts: Texts, word: str, source: str, label: str, *, everything: str = ".+"
) -> dashboard.QueryVariable:
    """Return a variable of several values; `.*` as `everything` also takes series without it."""
    query = f"label_values({source}, {label})"
    variable = _query(label, texts.words[word], query)
    return variable.multi(True).include_all(True).all_value(everything)


def marks(key: str, texts: Texts) -> list[Builder[models.AnnotationQuery]]:
    """Return the marks for uploads that ended; on a task's dashboard for its own changes."""
    if key == "task":
        return [_builtin(), _moved(texts)]
    if key == "weeks":
        return [_builtin()]
    return [
        _builtin(),
        _ended(texts, "failed", enabled=True),
        _ended(texts, "succeeded", enabled=False),
    ]


def _builtin() -> dashboard.AnnotationQuery:
    """Return Grafana's own annotations, which it would add itself when the dashboard is saved."""
    return (
        dashboard.AnnotationQuery()
        .name("Annotations & Alerts")
        .datasource(common_models.DataSourceRef(type_val="grafana", uid="-- Grafana --"))
        .built_in(1)
        .enable(True)
        .hide(True)
        .icon_color("rgba(0, 211, 255, 1)")
        .type("dashboard")
    )


def _annotation(
    texts: Texts, word: str, expr: str, colour: str, text: str
) -> dashboard.AnnotationQuery:
    return (
        dashboard.AnnotationQuery()
        .name(texts.words[word])
        .datasource(DATASOURCE)
        .expr(expr)
        .step("60s")
        .icon_color(colour)
        .title_format(texts.words[word])
        .text_format(text)
    )


def _ended(texts: Texts, status: str, *, enabled: bool) -> dashboard.AnnotationQuery:
    """Mark the minutes in which uploads came to a status.

    The difference to a minute ago with a step of a minute sees each upload once, whatever the
    scrape interval; `increase` over a window would need one that the interval is known for.
    """
    arrived = series(TRANSITIONS, equals("to", status))
    expr = f"{_counted(arrived)} - {_counted(f'{arrived} offset 1m')} > 0"
    shade = palette.STATUS_COLOURS[status]
    mark = _annotation(texts, f"upload_{status}", expr, shade, "{{zego_app}}")
    return mark.tag_keys("zego_app").enable(enabled)


def _counted(counter: str) -> str:
    return merged(f"sum without (from) ({counter})")


def _moved(texts: Texts) -> dashboard.AnnotationQuery:
    this = series(INFO, equals("upload_task_id", "$task"))
    expr = f"max by (status) ({this}) unless max by (status) ({this} offset 1m)"
    return _annotation(texts, "status_entered", expr, palette.CALM, "{{status}}").enable(True)


def links(key: str, texts: Texts) -> list[Builder[models.DashboardLink]]:
    """Return the links to the other dashboards, with the variables; days keep their own range."""
    return [
        dashboard.DashboardLink(texts.words[word])
        .type(models.DashboardLinkType.LINK)
        .icon("dashboard")
        .url(f"/d/{uid}{texts.uid_suffix}")
        .tooltip(texts.panels[word].description)
        .include_vars(True)
        .keep_time("weeks" not in (key, word))
        for word, uid in UIDS.items()
        if word != key
    ]
