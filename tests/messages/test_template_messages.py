"""The stored text of every template error: what a user reads is behaviour."""

from __future__ import annotations

from pathlib import Path

import pytest

from spica.errors import SpicaError
from spica.templates import Templates, errors
from spica.templates.errors import TemplateError

FILES = {
    "layouts/application": "<main>{% block content %}{% end %}</main>",
    "circle": '{% extends "round" %}',
    "round": '{% extends "circle" %}',
    "card": "{% params title: str %}{{ title }}",
    "components/box": "{% params size: int %}{{ size }}",
}

# name of the class: the template, and the message without the address of its docs
MESSAGES = {
    "TemplateSyntaxError": (
        "<h1>\n  {{ post. }}\n</h1>",
        """\
SPICA-T002  expression can't be read: invalid syntax
  where  ROOT/page.html:2:11
             {{ post. }}
                     ^
  why    'post.' is not a Python expression
  fix    write one Python expression; filters follow it after |""",
    ),
    "TemplateNameError": (
        "<h1>\n  {{ titel }}\n</h1>",
        """\
SPICA-T003  'titel' is not defined
  where  ROOT/page.html:2:6
             {{ titel }}
                ^
  why    render was given posts, title, and no helper has this name
  fix    did you mean 'title'?""",
    ),
    "UnclosedBlockError": (
        "{% if posts %}\n  <p>\n",
        """\
SPICA-T004  if is never closed
  where  ROOT/page.html:1:1
           {% if posts %}
           ^
  why    the file ends first
  fix    add {% end %}""",
    ),
    "UnexpectedEndError": (
        "{% if posts %}\n{% endfor %}",
        """\
SPICA-T005  endfor stands where if is open
  where  ROOT/page.html:2:1
           {% endfor %}
           ^
  why    the last open tag is the if on line 1
  fix    write {% endif %} or {% end %} first""",
    ),
    "UnsafeContextError": (
        "<script>\n  var title = '{{ title }}'\n</script>",
        """\
SPICA-T006  an output inside <script>
  where  ROOT/page.html:2:16
             var title = '{{ title }}'
                          ^
  why    HTML escaping does not protect JavaScript
  fix    put it in a data- attribute and read it with dataset, or in <script type="application/json"> with | json""",
    ),
    "IncludeNotFound": (
        '{% include "crad" %}',
        """\
SPICA-T007  no template is named 'crad'
  where  ROOT/page.html:1:1
           {% include "crad" %}
           ^
  why    crad.html is in none of: ROOT
  fix    did you mean 'card'?""",
    ),
    "CircularExtendsError": (
        '{% extends "circle" %}',
        """\
SPICA-T008  'circle' extends itself
  where  ROOT/round.html:1:1
           {% extends "circle" %}
           ^
  why    'circle' extends 'round' extends 'circle'
  fix    let one of them extend nothing""",
    ),
    "UnknownFilterError": (
        "{{ title | uper }}",
        """\
SPICA-T009  there is no filter 'uper'
  where  ROOT/page.html:1:12
           {{ title | uper }}
                      ^
  why    after | comes a filter or a helper; Python's own | needs parentheses around it
  fix    did you mean 'upper'?""",
    ),
    "MisplacedContentError": (
        '{% extends "layouts/application" %}\n<p>lost</p>',
        """\
SPICA-T010  this would never be rendered
  where  ROOT/page.html:2:1
           <p>lost</p>
           ^
  why    the file extends 'layouts/application', so only its blocks are rendered (and set is run)
  fix    move it into a {% block … %}""",
    ),
    "UnknownParameterError": (
        '{% include "card" title=title titel=1 %}',
        """\
SPICA-T011  'card' takes no 'titel'
  where  ROOT/page.html:1:1
           {% include "card" title=title titel=1 %}
           ^
  why    its params are: title
  fix    did you mean 'title'?""",
    ),
    "UnknownBlockError": (
        '{% extends "layouts/application" %}\n{% block contnet %}{% end %}',
        """\
SPICA-T012  block 'contnet' is in none of the layouts
  where  ROOT/page.html:2:1
           {% block contnet %}{% end %}
           ^
  why    'page' extends 'layouts/application', so this block would never be rendered
  fix    did you mean 'content'?""",
    ),
    "MarkupMismatchError": (
        "<p>\n{% if title %}<a href='{% else %}<b title='{% end %}'>",
        """\
SPICA-T013  the branches of this if end in different places of the HTML
  where  ROOT/page.html:2:1
           {% if title %}<a href='{% else %}<b title='{% end %}'>
           ^
  why    one ends inside the value of 'href' of <a>, another inside the value of 'title' of <b>
  fix    open and close a quote, tag or script in the same branch""",
    ),
    "MacroError": (
        "{% macro field(name) %}{% end %}\n{{ field(nmae=1) }}",
        """\
SPICA-T017  macro 'field' takes no 'nmae'
  where  ROOT/page.html:2:1
           {{ field(nmae=1) }}
           ^
  why    it is field(name) (ROOT/page.html:1:1)
  fix    did you mean 'name'?""",
    ),
    "CacheError": (
        "{% cache posts %}\n  {{ ctx.user }}\n{% end %}",
        """\
SPICA-T018  ctx stands inside a cache
  where  ROOT/page.html:2:6
             {{ ctx.user }}
                ^
  why    what it writes belongs to one request, and everyone who comes later would get it
  fix    end the cache before it, or pass what is shown as a value that is part of the key""",
    ),
    "CacheKeyError": (
        "{% cache range(3) %}{% end %}",
        """\
SPICA-T019  a range can't be a key of the cache
  why    nobody can tell whether it changed: it is no record, text or number, nor a list or dict of them
  fix    name what the part shows: {% cache post %}; or give its class __cache_key__(self), which returns that""",
    ),
    "HelperUseError": (
        "<p>\n{{ paths.psot(7) }}",
        """\
SPICA-T014  no route is called psot
  where  ROOT/page.html:2:4
           {{ paths.psot(7) }}
              ^
  why    path helpers exist for named routes
  fix    did you mean post?""",
    ),
    "PropTypeError": (
        '<p>\n{% component "box" size="3" %}{% end %}',
        """\
SPICA-T016  'box' takes size: int, not '3'
  where  ROOT/page.html:2:1
           {% component "box" size="3" %}{% end %}
           ^
  why    its params say so (ROOT/components/box.html:1:1)
  fix    give it int, or change the type there""",
    ),
}


