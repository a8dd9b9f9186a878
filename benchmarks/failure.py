"""BenchmarkError: what stops the suite, told as a sentence."""


class BenchmarkError(Exception):
    """The suite cannot go on; the text says what is wrong and what to do about it."""
