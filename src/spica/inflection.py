"""English words as names need them: singular and plural, and the ways of writing them.

Rules of this file:
- Small on purpose: regular endings, and tables of the other nouns that people name models after.
- Only the last word of a compound changes: `blog_post` becomes `blog_posts`.
- `singular(plural(word)) == word`, and both leave a word alone that is already in that form (tested over the tables).
"""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


IRREGULAR = {
    "child": "children",
    "foot": "feet",
    "goose": "geese",
    "hero": "heroes",
    "index": "indices",
    "man": "men",
    "matrix": "matrices",
    "mouse": "mice",
    "ox": "oxen",
    "person": "people",
    "potato": "potatoes",
    "quiz": "quizzes",
    "tomato": "tomatoes",
    "tooth": "teeth",
    "woman": "women",
}
UNCOUNTABLE = _words(
    """
    deer equipment feedback fish information metadata money news rice series sheep species
    """
)
# Singular although they end in -s: the plural adds -es.
SINGULAR_IN_S = _words(
    """
    alias apparatus atlas bias bonus bus cactus campus canvas census consensus corpus focus gas genius lens
    nexus octopus radius status stimulus surplus syllabus virus
    """
)
# The plural is -ves.
SINGULAR_IN_F = _words(
    """
    calf dwarf elf half knife leaf life loaf scarf self shelf thief wharf wife wolf
    """
)
# The singular ends in -ie, -che or -oe, which the endings below would cut too far.
SINGULAR_IN_E = _words(
    """
    ache cache calorie cookie genie movie niche pie selfie shoe tie toe zombie
    """
)

_PLURALS = {
    **IRREGULAR,
    **{word: f"{word}es" for word in SINGULAR_IN_S},
    **{word: re.sub("fe?$", "ves", word) for word in SINGULAR_IN_F},
    **{word: f"{word}s" for word in SINGULAR_IN_E},
}
_SINGULARS = {plural: singular for singular, plural in _PLURALS.items()}

_PLURAL_ENDINGS = [(r"([^aeiou])y$", r"\1ies"), (r"sis$", "ses"), (r"(s|x|z|ch|sh)$", r"\1es"), (r"$", "s")]
_SINGULAR_ENDINGS = [
    (r"(ss|sis)$", r"\1"),
    (r"([^aeiou])ies$", r"\1y"),
    (r"(analy|cri|diagno|hypothe|synop|the)ses$", r"\1sis"),
    (r"(ss|x|tz|ch|sh)es$", r"\1"),
    (r"s$", ""),
]


def plural(word: str) -> str:
    """Build the plural of a snake_case noun.

    Args:    word: lower case; parts joined by "_", only the last changes.
    Returns: the plural; the word itself when it already is one or has none.
    Raises:  nothing.
    """
    head, last = _split_last(word)
    if last in UNCOUNTABLE or last in _SINGULARS:
        return word
    if last not in _PLURALS and singular(last) != last:
        return word
    return head + (_PLURALS.get(last) or _apply(_PLURAL_ENDINGS, last))


def singular(word: str) -> str:
    """Build the singular of a snake_case noun.

    Args:    word: lower case; parts joined by "_", only the last changes.
    Returns: the singular; the word itself when it already is one.
    Raises:  nothing.
    """
    head, last = _split_last(word)
    if last in UNCOUNTABLE or last in _PLURALS:
        return word
    return head + (_SINGULARS.get(last) or _apply(_SINGULAR_ENDINGS, last))


def snake(name: str) -> str:
    """Write a name as snake_case: `BlogPost`, `blog-post` and `HTTPLog` become `blog_post`, `blog_post`, `http_log`."""
    text = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    text = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", text)
    return re.sub(r"[\s.-]+", "_", text).lower()


def camel(name: str) -> str:
    """Write a name as CamelCase: `blog_post` becomes `BlogPost`."""
    return "".join(part[:1].upper() + part[1:] for part in snake(name).split("_"))


def title(name: str) -> str:
    """Write a name for people to read: `blog_post` becomes `Blog post`."""
    return snake(name).replace("_", " ").strip().capitalize()


def article(word: str) -> str:
    """Pick "a" or "an" for a word by its first letter; `user`, `unit` and `one` sound like consonants."""
    return "an" if re.match(r"(?!uni|use|uti|one|eu)[aeiou]", word.lower()) else "a"


def _split_last(word: str) -> tuple[str, str]:
    head, separator, last = word.rpartition("_")
    return head + separator, last


def _apply(endings: list[tuple[str, str]], word: str) -> str:
    for pattern, replacement in endings:
        changed, count = re.subn(pattern, replacement, word, count=1)
        if count:
            return changed
    return word
