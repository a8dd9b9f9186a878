"""One module a mapper. Each has a class `Subject` with `open(url)`, the operations of `benchmarks.data.operations` and
`close()`. They are run by `benchmarks.data.child`, the peers in a virtual environment of their own.
"""
