"""The status page, its JSON API, and the task list behind both."""
