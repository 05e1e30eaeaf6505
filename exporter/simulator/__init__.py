"""The API as a server with upload tasks that change; shares no code with `exporter.zego`.

task, task_store, ordered_list   upload tasks, and how they are listed
lifecycle, workload              how they change
app, bookkeeping                 from one request to one reply, without I/O
reply, http_server               the same over HTTP
callbacks                        what the API pushes
demo, state                      the apps of the demo, and what an exporter should show of them

Fault injection is in `tests/faults` and extends `app.SimulatedApp`.
"""
