"""The mistakes that can be made in a template or in the call that renders one.

Rules of this file:
- One class a mistake; `where` shows `file:line:column`, the line itself and a caret.
- An error about a place in a template knows it as attributes too (`path`, `line`, `column`), for editors
  and the debug page.
"""

from __future__ import annotations

import re
from typing import ClassVar

from spica.errors import SpicaError
from spica.templates.source import ERB, HANDLEBARS, Place

_OPENS = "if|block|component|fragment|fill|slot|cache|content_for|macro"


class TemplateError(SpicaError):
    """Base of the mistakes that can be made with templates."""

    code: ClassVar[str] = "SPICA-T000"

    def __init__(self, what: str, *, place: Place | None = None, where: str = "", why: str = "", fix: str = "") -> None:
        if place and place.source.path.name.endswith(ERB):
            what, why, fix = (_in_erb(text) for text in (what, why, fix))
        if place and place.source.path.name.endswith(HANDLEBARS):
            what, why, fix = (_in_handlebars(text) for text in (what, why, fix))
        super().__init__(what, where=where or (place.excerpt() if place else ""), why=why, fix=fix)
        self.path = str(place.source.path) if place else ""
        self.line = place.line if place else 0
        self.column = place.column if place else 0


def _in_erb(text: str) -> str:
    """What an error says to write, in the delimiters of the file that has it."""
    for ours, theirs in (("{% ", "<% "), (" %}", " %>"), ("{{ ", "<%= "), (" }}", " %>")):
        text = text.replace(ours, theirs)
    return text


def _in_handlebars(text: str) -> str:
    text = re.sub(r"\{% end(\w*)( \w+)? ?%\}", lambda end: f"{{{{/{end[1] or '…'}}}}}", text)
    text = re.sub(rf"\{{% ({_OPENS})\b(.*?) ?%\}}", r"{{#\1\2}}", text)
    return re.sub(r"\{% (.*?) ?%\}", r"{{\1}}", text)


class TemplateNotFound(TemplateError, LookupError):
    """No root has a file for the name that `render` or `get` was given."""

    code = "SPICA-T001"


class TemplateSyntaxError(TemplateError):
    """A tag or an expression can't be read."""

    code = "SPICA-T002"


class TemplateNameError(TemplateError, NameError):
    """A template uses a name that nobody gives: no argument of `render`, no default, no helper."""

    code = "SPICA-T003"


class UnclosedBlockError(TemplateError):
    """A tag that opens something, or `{{`, `{%` or `{#` itself, has no end."""

    code = "SPICA-T004"


class UnexpectedEndError(TemplateError):
    """An end, `else` or `elif` that nothing it could belong to is open for."""

    code = "SPICA-T005"


class UnsafeContextError(TemplateError):
    """An output stands where escaping can't make it safe: script, style, a tag's name, an unquoted value."""

    code = "SPICA-T006"


class IncludeNotFound(TemplateError, LookupError):
    """`include` or `extends` names a template that no root has."""

    code = "SPICA-T007"


class CircularExtendsError(TemplateError):
    """Templates extend one another in a circle."""

    code = "SPICA-T008"


class UnknownFilterError(TemplateError):
    """A name after `|` is no filter and no helper."""

    code = "SPICA-T009"


class MisplacedContentError(TemplateError):
    """Something stands where it would never be rendered: outside the blocks of a template that extends another."""

    code = "SPICA-T010"


class UnknownParameterError(TemplateError):
    """`include` gives a name that the included template's `params` does not list."""

    code = "SPICA-T011"


class UnknownBlockError(TemplateError):
    """A block overrides nothing, is there twice, or asks for a `super()` that does not exist."""

    code = "SPICA-T012"


class MarkupMismatchError(TemplateError):
    """The branches of an `if`, the rounds of a `for` or a whole file end in different places of the HTML grammar."""

    code = "SPICA-T013"


class UnknownFragmentError(TemplateError, LookupError):
    """A template has no fragment of the name that is to be rendered."""

    code = "SPICA-T015"


class PropTypeError(TemplateError, TypeError):
    """A component or include is given a value that its `params` do not take: `count="three"` for `count: int`."""

    code = "SPICA-T016"


class MacroError(TemplateError, TypeError):
    """A macro is called with values that it does not take, or it is none of those that a file has."""

    code = "SPICA-T017"


class CacheError(TemplateError):
    """Something stands in a `{% cache %}` that can't be kept: it belongs to one request, or to the page around it."""

    code = "SPICA-T018"


class CacheKeyError(TemplateError, TypeError):
    """A `{% cache %}` is given a value that has no version."""

    code = "SPICA-T019"


class HelperUseError(TemplateError):
    """A helper has no such part, or not with these values: `paths.psot(7)`, `paths.post()`."""

    code = "SPICA-T014"
