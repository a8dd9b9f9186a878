"""The syntax of `.hbs`: `{{value}}`, `{{{raw}}}`, `{{#each posts as |post|}}`, `{{> partial}}`, `{{helper value n=1}}`.

Rules of this file:
- Blocks and partials become the nodes of the other syntaxes; what names mean is in `handlebars_paths.py`.
- A partial is an include that gets the context and the block parameters around it besides its own arguments.
- `{{> "posts/post"}}` is the file `posts/post` or `posts/_post`.
- The tags of the other syntaxes are there as well: `{{extends "x"}}`, `{{#block "x"}}`, `{{#component "x" title=y}}`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass

from spica.errors import closest
from spica.templates.errors import TemplateSyntaxError, UnclosedBlockError, UnexpectedEndError
from spica.templates.nodes import Document, Include, Inline, Output, Set, Slot
from spica.templates.source import Place, Source
from spica.templates.syntaxes.handlebars_expressions import ExpressionReader
from spica.templates.syntaxes.handlebars_paths import PAIRS, VALUES, Context, Contexts
from spica.templates.syntaxes.handlebars_tokens import Mustache, split_handlebars
from spica.templates.syntaxes.lexer import COMMENT, TEXT
from spica.templates.syntaxes.spica import Parser

PARTIAL_BLOCK = "@partial-block"
ONE = "#one"
Opener = Callable[[Place, ExpressionReader], None]


@dataclass(slots=True)
class _Block:
    """A block that is open: what its end must say, and what its `else` and its end have to undo."""

    word: str
    place: Place
    has_context: bool = False
    before: list[Context] | None = None


def parse_handlebars(source: Source) -> Document:
    """Read a `.hbs` template into its tree.

    Raises: TemplateError subclasses with the place of the first mistake.
    """
    parser = HandlebarsParser(source)
    for token in split_handlebars(source):
        parser.read_mustache(token) if isinstance(token, Mustache) else parser.read(token)
    parser.check_closed()
    return parser.tree.finish()


class HandlebarsParser(Parser):
    """Reads tokens into a tree."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.contexts = Contexts()
        self._blocks: list[_Block] = []
        named: dict[str, Callable[[Place, str], None]] = {
            "block": self.tree.open_block,
            "fragment": self.tree.open_fragment,
            "fill": self.tree.open_fill,
            "slot": self.tree.open_slot,
            "content_for": self.tree.open_content,
        }
        self.openers: dict[str, Opener] = {
            "if": lambda place, reader: self.tree.open_if(place, reader.expression()),
            "unless": lambda place, reader: self.tree.open_if(place, _negate(reader.expression())),
            "each": self._each,
            "with": self._with,
            "component": self._open_component,
            "cache": self._open_cache,
            "macro": self._open_macro,
            **{word: self._named_opener(word, open) for word, open in named.items()},
        }

    def check_closed(self) -> None:
        """Check that no block is open at the end of the file. Raises UnclosedBlockError, in the words of Handlebars."""
        if self._blocks:
            block = self._blocks[-1]
            fix = f"add {{{{/{block.word}}}}}"
            raise UnclosedBlockError(
                f"{block.word} is never closed", place=block.place, why="the file ends first", fix=fix
            )

    def read_mustache(self, token: Mustache) -> None:
        """Read the next mustache. Raises TemplateError subclasses with its place."""
        place = self.source.place(token.offset)
        if token.kind in (COMMENT, TEXT):
            return
        inside = self.source.text[token.start : token.end]
        if not token.mark and token.word == "params" and inside.strip() != token.word:
            self._params(place, token.start + inside.index(token.word) + len(token.word), token.end)
            return
        reader = ExpressionReader(self.source, token.start, token.end, self.contexts)
        match token.mark:
            case "#":
                self._open(place, reader)
            case "#>":
                self._partial(place, reader, has_body=True)
            case "#*":
                self._open_inline(place, reader)
            case "/":
                self._close(place, reader.word())
            case "^" if not reader.token.kind:
                self._otherwise(place, reader)
            case "^":
                self._blocks.append(_Block(reader.token.text, place))
                self.tree.open_if(place, _negate(reader.expression()))
            case ">":
                self._partial(place, reader, has_body=False)
            case "{" | "&" if token.word not in ("yield", "super"):
                value = reader.expression()
                raw = ast.copy_location(ast.Name("raw", ast.Load()), value)
                self.tree.add(Output(place, ast.copy_location(ast.Call(raw, [value], []), value)))
            case _:
                self._output(place, reader, token)

    # values and single tags

    def _output(self, place: Place, reader: ExpressionReader, token: Mustache) -> None:
        if token.word == "else":
            reader.take()
            self._otherwise(place, reader)
        elif token.word == "yield":
            reader.take()
            self.add_yield(place, reader.word() if reader.token.kind else "")
        elif token.word == "extends":
            reader.take()
            self.tree.extend(place, reader.word())
        elif token.word == "import":
            self._add_import(place, reader)
        elif token.word == "set":
            reader.take()
            for name, value in reader.arguments().named.items():
                target = ast.copy_location(ast.Name(name, ast.Store()), value)
                self.tree.add(Set(place, target, value))
        elif token.word == "super":
            call = ast.Call(ast.Name("super", ast.Load()), [], [])
            self.tree.add(Output(place, reader.at(call, reader.take())))
        else:
            self.tree.add(Output(place, reader.expression()))

    def _add_import(self, place: Place, reader: ExpressionReader) -> None:
        reader.take()
        template = reader.word()
        arguments = reader.arguments(block=True)
        if len(arguments.names) != 1:
            fix = '{{import "shared/forms" as |forms|}}, then {{forms.field "title"}}'
            raise TemplateSyntaxError("import gives the macros no name", place=place, fix=fix)
        self.tree.add_import(place, arguments.names[0], template)

    # blocks

    def _open(self, place: Place, reader: ExpressionReader) -> None:
        first = reader.token
        word = reader.word()
        opener = self.openers.get(word)
        if opener is None:
            near = closest(word, self.openers)
            raise TemplateSyntaxError(
                f"there is no block {word!r}",
                place=self.source.place(first.start),
                why="a block is one of: " + ", ".join(self.openers),
                fix=f"did you mean {near[0]!r}?"
                if near
                else f'{{{{#each {word}}}}}, {{{{#if {word}}}}} or {{{{#component "{word}"}}}}',
            )
        block = _Block(word, place, has_context=word in ("each", "with"))
        opener(place, reader)
        self._blocks.append(block)

    def _named_opener(self, word: str, open: Callable[[Place, str], None]) -> Opener:
        def opener(place: Place, reader: ExpressionReader) -> None:
            open(place, reader.word() if reader.token.kind or word != "slot" else "")

        return opener

    def _each(self, place: Place, reader: ExpressionReader) -> None:
        value, names = self._head(reader, "each", 2)
        number = self.contexts.number()
        loop, item = f"@loop{number}", names[0] if names else f"@this{number}"
        target: ast.expr = ast.Name(item, ast.Store())
        if len(names) == 2:
            target = ast.Tuple([ast.Name(names[1], ast.Store()), target], ast.Store())
        function = ast.Name(PAIRS if len(names) == 2 else VALUES, ast.Load())
        target, iterable = (
            _placed(target, value),
            _placed(ast.Call(function, [value], []), value),
        )
        node = self.tree.open_for(place, target, iterable, loop)
        self.contexts.push(Context(item, names, loop, node))

    def _with(self, place: Place, reader: ExpressionReader) -> None:
        value, names = self._head(reader, "with", 1)
        item = names[0] if names else f"@this{self.contexts.number()}"
        iterable = _placed(ast.Call(ast.Name(ONE, ast.Load()), [value], []), value)
        self.tree.open_for(place, _placed(ast.Name(item, ast.Store()), value), iterable)
        self.contexts.push(Context(item, names))

    def _head(self, reader: ExpressionReader, word: str, most: int) -> tuple[ast.expr, tuple[str, ...]]:
        value = reader.value()
        arguments = reader.arguments(block=True)
        if arguments.values or arguments.named or len(arguments.names) > most:
            given = "posts as |post index|" if word == "each" else "post as |p|"
            raise reader.refuse(f"{word} takes one value", f"write {{{{#{word} {given}}}}}; a helper needs brackets")
        return value, arguments.names

    def _open_component(self, place: Place, reader: ExpressionReader) -> None:
        name = reader.word()
        arguments = reader.arguments()
        if arguments.values:
            raise reader.refuse("a prop has no name", f'write {{{{#component "{name}" title=title}}}}')
        self.tree.open_component(place, name, arguments.named)

    def _open_cache(self, place: Place, reader: ExpressionReader) -> None:
        arguments = reader.arguments()
        expires_s = arguments.named.pop("expires", None)
        if arguments.named or not arguments.values:
            raise TemplateSyntaxError(
                "cache has no key" if not arguments.values else f"cache takes no {next(iter(arguments.named))!r}",
                place=place,
                why="what is kept is found again by the versions of some values",
                fix='write {{#cache post}} or {{#cache "sidebar" posts expires=60}}',
            )
        self.tree.open_cache(place, arguments.values, expires_s)

    def _open_macro(self, place: Place, reader: ExpressionReader) -> None:
        name = reader.word()
        arguments = reader.arguments()
        names = [value.id if isinstance(value, ast.Name) else "" for value in arguments.values]
        if not name.isidentifier() or not all(names):
            raise reader.refuse("macro can't be read", 'write {{#macro "field" name value=""}}')
        every = [ast.arg(one) for one in (*names, *arguments.named)]
        defaults = list(arguments.named.values())
        self.tree.open_macro(place, name, ast.arguments([], every, None, [], [], None, defaults))

    def _open_inline(self, place: Place, reader: ExpressionReader) -> None:
        if reader.word() != "inline" or not reader.token.kind:
            raise reader.refuse("a block with #* is not inline", 'write {{#*inline "row"}} … {{/inline}}')
        node = Inline(place, reader.word())
        self.tree.open_inline(node)
        self._blocks.append(_Block("inline", place, before=self.contexts.fresh()))

    # partials

    def _partial(self, place: Place, reader: ExpressionReader, *, has_body: bool) -> None:
        first = reader.token
        dynamic = reader.value() if first.kind == "open" else None
        name = first.text if dynamic is not None else reader.word()
        arguments = reader.arguments()
        if len(arguments.values) > 1:
            raise reader.refuse("a partial takes one context", "give the other values names: {{> row post n=1}}")
        if name == PARTIAL_BLOCK and not has_body:
            self.tree.add(Slot(place, PARTIAL_BLOCK))
            return
        implied: dict[str, ast.expr] = {one: reader.at(ast.Name(one, ast.Load()), first) for one in self.contexts.names}
        implied["this"] = reader.at(ast.Name(self.contexts.opened, ast.Load()), first)
        target = dynamic or reader.at(ast.Constant(name), first)
        node = Include(place, target, arguments.named, implied=implied, is_partial=True)
        if arguments.values:
            node.locals = {"this": arguments.values[0], **arguments.named}
        if has_body:
            self.tree.open_partial(node)
            self._blocks.append(_Block(name, place))
        else:
            self.tree.add(node)

    # else and ends

    def _otherwise(self, place: Place, reader: ExpressionReader) -> None:
        block = self._blocks[-1] if self._blocks else None
        if reader.token.kind:
            word = reader.word()
            if word not in ("if", "unless"):
                raise reader.refuse(f"else {word} is not known", "write {{else}}, {{else if x}} or {{else unless x}}")
            test = reader.expression()
            self.tree.add_elif(place, test if word == "if" else _negate(test))
            return
        self.tree.add_else(place)
        if block is not None and block.has_context:
            self.contexts.pop()
            block.has_context = False

    def _close(self, place: Place, word: str) -> None:
        if not self._blocks:
            raise UnexpectedEndError(
                f"{{{{/{word}}}}} closes nothing", place=place, why="every block above is closed", fix="remove it"
            )
        block = self._blocks.pop()
        if word != block.word:
            raise UnexpectedEndError(
                f"{{{{/{word}}}}} stands where {block.word} is open",
                place=place,
                why=f"the last open block is the {block.word} on line {block.place.line}",
                fix=f"write {{{{/{block.word}}}}} first",
            )
        if block.has_context:
            self.contexts.pop()
        if block.before is not None:
            self.contexts.restore(block.before)
        self.tree.close(place)


def _negate(test: ast.expr) -> ast.expr:
    return ast.copy_location(ast.UnaryOp(ast.Not(), test), test)


def _placed(node: ast.expr, place: ast.expr) -> ast.expr:
    for part in ast.walk(node):
        if isinstance(part, ast.expr) and not hasattr(part, "lineno"):
            ast.copy_location(part, place)
    return node
