"""What the test client sends: forms, files and cookies."""

from __future__ import annotations

from pathlib import Path

import pytest

from spica.testing.cookies import CookieJar
from spica.testing.forms import flatten, render_form
from spica.testing.multipart import File, render_multipart


def test_nested_values_become_bracketed_names() -> None:
    values = {"post": {"title": "Hi", "tags": ["a", "b"], "published": True, "note": None}, "n": 3}
    assert list(flatten(values)) == [
        ("post[title]", "Hi"),
        ("post[tags][]", "a"),
        ("post[tags][]", "b"),
        ("post[published]", "1"),
        ("post[note]", ""),
        ("n", "3"),
    ]
    assert render_form({"a b": "c&d"}) == b"a+b=c%26d"


def test_multipart_carries_text_and_files(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_bytes(b"from disk")
    content, content_type = render_multipart(
        {"title": "Hi", "image": File("a.png", b"\x89PNG"), "real": File(str(tmp_path / "real.txt"))}
    )
    boundary = content_type.removeprefix("multipart/form-data; boundary=").encode()
    assert content.count(b"--" + boundary) == 4
    assert b'name="title"\r\n\r\nHi\r\n' in content
    assert b'name="image"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n' in content
    assert b'filename="real.txt"\r\nContent-Type: text/plain\r\n\r\nfrom disk\r\n' in content


def test_names_can_not_end_their_field_early() -> None:
    content, _ = render_multipart({'a"\r\nx: y': "b"})
    assert b'name="a%22%0D%0Ax: y"' in content


def test_a_file_that_is_not_there_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        File("/nowhere/at/all.png").read()


def test_cookies_are_kept_replaced_and_forgotten() -> None:
    jar = CookieJar()
    jar.update_from(["a=1; Path=/; HttpOnly", "b=2; Max-Age=60"])
    assert jar.render() == "a=1; b=2"
    jar.update_from(["a=3", "b=; Max-Age=0", "c=; expires=Thu, 01 Jan 1970 00:00:00 GMT"])
    assert dict(jar) == {"a": "3"}
