"""One module a promise; each has `run(run)`, which attacks a server and says what it saw."""
