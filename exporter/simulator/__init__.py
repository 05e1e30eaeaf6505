"""The API as a server with a life of its own; shares no code with `exporter.zego`.

life.py      what happens to tasks (register.py, shelf.py: how they are listed)
api.py       one request to one answer, without I/O (paging.py, tokens.py, broken.py)
faults.py    what can be made to go wrong
server.py    the same over HTTP (listener.py, connection.py, reply.py, control.py)
demo.py      apps to look at
"""
