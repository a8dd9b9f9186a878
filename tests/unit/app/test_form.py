"""form_with and its controls: markup, old input, errors, and hostile values in every place."""

from __future__ import annotations

import datetime as dt
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from spica.app.form import Form
from spica.app.helpers import HELPERS, button_to, form_with
from spica.templates import Templates
from spica.templates.safe import Safe
from spica.validation.errors import Errors

HOSTILE = """</textarea></select></form><script>alert(1)</script>" onfocus="alert(1)' autofocus x='<!--"""


class Post:
    """As a model that was not saved."""

    persisted = False

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)
        self.errors = Errors()


class Seen(HTMLParser):
    """The elements of a text, as a browser finds them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def form(record: object, **options: Any) -> Form:
    return form_with(None, record, url="/posts", **options)


def test_a_control_has_label_old_input_and_the_name_of_the_model() -> None:
    assert form(Post(title='a "b" <c>')).text("title", maxlength=9, required=True) == (
        '<div class="field"><label for="post_title">Title</label><input type="text" value="a &#34;b&#34; &lt;c&gt;"'
        ' maxlength="9" required id="post_title" name="post[title]"></div>'
    )


def test_errors_are_the_description_of_their_control_and_linked_from_the_summary() -> None:
    post = Post(title="")
    post.errors.add("title", "can't be <blank>")
    post.errors.add("base", "Too many")
    shown = form(post)
    tags = Seen(str(shown.text("title"))).tags
    assert ("ul", {"class": "errors", "id": "post_title_errors"}) in tags
    control = next(found for tag, found in tags if tag == "input")
    assert (control["aria-invalid"], control["aria-describedby"]) == ("true", "post_title_errors")
    assert shown.summary() == (
        '<div class="summary" role="alert"><h2>This was not saved</h2><ul>'
        '<li><a href="#post_title">Title can&#39;t be &lt;blank&gt;</a></li><li>Too many</li></ul></div>'
    )
    assert "aria-invalid" not in form(Post(title="x")).text("title")
    assert form(Post(title="x")).summary() == ""


def test_method_and_encoding() -> None:
    saved = Post()
    saved.persisted = True
    assert form(saved).__html__() == (
        '<form action="/posts" method="post"><input type="hidden" name="_method" value="patch">'
    )
    assert form(None, method="get", class_="search").__html__() == '<form class="search" action="/posts" method="get">'
    assert 'enctype="multipart/form-data"' in form(Post(), multipart=True).__html__()
    with pytest.raises(ValueError, match="form can stand for"):
        form(None, method="trace")
    with pytest.raises(ValueError, match="needs url"):
        form_with(None, {"q": 1})


def test_passwords_and_files_are_never_shown_again() -> None:
    fields = form(Post(password="hunter2", file="hunter2"), multipart=True)
    assert "hunter2" not in fields.password("password") + fields.file("file")
    assert "hunter2" not in fields.password("password", value="hunter2")
    with pytest.raises(ValueError, match="multipart=True"):
        form(Post(file=None)).file("file")


def test_controls_of_other_kinds() -> None:
    day = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    fields = form(Post(at=day, day=day.date(), hour=day.time(), done=True, kind=2, body="\nx"))
    assert 'value="2026-01-02T03:04"' in fields.datetime("at")
    assert 'value="2026-01-02"' in fields.date("day")
    assert 'value="03:04"' in fields.time("hour")
    assert '<input type="hidden" name="post[done]" value="0"><input type="checkbox" value="1" checked' in (
        fields.checkbox("done")
    )
    assert '<option value="">-</option><option value="1">&lt;a&gt;</option><option value="2" selected>b</option>' in (
        fields.select("kind", {1: "<a>", 2: "b"}, blank="-")
    )
    assert ">\n\nx</textarea>" in fields.textarea("body")
    assert fields.hidden("kind") == '<input type="hidden" name="post[kind]" value="2">'


def test_choices_in_groups_and_of_several() -> None:
    fields = form(Post(country="de", tags=["b", "<"], kind=None))
    select = fields.select("country", {"Europe": {"de": "Germany", "fr": "France"}, "none": "None"})
    assert '<optgroup label="Europe"><option value="de" selected>Germany</option>' in select
    assert '</optgroup><option value="none">None</option></select>' in select
    several = fields.select("tags", ["a", "b", "<"], multiple=True)
    assert '<input type="hidden" name="post[tags][]" value=""><select' in several
    assert 'name="post[tags][]" multiple>' in several
    assert '<option value="b" selected>b</option><option value="&lt;" selected>&lt;</option>' in several
    with pytest.raises(TypeError, match="'country'"):
        fields.select("country", ["de"], multiple=True)


def test_radios_and_checkboxes_are_groups_with_a_legend() -> None:
    post = Post(kind=2, tags=["b"], nothing=None)
    post.errors.add("kind", "is not possible")
    fields = form(post)
    radios = fields.radios("kind", {1: "One", 2: "Two"}, hint="Choose")
    assert radios.startswith(
        '<fieldset class="field" id="post_kind" tabindex="-1" aria-invalid="true"'
        ' aria-describedby="post_kind_hint post_kind_errors"><legend>Kind</legend><p class="hint" id="post_kind_hint">'
    )
    assert (
        '<div class="choice"><input type="radio" value="2" checked id="post_kind_1" name="post[kind]">'
        '<label for="post_kind_1">Two</label></div>'
    ) in radios
    assert '<input type="radio" value="1" id="post_kind_0"' in radios
    assert "checked" not in fields.radios("nothing", {"": "None", "a": "A"}), "nothing was chosen yet"
    boxes = fields.checkboxes("tags", ["a", "b"])
    assert '<input type="hidden" name="post[tags][]" value="">' in boxes
    assert '<input type="checkbox" value="b" checked id="post_tags_1" name="post[tags][]">' in boxes
    assert 'href="#post_kind"' in fields.summary()


def test_hints_are_the_description_of_their_control() -> None:
    post = Post(title="")
    assert 'aria-describedby="post_title_hint"' in form(post).text("title", hint="Short <and> good")
    post.errors.add("title", "is bad")
    shown = form(post).textarea("title", hint="Short")
    assert 'aria-describedby="post_title_hint post_title_errors"' in shown
    assert '<p class="hint" id="post_title_hint">Short</p>' in shown


def test_json_and_several_files() -> None:
    assert "{&#34;a&#34;:[1,null]}</textarea>" in form(Post(data={"a": [1, None]})).textarea("data")
    assert 'name="post[photos][]"' in form(Post(), multipart=True).file("photos", multiple=True)
    with pytest.raises(ValueError, match="use radios"):
        form(Post(kind=1)).text("kind", type="radio")


def test_nested_objects_and_plain_values() -> None:
    nested = form(Post(author=Post(name="Ann"))).fields("author")
    assert 'id="post_author_name" name="post[author][name]"' in nested.text("name")
    assert 'value="x" id="q" name="q"' in form({"q": "x"}).text("q")


def test_controls_of_a_list() -> None:
    post = Post(comments=[Post(id=7, text="a"), Post(id=None, text="b")])
    first, second = form(post).each("comments")
    assert 'name="post[comments][0][id]" value="7"' in first.hidden("id")
    assert 'id="post_comments_1_text" name="post[comments][1][text]"' in second.text("text")
    assert 'value="b"' in second.text("text")
    assert [len(form(post).each("lines", given)) for given in ([], [post])] == [0, 1]
    with pytest.raises(TypeError, match="makes controls for a list"):
        form(Post(title="x", comments=7)).each("comments")


def test_hostile_values_stay_values() -> None:
    post = Post(title=HOSTILE, body=HOSTILE, kind=HOSTILE)
    for field in ("title", "body", "kind"):
        post.errors.add(field, HOSTILE)
    fields = form(post, data_x=HOSTILE)
    options = [(HOSTILE, HOSTILE)]
    parts = [fields.text("title", label=HOSTILE, placeholder=HOSTILE), fields.textarea("body"), fields.hidden("title")]
    parts += [fields.select("kind", options, blank=HOSTILE), fields.submit(HOSTILE), fields.__html__()]
    for part in parts:
        tags = Seen(str(part)).tags
        assert not any(tag == "script" or "onfocus" in found or "autofocus" in found for tag, found in tags)
    assert [tag for tag, _ in Seen(str(fields.textarea("body"))).tags] == ["div", "label", "textarea", "ul", "li"]


def test_button_to_is_a_form_of_its_own() -> None:
    assert button_to(None, "Delete", "/posts/1", method="delete", class_="danger") == (
        '<form class="button-to" action="/posts/1" method="post"><input type="hidden" name="_method" value="delete">'
        '<button type="submit" class="danger">Delete</button></form>'
    )
    with pytest.raises(ValueError, match="run a script"):
        button_to(None, "x", "javascript:alert(1)")


def test_a_question_is_asked_by_htmx_and_never_run() -> None:
    asked = button_to(None, "Delete", "/posts/1", method="delete", confirm='Delete "a"?')
    assert asked.startswith(
        '<form class="button-to" hx-boost="true" hx-confirm="Delete &#34;a&#34;?" action="/posts/1"'
    )
    for text in ("js:alert(1)", " javascript:alert(1)", "JS:alert(1)"):
        (form_tag, attributes), *_ = Seen(button_to(None, "x", "/", confirm=text)).tags
        assert form_tag == "form"
        assert not str(attributes["hx-confirm"]).lower().startswith(("js:", "javascript:"))


def test_in_a_template(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(
        '{% set f = form_with(post, url="/posts") %}{{ f }}{{ f.text("title") }}{{ f.submit() }}</form>'
    )
    html = Templates(tmp_path, globals=HELPERS).render("page", post=Post(title="<"))
    assert html.startswith('<form action="/posts" method="post"><div class="field">')
    assert html.endswith('<button type="submit">Save</button></form>')


@pytest.mark.parametrize(
    ("url", "has_token"),
    [("/posts", True), ("posts?x=//a", True), ("https://other/", False), ("//other", False), (" /\\other", False)],
)
def test_the_token_of_this_site_is_not_sent_to_another(
    url: str, has_token: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spica.app.helpers.csrf.csrf_field", lambda ctx: Safe("<token>"))
    ctx: Any = SimpleNamespace(session_source=object())
    form = form_with(ctx, url=url)
    assert ("<token>" in form.__html__()) is has_token
