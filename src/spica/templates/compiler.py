"""From a template's name to its compiled function: parse, generate, compile: the order of the stages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from hashlib import blake2b
from types import CodeType
from typing import cast

from spica.templates.block_cache import BlockCache, TemplateCache
from spica.templates.caching import CACHE
from spica.templates.codegen import generate_function
from spica.templates.formats import format_of
from spica.templates.generation import INCLUDE, Generated
from spica.templates.library import Library
from spica.templates.nodes import Document
from spica.templates.prelude import MISSING
from spica.templates.runtime import NAMESPACE, RenderFunction, Template, missing_name
from spica.templates.traceback import LINES

Include = Callable[[str, object, Mapping[str, object], Mapping[str, object], object], str]


def compile_template(document: Document, library: Library, *, streams: bool = False) -> tuple[Generated, CodeType]:
    """Compile one template with its layouts and includes.

    Args:    document: parsed; library: its surroundings; streams: make its function a generator of pieces.
    Raises:  TemplateError subclasses with the place of the first mistake.
    """
    generated = generate_function(document, library, streams=streams)
    return generated, compile(generated.tree, str(document.source.path), "exec", dont_inherit=True, optimize=0)


def link_template(
    compiled: tuple[Generated, CodeType], library: Library, include: Include, cache: BlockCache
) -> Template:
    """Make a compiled template ready to be called.

    Args:    compiled: now or earlier; library: what it was compiled with; include: renders a template by name for one
             of a format, for includes whose name is a value or that contain themselves; cache: keeps what `cache` tags
             hold.
    """
    generated, code = compiled
    source = generated.sources[0]
    format = format_of(source.name)
    namespace: dict[str, object] = {
        **NAMESPACE,
        **{name: library.constant(name, format) for name in generated.constants},
        INCLUDE: partial(include, format),
        MISSING: missing_name(generated.inputs, library.globals),
        LINES: generated.lines,
        CACHE: TemplateCache(cache, _version_of(generated)),
        # Templates can't name it (names were resolved when the tree was made), but C code that a value calls, such as
        # datetime.strftime, imports through the builtins of the frame that called it.
        "__builtins__": {"__import__": __import__},
    }
    exec(code, namespace)  # noqa: S102  defines the one function of the tree that codegen.py made
    return Template(
        source,
        generated.parameters,
        generated.inputs,
        generated.lines,
        generated.sources,
        cast(RenderFunction, namespace[source.name]),
        gives_contents=generated.gives_contents,
    )


def _version_of(generated: Generated) -> bytes:
    """What changes with the files that a template is made of."""
    digest = blake2b(digest_size=16)
    for source in generated.sources:
        digest.update(blake2b(source.name.encode("utf-8", "surrogatepass"), digest_size=20).digest() + source.digest)
    return digest.digest()
