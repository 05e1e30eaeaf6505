"""The API as a server with upload tasks that change; shares no code with `exporter.zego`.

task, task_store, ordered_list   upload tasks, and how they are listed
lifecycle, workload, titles      how they change
app, api, paging, tokens         from one request to one answer, without I/O
http_server, reply, control      the same over HTTP
callbacks                        what the API pushes
demo, expected_state             apps to look at, and what an exporter should show of them

Fault injection is in `tests/faults` and extends `app.Alteration`.
"""
