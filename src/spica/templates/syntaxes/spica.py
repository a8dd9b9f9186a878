"""The default syntax, `.html`: `{{ expression | filter }}`, `{% tag %}`, `{# comment #}`.

Tags: if elif else, for else, end (endif endfor endblock …), extends, block, yield, content_for, include, component with
fill, slot, fragment, cache, macro, import, params, set, verbatim.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

from spica.templates.errors import TemplateSyntaxError
from spica.templates.expressions import (
    find_top_level,
    parse_arguments,
    parse_expression,
    parse_parameters,
    parse_signature,
    parse_targets,
)
from spica.templates.nodes import CONTENT, Document, For, Include, Output, Parameter, Set, Text, Yield
from spica.templates.source import Place, Source
from spica.templates.syntaxes.builder import TreeBuilder, unknown_tag
from spica.templates.syntaxes.collection import build_collection
from spica.templates.syntaxes.lexer import COMMENT, OUTPUT, TAG, TEXT, Delimiters, Token, split_template

DELIMITERS = Delimiters(
    re.compile(r"\{[{%#]-?"),
    {"{{": (OUTPUT, "}}"), "{%": (TAG, "%}"), "{#": (COMMENT, "#}")},
    re.compile(r"\{%-?\s*endverbatim\s*-?%\}"),
)

_IN = re.compile(r"\bin\b")
_ASSIGN = re.compile(r"=(?!=)")
_FOR = re.compile(r"\bfor\b")
_AS = re.compile(r"\bas\b")
_NAME = re.compile(r"[^\W\d][\w-]*")


def parse_template(source: Source) -> Document:
    """Read a `.html` template into its tree.

    Raises: TemplateError subclasses with the place of the first mistake.
    """
    parser = Parser(source)
    for token in split_template(source, DELIMITERS):
        parser.read(token)
    return parser.tree.finish()


class Parser:
    """Reads tokens into a tree; the syntaxes differ in their delimiters only."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.tree = TreeBuilder(source)
        self.tags: dict[str, Callable[[Place, int, int], None]] = {
            "if": self._if,
            "elif": self._elif,
            "else": self._else,
            "for": self._for,
            "end": self._end,
            "endif": lambda place, start, end: self._end_of("if", place, start, end),
            "endfor": lambda place, start, end: self._end_of("for", place, start, end),
            "endblock": lambda place, start, end: self._end_named("block", place, start, end),
            "endfragment": lambda place, start, end: self._end_named("fragment", place, start, end),
            "endcomponent": lambda place, start, end: self._end_of("component", place, start, end),
            "endfill": lambda place, start, end: self._end_named("fill", place, start, end),
            "endslot": lambda place, start, end: self._end_named("slot", place, start, end),
            "extends": self._extends,
            "block": lambda place, start, end: self.tree.open_block(place, self._name("block", place, start, end)),
            "fragment": lambda place, start, end: self.tree.open_fragment(
                place, self._name("fragment", place, start, end)
            ),
            "include": self._include,
            "component": self._component,
            "fill": lambda place, start, end: self.tree.open_fill(place, self._name("fill", place, start, end)),
            "slot": self._slot,
            "content_for": lambda place, start, end: self.tree.open_content(
                place, self._name("content_for", place, start, end)
            ),
            "endcontent_for": lambda place, start, end: self._end_named("content_for", place, start, end),
            "yield": self._yield,
            "macro": self._macro,
            "endmacro": lambda place, start, end: self._end_named("macro", place, start, end),
            "import": self._import,
            "cache": self._cache,
            "endcache": lambda place, start, end: self._end_of("cache", place, start, end),
            "params": self._params,
            "set": self._set,
            "verbatim": self._nothing_after,
            "endverbatim": lambda place, start, end: None,
        }

    def read(self, token: Token) -> None:
        """Read the next token. Raises TemplateError subclasses with its place."""
        place = self.source.place(token.offset)
        if token.kind == TEXT:
            self.tree.add(Text(place, token.text))
        elif token.kind == OUTPUT:
            self.tree.add(Output(place, parse_expression(self.source, token.start, token.end)))
        elif token.kind == TAG:
            start = self.source.text.index(token.word, token.start) + len(token.word)
            handler = self.tags.get(token.word)
            if handler is None:
                raise unknown_tag(place, token.word, [tag for tag in self.tags if tag != "endverbatim"])
            handler(place, start, token.end)

    def _if(self, place: Place, start: int, end: int) -> None:
        self.tree.open_if(place, parse_expression(self.source, start, end))

    def _elif(self, place: Place, start: int, end: int) -> None:
        self.tree.add_elif(place, parse_expression(self.source, start, end))

    def _else(self, place: Place, start: int, end: int) -> None:
        self._nothing_after(place, start, end)
        self.tree.add_else(place)

    def _for(self, place: Place, start: int, end: int) -> None:
        head = self._loop(place, start, end)
        self.tree.open_for(place, head.target, head.iterable)

    def _loop(self, place: Place, start: int, end: int) -> For:
        keyword = find_top_level(self.source, start, end, _IN)
        if keyword is None:
            raise TemplateSyntaxError("for has no 'in'", place=place, fix="write {% for item in items %}")
        target = parse_targets(self.source, start, keyword.start())
        return For(place, target, parse_expression(self.source, keyword.end(), end))

    def _end(self, place: Place, start: int, end: int) -> None:
        self._end_of("", place, start, end)

    def _end_of(self, kind: str, place: Place, start: int, end: int) -> None:
        self._nothing_after(place, start, end)
        self.tree.close(place, kind)

    def _end_named(self, kind: str, place: Place, start: int, end: int) -> None:
        self.tree.close(place, kind, _bare(self.source.text[start:end]))

    def _name(self, kind: str, place: Place, start: int, end: int) -> str:
        name = _bare(self.source.text[start:end])
        if not _NAME.fullmatch(name):
            what = f"{name!r} is not the name of a {kind}" if name else f"a {kind} has no name"
            fix = f"write {{% {kind} content %}}, letters, digits, _ and - only"
            raise TemplateSyntaxError(what, place=place, fix=fix)
        return name

    def _extends(self, place: Place, start: int, end: int) -> None:
        why = "a template and what it extends become one function, so the name must be known when it is compiled"
        self.tree.extend(place, self._literal("extends", "layouts/application", place, start, end, why))

    def _include(self, place: Place, start: int, end: int) -> None:
        (name_start, name_end), values = parse_arguments(self.source, start, end)
        keyword = find_top_level(self.source, name_start, name_end, _FOR)
        if keyword is None:
            self.tree.add(Include(place, parse_expression(self.source, name_start, name_end), values))
            return
        name = parse_expression(self.source, name_start, keyword.start())
        self.tree.add(build_collection(place, name, self._loop(place, keyword.end(), name_end), values))

    def _component(self, place: Place, start: int, end: int) -> None:
        (name_start, name_end), props = parse_arguments(self.source, start, end)
        why = "a component becomes part of the page's function, so the name must be known when it is compiled"
        self.tree.open_component(place, self._literal("component", "card", place, name_start, name_end, why), props)

    def _slot(self, place: Place, start: int, end: int) -> None:
        named = self.source.text[start:end].strip()
        self.tree.open_slot(place, self._name("slot", place, start, end) if named else "")

    def _literal(self, tag: str, example: str, place: Place, start: int, end: int, why: str) -> str:
        expression = parse_expression(self.source, start, end)
        if isinstance(expression, ast.Constant) and isinstance(expression.value, str):
            return expression.value
        fix = f'write {{% {tag} "{example}" %}}'
        raise TemplateSyntaxError(f"{tag} needs a name in quotes", place=place, why=why, fix=fix)

    def _yield(self, place: Place, start: int, end: int) -> None:
        self.add_yield(place, self._name("yield", place, start, end) if self.source.text[start:end].strip() else "")

    def add_yield(self, place: Place, name: str) -> None:
        """Note a place for what pages give; without a name it is the block `content`."""
        if name:
            self.tree.add(Yield(place, name))
        else:
            self.tree.open_block(place, CONTENT)
            self.tree.close(place)

    def _macro(self, place: Place, start: int, end: int) -> None:
        name, parameters = parse_signature(self.source, start, end)
        self.tree.open_macro(place, name, parameters)

    def _import(self, place: Place, start: int, end: int) -> None:
        keyword = find_top_level(self.source, start, end, _AS)
        name = self.source.text[keyword.end() : end].strip() if keyword else ""
        if keyword is None or not name.isidentifier():
            fix = '{% import "shared/forms" as forms %}, then {{ forms.field("title") }}'
            raise TemplateSyntaxError("import gives the macros no name", place=place, fix=fix)
        why = "macros become part of the page's function, so the name must be known when it is compiled"
        self.tree.add_import(place, name, self._literal("import", "shared/forms", place, start, keyword.start(), why))

    def _cache(self, place: Place, start: int, end: int) -> None:
        (keys_start, keys_end), options = parse_arguments(self.source, start, end)
        expires_s = options.pop("expires", None)
        if options or not self.source.text[keys_start:keys_end].strip():
            what = f"cache takes no {next(iter(options))!r}" if options else "cache has no key"
            raise TemplateSyntaxError(
                what,
                place=place,
                why="what is kept is found again by the versions of some values",
                fix='write {% cache post %} or {% cache "sidebar", posts expires=60 %}',
            )
        key = parse_expression(self.source, keys_start, keys_end)
        self.tree.open_cache(place, key.elts if isinstance(key, ast.Tuple) else [key], expires_s)

    def _params(self, place: Place, start: int, end: int) -> None:
        arguments = parse_parameters(self.source, start, end)
        parameters = []
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            kind = ast.unparse(argument.annotation) if argument.annotation else ""
            parameters.append(Parameter(place, argument.arg, kind, default))
        self.tree.declare(place, parameters)

    def _set(self, place: Place, start: int, end: int) -> None:
        sign = find_top_level(self.source, start, end, _ASSIGN)
        if sign is None or not self.source.text[start : sign.start()].strip():
            raise TemplateSyntaxError("set has no value", place=place, fix="write {% set name = value %}")
        target = parse_targets(self.source, start, sign.start())
        self.tree.add(Set(place, target, parse_expression(self.source, sign.end(), end)))

    def _nothing_after(self, place: Place, start: int, end: int) -> None:
        rest = self.source.text[start:end].strip()
        if rest:
            raise TemplateSyntaxError(
                f"{rest!r} does not belong into this tag",
                place=place,
                why="the tag takes nothing",
                fix=f"remove {rest!r}",
            )


def _bare(name: str) -> str:
    """A name without the quotes or the colon that other languages write it with: `"head"`, `:head`."""
    name = name.strip()
    if len(name) > 2 and name[0] == name[-1] and name[0] in "\"'":
        return name[1:-1]
    return name.removeprefix(":")
