"""One module a generator: each turns names and fields into a plan."""
