"""Resolves `extends`: from a template to the chain of its layouts, and to the content of every block."""

from __future__ import annotations

from dataclasses import dataclass, replace

from spica.errors import closest
from spica.templates.errors import CircularExtendsError, IncludeNotFound, TemplateNotFound, UnknownBlockError
from spica.templates.library import Library
from spica.templates.nodes import CONTENT, Block, Document
from spica.templates.source import Place


@dataclass(frozen=True, slots=True)
class Chain:
    """A template and what it extends.

    Args: documents: the template first, the outermost layout last;
          blocks: by name, the content of each document that has the block, the template's first.
    """

    documents: list[Document]
    blocks: dict[str, list[tuple[Block, Document]]]

    @property
    def layout(self) -> Document:
        """The document whose text is rendered; the others only fill its blocks."""
        return self.documents[-1]

    @property
    def parameters(self) -> set[str]:
        """All names that any document of the chain declares."""
        return {parameter.name for document in self.documents for parameter in document.parameters or ()}

    @property
    def assigned(self) -> frozenset[str]:
        """All names that any document of the chain assigns with `set`."""
        return frozenset(name for document in self.documents for name in document.assigned)

    @property
    def declares(self) -> bool:
        """Whether any document of the chain has `params`."""
        return any(document.parameters is not None for document in self.documents)


def resolve_chain(document: Document, library: Library) -> Chain:
    """Follow `extends` to the outermost layout.

    Raises: CircularExtendsError; IncludeNotFound for a missing layout; UnknownBlockError for a block no layout has.
    """
    documents = [document]
    while documents[-1].extends is not None:
        documents.append(_load_parent(documents, library))
    blocks: dict[str, list[tuple[Block, Document]]] = {}
    for member in documents:
        for name, block in member.blocks.items():
            blocks.setdefault(name, []).append((block, member))
    chain = Chain(documents, blocks)
    _check_blocks(chain)
    return chain


def put_into(document: Document, layout: str) -> Document:
    """The document as if it extended a layout; one that extends something does already, and stays as it is."""
    if document.extends is not None:
        return document
    place = document.source.place(0)
    content = Block(place, CONTENT, document.body)
    return replace(
        document, body=[content], extends=layout, extends_place=place, blocks={**document.blocks, CONTENT: content}
    )


def without_layout(document: Document) -> Document:
    """The document, to be rendered without what it extends."""
    return replace(document, alone=document.extends is not None)


def list_own_blocks(document: Document) -> list[Block]:
    """What a document has for its layout: its block `content`, else all of its blocks."""
    blocks = [node for node in document.body if isinstance(node, Block)]
    return [block for block in blocks if block.name == CONTENT] or blocks


def load_target(name: str, place: Place, library: Library) -> Document:
    """The document that a tag names.

    Raises: IncludeNotFound with the tag's place, the roots and near matches.
    """
    try:
        return library.document(name)
    except TemplateNotFound as error:
        raise IncludeNotFound(error.what, place=place, why=error.why, fix=error.fix) from None


def _load_parent(documents: list[Document], library: Library) -> Document:
    child = documents[-1]
    assert child.extends is not None
    assert child.extends_place is not None
    names = [member.source.name for member in documents]
    if child.extends in names:
        circle = [*names[names.index(child.extends) :], child.extends]
        raise CircularExtendsError(
            f"{child.extends!r} extends itself",
            place=child.extends_place,
            why=" extends ".join(repr(name) for name in circle),
            fix="let one of them extend nothing",
        )
    return load_target(child.extends, child.extends_place, library)


def _check_blocks(chain: Chain) -> None:
    for depth, document in enumerate(chain.documents[:-1]):
        above = {name for member in chain.documents[depth + 1 :] for name in member.blocks}
        for node in document.body:
            if isinstance(node, Block) and node.name not in above:
                near = closest(node.name, above)
                raise UnknownBlockError(
                    f"block {node.name!r} is in none of the layouts",
                    place=node.place,
                    why=f"{document.source.name!r} extends {document.extends!r}, so this block would never be rendered",
                    fix=f"did you mean {near[0]!r}?"
                    if near
                    else f"their blocks are: {', '.join(sorted(above)) or 'none'}",
                )
