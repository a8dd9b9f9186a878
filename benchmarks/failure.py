"""BenchmarkError: what stops the suite, told as a sentence."""


class BenchmarkError(Exception):
    """The suite cannot go on; the text says what is wrong and what to do about it."""

    @property
    def last_line(self) -> str:
        """The end of it: where a server printed something, its last words."""
        return str(self).strip().splitlines()[-1].strip()
