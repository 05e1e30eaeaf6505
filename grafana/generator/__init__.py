"""Generator of the dashboards in `grafana/*.json`: `python -m grafana.generator` writes them.

Where things are:

- `texts`, `english`, `chinese`: every word a reader sees, one table per language; no structure.
- `palette`: the colours, one per status everywhere.
- `promql`: the parts that queries are made of; replicas and joins are dealt with there.
- `panels`, `tables`: one function per kind of panel.
- `tasklists`: the tables whose rows are upload tasks.
- `overview`, `task`, `weeks`: the three dashboards, row by row.
- `situation`, `attention`, `where`, `exporterpanels`: rows and tables of the overview.
- `finish`: lays panels out and corrects what the SDK leaves wrong.
- `sdk`: the only door to grafana-foundation-sdk, which needs Python 3.11.
"""
