"""`.html.hbs`: Handlebars over the same tree."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace as Value

import pytest

from spica.templates import Templates, uses_context
from spica.templates.errors import (
    CircularExtendsError,
    IncludeNotFound,
    TemplateError,
    TemplateNameError,
    TemplateSyntaxError,
    UnclosedBlockError,
    UnexpectedEndError,
    UnknownFilterError,
    UnsafeContextError,
)

ADA, BOB = Value(name="<Ada>", tags=["x", "y"], boss=None), Value(name="Bob", tags=[], boss=Value(name="Ada"))


def load(root: Path, files: dict[str, str], **options: object) -> Templates:
    for name, text in files.items():
        path = root / "views" / (name if "." in name else f"{name}.html.hbs")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Templates(root / "views", **options)  # type: ignore[arg-type]


@uses_context
def who(ctx: object) -> str:
    return f"<{ctx}>"


def shout(text: object, times: int = 1, **more: object) -> str:
    return f"{text}{'!' * times}{''.join(f'{key}={value}' for key, value in more.items())}"


HELPERS = {"shout": shout, "who": who, "helper": lambda: "called"}
VALUES = {
    "title": "A & B", "html": "<b>x</b>", "people": [ADA, BOB], "none": [], "n": 3, "zero": 0, "flag": True,
    "user": {"first-name": "Ann", "name": "An<n", "address": {"street": "S"}, "items": [1, 2]}, "nothing": None,
    "scores": {"ann": 1, "bob": 2},
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "html"),
    [
        # values and escaping
        ("{{title}}|{{ title }}|{{&html}}|{{{html}}}|{{{ html }}}|{{html}}",
         "A &amp; B|A &amp; B|<b>x</b>|<b>x</b>|<b>x</b>|&lt;b&gt;x&lt;/b&gt;"),
        ("{{user.name}}|{{user/name}}|{{user.[first-name]}}|{{user.address.street}}|{{user.items.1}}|{{people.0.name}}",
         "An&lt;n|An&lt;n|Ann|S|2|&lt;Ada&gt;"),
        ('<a title="{{title}}" href="{{user.name}}" style="width: {{n}}px">',
         '<a title="A &amp; B" href="An&lt;n" style="width: 3px">'),
        ("{{nothing}}{{true}}{{n}}{{\"a'b\"}}{{'c'}}{{-1.5}}", "True3a&#39;bc-1.5"),
        # comments, escapes, raw blocks
        ("a{{! no }}b{{!-- {{x}} --}}c", "abc"),
        (r"\{{title}} \\{{n}} \\\{{n}}", r"{{title}} \3 \{{n}}"),
        ("{{{{raw}}}} {{x}} {{/if}} {{{{/raw}}}}", " {{x}} {{/if}} "),
        # if, unless, else
        ("{{#if flag}}y{{else}}n{{/if}}{{#if zero}}y{{else}}n{{/if}}", "yn"),
        ("{{#if zero}}a{{else if none}}b{{else if n}}c{{else}}d{{/if}}", "c"),
        ("{{#unless none}}empty{{else}}full{{/unless}}{{^flag}}no{{/flag}}{{^none}}none{{/none}}", "emptynone"),
        ("{{#if flag}}y{{^}}n{{/if}}", "y"),
        ("{{#if (and flag (eq n 3) (not zero) (gt n 2) (lte n 3) (ne n 4))}}y{{/if}}{{#if (or zero none)}}n{{/if}}",
         "y"),
        # each
        ("{{#each people}}{{@index}}{{name}}{{#if @last}}.{{else}},{{/if}}{{/each}}", "0&lt;Ada&gt;,1Bob."),
        ("{{#each people as |p i|}}{{i}}{{p.name}}{{../n}}{{/each}}", "0&lt;Ada&gt;31Bob3"),
        ("{{#each people as |p|}}{{title}}{{../n}}{{this.name}}{{@first}}{{/each}}",
         "A &amp; B3&lt;Ada&gt;TrueA &amp; B3BobFalse"),
        ("{{#each none}}x{{else}}none of {{title}}{{/each}}{{#each nothing}}x{{/each}}", "none of A &amp; B"),
        ("{{#each scores}}{{@key}}={{this}};{{/each}}{{#each scores as |v k|}}{{k}}{{v}}{{/each}}",
         "ann=1;bob=2;ann1bob2"),
        ("{{#each scores}}{{.}}{{/each}}{{#each people}}{{@key}}{{/each}}", "1201"),
        ("{{#each people}}{{#each tags}}{{this}}{{@index}}{{@../index}}{{../name}}{{../../n}}{{/each}}{{/each}}",
         "x00&lt;Ada&gt;3y10&lt;Ada&gt;3"),
        ("{{#each people as |p|}}{{#each p.tags as |t|}}{{p.name}}{{t}}{{n}}{{/each}}{{/each}}",
         "&lt;Ada&gt;x3&lt;Ada&gt;y3"),
        ("{{#each people}}{{#if boss}}{{boss.name}}{{@root.n}}{{else}}-{{/if}}{{/each}}", "-Ada3"),
        # with
        ("{{#with user}}{{name}}{{../n}}{{#with address}}{{street}}{{../name}}{{/with}}{{/with}}", "An&lt;n3SAn&lt;n"),
        ("{{#with nothing}}x{{else}}{{title}}{{/with}}{{#with user.address as |a|}}{{a.street}}{{n}}{{/with}}",
         "A &amp; BS3"),
        ('<b title="{{#with user}}{{name}}{{/with}}">', '<b title="An&lt;n">'),
        # helpers, filters, subexpressions, lookup
        ("{{shout title}}|{{shout title 2}}|{{shout title times=2 data-x=n}}|{{shout (shout 'a') 1}}",
         "A &amp; B!|A &amp; B!!|A &amp; B!!data_x=3|a!!"),
        ("{{helper}}{{who}}{{this.title}}{{#each people}}{{helper}}{{/each}}",
         "called&lt;None&gt;A &amp; Bcalledcalled"),
        ("{{upper title}}{{truncate (lower title) 4}}{{length people}}{{default nothing 'd'}}", "A &amp; Ba &amp;…2d"),
        ("{{lookup scores 'bob'}}{{lookup user.items 1}}{{lookup scores 'x'}}", "22"),
        ("{{#each people}}{{lookup this 'name'}}{{/each}}", "&lt;Ada&gt;Bob"),
        ("{{concat title '<' n nothing}}", "A &amp; B&lt;3"),
        # white space
        ("a {{~#if flag~}} b {{~else~}} c {{~/if~}} d {{~n~}} e", "abd3e"),
        ("a {{~! x ~}} b {{~!-- x --~}} c {{~{html}~}} d", "abc<b>x</b>d"),
        ("<ul>\n  {{#each people}}\n  <li>{{name}}</li>\n  {{/each}}\n  {{! gone }}\n</ul>\n",
         "<ul>\n  <li>&lt;Ada&gt;</li>\n  <li>Bob</li>\n</ul>\n"),
    ],
)  # fmt: skip
def test_what_is_written(tmp_path: Path, text: str, html: str) -> None:
    templates = load(tmp_path, {"page": text}, globals=HELPERS)
    assert templates.render("page", **VALUES) == html
    assert templates.check() == []


def test_a_parameter_is_a_name_and_a_helper_comes_before_a_part(tmp_path: Path) -> None:
    files = {"page": "{{params helper: str}}{{helper}}", "parts": "{{#with x}}{{helper}}{{this.helper}}{{/with}}"}
    templates = load(tmp_path, files, globals=HELPERS)
    assert templates.render("page", helper="given") == "given"
    assert templates.render("parts", x={"helper": "part"}) == "calledpart"


# partials


def test_a_partial_gets_its_arguments_the_context_and_the_block_parameters(tmp_path: Path) -> None:
    files = {
        "users/_row": "<li>{{user.name}}{{n}}{{k}}</li>\n",
        "_person": "{{name}}{{extra}}",
        "page": "{{#each people as |user|}}{{> users/row k=1}}{{/each}}{{#each people}}{{> person extra='+'}}{{/each}}"
        "{{> person people.0 extra=2}}{{> 'person' name='given' extra=3}}",
    }
    html = load(tmp_path, files).render("page", **VALUES)
    assert html == "<li>&lt;Ada&gt;31</li><li>Bob31</li>&lt;Ada&gt;+Bob+&lt;Ada&gt;2given3"


def test_a_partial_with_params_takes_what_it_lists(tmp_path: Path) -> None:
    files = {
        "row": "{{params user: object, n: int = 5}}{{user.name}}{{n}}",
        "page": "{{#each people as |user i|}}{{> row}}{{/each}}",
    }
    assert load(tmp_path, files).render("page", **VALUES) == "&lt;Ada&gt;5Bob5"


def test_a_partial_by_a_value_and_one_that_contains_itself(tmp_path: Path) -> None:
    files = {
        "a": "A{{name}}",
        "_tree": "<li>{{name}}{{#each children}}{{> tree depth=1}}{{/each}}{{#if children}}{{depth}}{{/if}}",
        "page": "{{#each people}}{{> (lookup ../names @index)}}{{/each}}{{> tree tree depth=0}}",
    }
    tree = {"name": "1", "children": [{"name": "2", "children": [{"name": "<3>", "children": []}]}]}
    html = load(tmp_path, files).render("page", people=[ADA, BOB], names=["a", "a"], tree=tree)
    assert html == "A&lt;Ada&gt;ABob<li>1<li>2<li>&lt;3&gt;10"


def test_partial_blocks_and_what_stands_in_for_a_missing_partial(tmp_path: Path) -> None:
    files = {
        "box": "<div>{{> @partial-block}}</div>",
        "page": "{{#each people}}{{#> box}}{{name}}{{/box}}{{/each}}{{#> nowhere}}instead {{n}}{{/nowhere}}{{> box}}",
    }
    assert load(tmp_path, files).render("page", **VALUES) == "<div>&lt;Ada&gt;</div><div>Bob</div>instead 3<div></div>"


def test_inline_partials_and_layouts_of_them(tmp_path: Path) -> None:
    files = {
        "layout": "<title>{{> title}}</title><nav>{{#> nav}}default{{/nav}}</nav><main>{{> @partial-block}}</main>",
        "page": "{{#*inline 'row'}}[{{name}}{{x}}]{{/inline}}{{#each people}}{{> row x=1}}{{/each}}"
        "{{#> layout}}{{#*inline 'title'}}T {{n}}{{/inline}}body {{title}}{{/layout}}",
    }
    html = load(tmp_path, files).render("page", **VALUES)
    assert html == "[&lt;Ada&gt;1][Bob1]<title>T 3</title><nav>default</nav><main>body A &amp; B</main>"


def test_layouts_by_extends_yield_and_content_for(tmp_path: Path) -> None:
    files = {
        "layout": "<title>{{yield 'title'}}</title>{{#block 'nav'}}nav{{/block}}<main>{{{yield}}}</main>",
        "page": "{{extends 'layout'}}\n{{params people: list, title: str = 'T'}}\n{{#block 'content'}}{{title}}"
        "{{#content_for 'title'}}<{{title}}{{/content_for}}{{/block}}{{#block 'nav'}}my {{super}}{{/block}}",
    }
    html = load(tmp_path, files).render("page", people=[])
    assert html == "<title><T</title>my nav<main>T</main>"


def test_components_fragments_macros_caches_and_set(tmp_path: Path) -> None:
    files = {
        "../components/card.html.hbs": "{{params title: str}}<h2>{{#slot 'head'}}{{title}}{{/slot}}</h2>"
        "{{#slot}}{{/slot}}",
        "forms": "{{#macro 'field' name value='' type='text'}}<input name=\"{{name}}\" value=\"{{value}}\">{{/macro}}",
        "page": "{{import 'forms' as |f|}}"
        "{{#component 'card' title=title}}{{#fill 'head'}}<{{/fill}}{{n}}{{/component}}"
        "{{set twice=(concat n n) b='x'}}{{twice}}{{b}}{{#fragment 'rows'}}{{n}}{{/fragment}}{{f.field 'a' n}}"
        "{{#cache n 'x' expires=9}}{{n}}{{/cache}}",
    }
    templates = load(tmp_path, files)
    assert templates.render("page", **VALUES) == '<h2><</h2>333x3<input name="a" value="3">3'
    assert templates.render_fragment("page", "rows", {"n": 4}) == "4"
    assert templates.check() == []


def test_path_helpers_are_checked_and_called(tmp_path: Path) -> None:
    paths = Value(posts=lambda: "/posts", post=lambda post: f"/posts/{post}")
    checks = {"paths": lambda name, call: None if name in ("posts", "post") else TemplateError(f"no {name}", fix="x")}
    files = {
        "page": '<a href="{{paths.posts}}">{{paths.post n}}{{shout (paths.post 1)}}</a>',
        "wrong": "{{paths.psot 1}}",
    }
    templates = load(tmp_path, files, globals={**HELPERS, "paths": paths}, checks=checks)
    assert templates.render("page", n=3) == '<a href="/posts">/posts/3/posts/1!</a>'
    with pytest.raises(TemplateError, match="no psot"):
        templates.get("wrong")


# mistakes


@pytest.mark.parametrize(
    ("text", "error", "what"),
    [
        ("{{#if x}}", UnclosedBlockError, "if is never closed"),
        ("{{#each x as |y|}}{{y}}", UnclosedBlockError, "add {{/each}}"),
        ("{{#unless x}}", UnclosedBlockError, "add {{/unless}}"),
        ("{{#with x}}", UnclosedBlockError, "with is never closed"),
        ("{{#> box}}", UnclosedBlockError, "add {{/box}}"),
        ("{{^x}}", UnclosedBlockError, "add {{/x}}"),
        ("{{x", UnclosedBlockError, "{{ is never closed"),
        ("{{{x}}", UnclosedBlockError, "{{{ is never closed"),
        ("{{!-- x }}", UnclosedBlockError, "{{!-- is never closed"),
        ("{{{{raw}}}} x", UnclosedBlockError, "{{{{ is never closed"),
        ("{{/if}}", UnexpectedEndError, "closes nothing"),
        ("{{#if x}}{{/each}}", UnexpectedEndError, "stands where if is open"),
        ("{{else}}", UnexpectedEndError, "belongs to no if or for"),
        ("{{#each x}}{{else if y}}{{/each}}", UnexpectedEndError, "belongs to no if"),
        ("{{#eahc x}}{{/eahc}}", TemplateSyntaxError, "no block 'eahc'"),
        ("{{#x}}{{/x}}", TemplateSyntaxError, "no block 'x'"),
        ("{{x | upper}}", TemplateSyntaxError, "is no value"),
        ("{{#each x y}}{{/each}}", TemplateSyntaxError, "each takes one value"),
        ("{{#each x as |a}}{{/each}}", TemplateSyntaxError, "block parameters"),
        ("{{f (a b}}", TemplateSyntaxError, "never closed"),
        ("{{f a=1 a=2}}", TemplateSyntaxError, "given twice"),
        ("{{f a=1 b}}", TemplateSyntaxError, "without a name"),
        ("{{#if (eq a)}}{{/if}}", TemplateSyntaxError, "eq takes two values"),
        ("{{#if}}{{/if}}", TemplateSyntaxError, "an expression is missing"),
        ("{{}}", TemplateSyntaxError, "an expression is missing"),
        ("{{> }}", TemplateSyntaxError, "a name is missing"),
        ("{{> a b c}}", TemplateSyntaxError, "one context"),
        ("{{#*include 'x'}}{{/inline}}", TemplateSyntaxError, "not inline"),
        ("{{../x}}", TemplateNameError, "leads out of the template"),
        ("{{@index}}", TemplateNameError, "outside of a loop"),
        ("{{#each x}}{{@idnex}}{{/each}}", TemplateNameError, "no @idnex"),
        ("{{#*inline 'a'}}{{> a}}{{/inline}}{{> a}}", CircularExtendsError, "contains itself"),
        ("{{> nowhere}}", IncludeNotFound, "'nowhere'"),
        ("{{uper x}}", UnknownFilterError, "no helper 'uper'"),
        ("<script>{{x}}</script>", UnsafeContextError, "inside <script>"),
        ("<a onclick='{{x}}'>", UnsafeContextError, "onclick"),
        ("<a title={{x}}>", UnsafeContextError, "no quotes"),
    ],
)  # fmt: skip
def test_mistakes_have_a_place_and_a_fix(tmp_path: Path, text: str, error: type, what: str) -> None:
    with pytest.raises(error, match=what) as caught:
        load(tmp_path, {"page": "<p>\n" + text}).get("page")
    assert caught.value.line == 2
    assert caught.value.column >= 1
    assert caught.value.fix
    assert "{%" not in str(caught.value)


def test_a_missing_name_has_its_place(tmp_path: Path) -> None:
    with pytest.raises(TemplateNameError) as caught:
        load(tmp_path, {"page": "<p>\n  {{#if flag}}{{titel}}{{/if}}"}).render("page", title="x", flag=True)
    assert (caught.value.line, caught.value.column) == (2, 17)
    assert caught.value.fix == "did you mean 'title'?"


def test_params_refuse_other_names(tmp_path: Path) -> None:
    with pytest.raises(TemplateNameError, match="'titel'") as caught:
        load(tmp_path, {"page": "{{params title: str}}\n{{titel}}"}).get("page")
    assert caught.value.line == 2


def test_no_private_attribute_by_lookup(tmp_path: Path) -> None:
    templates = load(tmp_path, {"page": "{{lookup x '__class__'}}|{{lookup x key}}"})
    assert templates.render("page", x=ADA, key="_secret") == "|"
