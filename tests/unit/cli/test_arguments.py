"""The reader of `spica server`'s options."""

from __future__ import annotations

import pytest

from spica.cli.arguments import Option, parse
from spica.cli.errors import UsageError

OPTIONS = [Option("port", int, "port", "p"), Option("host", str, "host"), Option("quiet", bool, "quiet", "q")]
OPTIONS.append(Option("bind", list, "address", "b"))


@pytest.mark.parametrize(
    ("arguments", "positional", "values"),
    [
        ([], [], {}),
        (["app:app", "--port", "80"], ["app:app"], {"port": 80}),
        (["--port=80", "app:app", "-q"], ["app:app"], {"port": 80, "quiet": True}),
        (["-p", "80", "--host", "-"], [], {"port": 80, "host": "-"}),
        (["--", "--port"], ["--port"], {}),
        (["--port", "1", "--port", "2"], [], {"port": 2}),
        (["--bind", "a", "-b", "b", "--bind=c"], [], {"bind": ["a", "b", "c"]}),
    ],
)
def test_options_and_targets_come_in_any_order(arguments: list[str], positional: list[str], values: dict) -> None:
    assert parse("spica x", OPTIONS, arguments) == (positional, values)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--prt", "1"], "spica x has no option --prt; did you mean --port?"),
        (["-z"], "spica x has no option -z; there are --port, --host, --quiet, --bind"),
        (["--port"], "--port needs a value: --port NUMBER, -p"),
        (["--port", "http"], '--port must be a whole number, not "http"'),
        (["--quiet=no"], "--quiet takes no value"),
    ],
)
def test_a_mistake_is_one_sentence(arguments: list[str], sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse("spica x", OPTIONS, arguments)
    assert caught.value.what == sentence