def check_paths(name: str, call: object) -> SpicaError | None:
    """What an application says about its path helpers; this one has `post` only."""
    if name == "post":
        return None
    what, why = f"no route is called {name}", "path helpers exist for named routes"
    return SpicaError(what, why=why, fix="did you mean post?")


def render(root: Path, page: str | None) -> str:
    for name, text in {**FILES, **({"page": page} if page is not None else {})}.items():
        path = root / f"{name}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    paths, checks = {"paths": object()}, {"paths": check_paths}
    templates = Templates(root, globals=paths, checks=checks, components=[root / "components"])
    with pytest.raises(TemplateError) as caught:
        templates.render("page", title="Posts", posts=[])
    return told(caught.value, root)


def told(error: TemplateError, root: Path) -> str:
    lines = [line for line in str(error).splitlines() if not line.startswith("  docs")]
    return f"{type(error).__name__}\n" + "\n".join(lines).replace(str(root), "ROOT")


@pytest.mark.parametrize("name", MESSAGES)
def test_message(tmp_path: Path, name: str) -> None:
    page, message = MESSAGES[name]
    assert render(tmp_path, page) == f"{name}\n{message}"


def test_message_of_a_missing_template(tmp_path: Path) -> None:
    assert render(tmp_path, None) == (
        "TemplateNotFound\n"
        "SPICA-T001  no template is named 'page'\n"
        "  why    page.html is in none of: ROOT\n"
        "  fix    create ROOT/page.html"
    )


def test_message_of_a_missing_fragment(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("{% fragment rows %}{% end %}")
    with pytest.raises(TemplateError) as caught:
        Templates(tmp_path).render_fragment("page", "rwos", {})
    assert told(caught.value, tmp_path) == (
        "UnknownFragmentError\n"
        "SPICA-T015  'page' has no fragment 'rwos'\n"
        "  where  ROOT/page.html\n"
        "  why    its own fragments are: rows; those of its layouts and includes don't count\n"
        "  fix    did you mean 'rows'?"
    )


def test_every_error_of_templates_has_a_stored_message() -> None:
    classes = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, TemplateError) and value is not TemplateError
    }
    assert classes == {*MESSAGES, "TemplateNotFound", "UnknownFragmentError"}
