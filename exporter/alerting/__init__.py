"""Alerts, recording rules and Alertmanager's configuration, rendered from one typed source.

The tables (`uploads`, `health`) hold what an alert is, `english` and `chinese` what
it says, `tuning` what a user may change, `rules` and `alertmanager` the files that come of it.
"""
