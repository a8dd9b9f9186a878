"""Templates of other formats than HTML: text, XML and JSON, each escaped as it needs it."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from spica.templates import Safe, Templates
from spica.templates.errors import MarkupMismatchError, UnsafeContextError

HOSTILE = [
    "</script>", '"', "'", "\\", "&", "<b>", "\n", "\x00", "\x0b", "\u2028", "]]>", "-->", "{{ x }}", "😀", "\ufffe",
]  # fmt: skip


def load(root: Path, files: dict[str, str], **options: object) -> Templates:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Templates(root, **options)  # type: ignore[arg-type]


def test_text_is_written_as_it_is(tmp_path: Path) -> None:
    files = {
        "mail/welcome.txt": "Hi {{ name }}, {{ n }}{{ nothing }} {{ tags | join }}\n"
        "{{ body | lines }}{{ html }} <x title={{ name }}>\n",
        "mail/welcome.html": "<p>{{ name }}</p>",
    }
    templates = load(tmp_path, files)
    values = {"name": "A & <B>", "n": 3, "nothing": None, "tags": ["a&b", "c"], "body": "1\n2<", "html": Safe("<i>")}
    text = templates.render("mail/welcome.txt", **values)
    assert text == "Hi A & <B>, 3 a&b, c\n1\n2<<i> <x title=A & <B>>\n"
    assert templates.render("mail/welcome", name="A & <B>") == "<p>A &amp; &lt;B&gt;</p>"
    assert templates.names() == ["mail/welcome", "mail/welcome.txt"]


@pytest.mark.parametrize("value", [*HOSTILE, "".join(HOSTILE)])
def test_a_value_in_json_is_that_value(tmp_path: Path, value: str) -> None:
    text = (
        '{"a": {{ v }}, "b": "x{{ v }}y", "{{ v }}": [{{ v }}, "\\"", "{{ v }}\\\\", {{ v | json }}], '
        '"d": {{ d }}, "n": {{ n }}}'
    )
    templates = load(tmp_path, {"data.json": text})
    written = templates.render("data.json", v=value, d={"k": [value]}, n=None)
    assert json.loads(written) == {
        "a": value, "b": f"x{value}y", value: [value, '"', f"{value}\\", value], "d": {"k": [value]}, "n": None,
    }  # fmt: skip
    assert "<" not in written  # harmless even where a browser takes it for HTML


@pytest.mark.parametrize("value", [*HOSTILE, "".join(HOSTILE)])
def test_a_value_in_xml_is_that_value(tmp_path: Path, value: str) -> None:
    text = (
        '<?xml version="1.0"?>\n<feed><title t="{{ v }}" u=\'{{ v }}\'>a{{ v }}b</title>'
        "{% for i in [1] %}<i>{{ i }}</i>{% end %}</feed>\n"
    )
    templates = load(tmp_path, {"feed.xml": text})
    root = ElementTree.fromstring(templates.render("feed.xml", v=value))
    expected = "".join("\ufffd" if c in "\x00\x0b\ufffe" else c for c in value)
    assert root[0].text == f"a{expected}b"
    assert root[0].get("t") == root[0].get("u") == expected.replace("\n", " ")
    assert [child.tag for child in root] == ["title", "i"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("feed.xml", "<a><!-- {{ x }} --></a>"),
        ("feed.xml", "<a {{ x }}/>"),
        ("feed.xml", "<{{ x }}/>"),
        ("feed.xml", "<a b={{ x }}/>"),
        ("feed.xml", "<?xml {{ x }}?>"),
        ("feed.xml", "<script>{{ x }}</script>"),
        ("feed.xml", '<svg onload="{{ x }}"/>'),
        ("data.json", '"\\{{ x }}"'),
    ],
)
def test_places_that_no_escaping_makes_safe_are_refused(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(UnsafeContextError):
        load(tmp_path, {name: text}).get(name)


def test_urls_in_xml_run_no_script(tmp_path: Path) -> None:
    templates = load(tmp_path, {"pic.xml": '<a xlink:href="{{ x }}" href="{{ x }}"/>'})
    xml = templates.render("pic.xml", x="JavaScript:1")
    assert xml == '<a xlink:href="unsafe:JavaScript:1" href="unsafe:JavaScript:1"/>'


def test_a_string_of_json_is_closed_where_it_is_opened(tmp_path: Path) -> None:
    with pytest.raises(MarkupMismatchError):
        load(tmp_path, {"a.json": '{% if x %}"{% end %}'}).get("a.json")
    with pytest.raises(MarkupMismatchError):
        load(tmp_path, {"b.json": '"abc'}).get("b.json")


def test_formats_have_the_other_syntaxes_and_layouts_too(tmp_path: Path) -> None:
    files = {
        "mail/layout.txt.erb": "== <%= yield %> ==\n",
        "mail/bye.txt.hbs": '{{extends "mail/layout.txt"}}{{#block "content"}}Bye {{name}}{{> sig.txt}}{{/block}}',
        "_sig.txt": "\n-- {{ name }}",
    }
    templates = load(tmp_path, files)
    assert templates.render("mail/bye.txt", name="<A>") == "== Bye <A>\n-- <A> ==\n"
    assert templates.check() == []


def test_an_included_text_is_escaped_for_the_page(tmp_path: Path) -> None:
    files = {"sig.txt": "{{ name }}", "page.html": '<b title="{% include "sig.txt" %}">{% include file %}</b>'}
    templates = load(tmp_path, files)
    with pytest.raises(UnsafeContextError, match="included by a value into html"):
        templates.render("page", name="<A>", file="sig.txt")
    (tmp_path / "page.html").write_text('<b title="{% include "sig.txt" %}">{% include "sig.txt" %}</b>')
    assert load(tmp_path, {}).render("page", name="<A>") == '<b title="&lt;A&gt;">&lt;A&gt;</b>'


def test_a_file_that_is_missing_is_named_with_its_suffix(tmp_path: Path) -> None:
    templates = load(tmp_path, {"feed.xml": "x"})
    with pytest.raises(LookupError, match=r"feeds\.xml is in none of") as caught:
        templates.render("feeds.xml")
    assert "feed.xml" in str(caught.value)
    assert not templates.has("feed")
