"""What generated code calls by name, and the compiled template itself.

Rules of this file:
- The request path is `Template.render_with`: one call of one function; nothing is looked up by name there.
- An error leaves with a traceback that shows template files and lines (`traceback.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from spica._core import escape
from spica.errors import closest
from spica.templates import content, escaping
from spica.templates.errors import TemplateNameError
from spica.templates.lines import LineMap
from spica.templates.nodes import Parameter
from spica.templates.safe import raw
from spica.templates.scopes import Input
from spica.templates.source import Source
from spica.templates.streaming import join_chunks
from spica.templates.traceback import show_template_lines

RenderFunction = Callable[[Mapping[str, object], object], str]


class Template:
    """One compiled template.

    Args: source: its file; parameters: what its own `params` declares, None without; inputs: the arguments it uses;
          lines: its files and their lines; sources: every file it was made of; function: the generated code;
          gives_contents: whether it has a `content_for`.
    """

    __slots__ = ("_digest", "_function", "gives_contents", "inputs", "lines", "parameters", "source", "sources")

    def __init__(
        self,
        source: Source,
        parameters: list[Parameter] | None,
        inputs: list[Input],
        lines: LineMap,
        sources: list[Source],
        function: RenderFunction,
        *,
        gives_contents: bool = False,
    ) -> None:
        self.source = source
        self.parameters = parameters
        self.inputs = inputs
        self.lines = lines
        self.sources = sources
        self._function = function
        self.gives_contents = gives_contents
        self._digest = ""

    @property
    def digest(self) -> str:
        """A text that is another one when one of its files is: what ETags of its pages are made of."""
        if not self._digest:
            import hashlib  # here, not above: OpenSSL takes a megabyte, and most servers never make an ETag

            text = "\0".join(source.text for source in self.sources)
            self._digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        return self._digest

    @property
    def name(self) -> str:
        """The name it was loaded by, such as "posts/index"."""
        return self.source.name

    @property
    def path(self) -> Path:
        """Its file."""
        return self.source.path

    @property
    def needs(self) -> tuple[str, ...]:
        """The names that `render` must be given; layouts and included templates count."""
        return tuple(dict.fromkeys(value.name for value in self.inputs if value.required))

    def render(self, /, **locals: object) -> str:
        """Render with named arguments.

        Raises: TemplateNameError for a name that is missing; what the template's expressions raise.
        """
        return self.render_with(locals)

    def render_with(self, locals: Mapping[str, object], ctx: object = None) -> str:
        """Render with a mapping of arguments and the context that `@uses_context` helpers get."""
        try:
            return self._function(locals, ctx)
        except Exception as error:
            show_template_lines(error)
            raise

    def stream_with(self, locals: Mapping[str, object], ctx: object = None) -> Iterator[str]:
        """Render one that was compiled to be streamed, in chunks."""
        return join_chunks(iter(self._function(locals, ctx)))

    def call(self, arguments: Mapping[str, object], given: Mapping[str, object], ctx: object) -> str:
        """Render as part of another template, which shows the lines of an error itself.

        Args: arguments: those of the page; given: those of the `include`, the only ones where `params` is declared.
        """
        return self._function(given if self.parameters is not None else {**arguments, **given}, ctx)


@dataclass(frozen=True, slots=True)
class LoopState:
    """`loop` where a template hands it on as a value, as in {% include "row" loop=loop %}."""

    index0: int
    length: int

    @property
    def index(self) -> int:
        """The round, from 1."""
        return self.index0 + 1

    @property
    def first(self) -> bool:
        """Whether this is the first round."""
        return self.index0 == 0

    @property
    def last(self) -> bool:
        """Whether this is the last round."""
        return self.index0 + 1 == self.length


def sized(values: Iterable[object]) -> Collection[object]:
    """The values as something that has a length: a `for` that uses `loop.last` or `loop.length` needs it."""
    return values if isinstance(values, Collection) else list(values)


def values_of(values: Iterable[object] | None) -> Iterable[object]:
    """What `each` goes through: the values of a mapping, anything else as it is, nothing for None."""
    if isinstance(values, Mapping):
        return values.values()
    return () if values is None else values


def pairs_of(values: Iterable[object] | None) -> Iterable[tuple[object, object]]:
    """What `each` goes through where it names keys: of a mapping its own, of anything else the numbers from 0."""
    if isinstance(values, Mapping):
        return values.items()
    return enumerate(values or ())


def one_of(value: object) -> tuple[object, ...]:
    """What `with` goes through: the value, or nothing where that is false."""
    return (value,) if value else ()


def lookup(value: object, key: object) -> object:
    """The item of a mapping or list, else the attribute of that name; None when there is none."""
    if isinstance(value, Mapping):
        return value.get(key)
    if isinstance(value, Sequence) and isinstance(key, int):
        return value[key] if -len(value) <= key < len(value) else None
    name = str(key)
    return getattr(value, name, None) if not name.startswith("_") else None


def concat(*values: object) -> str:
    """The text of all values, None being nothing."""
    return "".join("" if value is None else str(value) for value in values)


def missing_name(
    inputs: list[Input], helpers: Iterable[str]
) -> Callable[[str, Mapping[str, object]], TemplateNameError]:
    """Make the function that builds the error for an argument that was not given.

    Args:    inputs: what the template uses; helpers: the names that need not be given.
    Returns: a function of the missing name and the arguments given.
    """

    def build_error(name: str, given: Mapping[str, object]) -> TemplateNameError:
        value = next(value for value in inputs if value.name == name and value.required)
        near = closest(name, [*given, *helpers, "True", "False", "None"])
        listed = ", ".join(sorted(given)) or "nothing"
        return TemplateNameError(
            f"{name!r} is not defined",
            place=value.place,
            why=f"render was given {listed}, and no helper has this name",
            fix=f"did you mean {' or '.join(repr(match) for match in near)}?" if near else f"render(…, {name}=…)",
        )

    return build_error


NAMESPACE: Mapping[str, object] = {
    "#escape": escape,
    "#str": str,
    "#int": int,
    "#type": type,
    "#len": len,
    "#enumerate": enumerate,
    "#KeyError": KeyError,
    "#sized": sized,
    "#loop": LoopState,
    "#raw": raw,
    "#write_text": escaping.write_text,
    "#write_comment": escaping.write_comment,
    "#write_attribute": escaping.write_attribute,
    "#write_url": escaping.write_url,
    "#write_url_part": escaping.write_url_part,
    "#write_style": escaping.write_style,
    "#write_plain": escaping.write_plain,
    "#write_json_value": escaping.write_json_value,
    "#write_json_string": escaping.write_json_string,
    "#write_xml": escaping.write_xml,
    "#write_xml_url": escaping.write_xml_url,
    "#dict": dict,
    "#isinstance": isinstance,
    "#values": values_of,
    "#pairs": pairs_of,
    "#one": one_of,
    "#lookup": lookup,
    "#concat": concat,
    content.HOLD: content.hold,
    content.FILL: content.fill,
}
