"""The HTTP side: routes, the server, the status page."""
