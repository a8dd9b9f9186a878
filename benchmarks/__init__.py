"""The benchmark suite: Spica beside the limit of the machine and beside its peers, in one interleaved run.

Keep this file empty: the measured application lives in the package, and what is imported here counts as its cold start.
"""
