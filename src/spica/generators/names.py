"""The names of one resource: model, table, controller, folder and what people read, all from one word."""

from __future__ import annotations

import keyword
from dataclasses import dataclass

from spica import inflection
from spica.generators.errors import BadName

# Classes that the generated module imports or defines; a model of that name would hide them.
RESERVED_CLASSES = frozenset(
    ["App", "Application", "Controller", "Flash", "Migration", "Model", "Params", "Text", "Timestamps"]
)


@dataclass(frozen=True)
class ResourceNames:
    """Every way in which a resource is written. `BlogPost`, `blog_post` and `blog_posts` give the same names."""

    singular: str
    plural: str

    @classmethod
    def parse(cls, word: str) -> ResourceNames:
        """Read the name of a resource as typed on the command line.

        Args:    word: CamelCase or snake_case, singular or plural, letters, digits and "_".
        Returns: the names.
        Raises:  BadName when it cannot name a Python class, or hides one that models use.
        """
        snake = inflection.singular(check_identifier(word, "a resource"))
        names = cls(snake, inflection.plural(snake))
        if names.model in RESERVED_CLASSES or keyword.iskeyword(names.plural):
            raise BadName(
                f'"{word}" cannot name a resource',
                why=f"{names.model} is a class that Spica's models use",
                fix="choose another name",
            )
        return names

    @property
    def model(self) -> str:
        """Class of the model: `BlogPost`."""
        return inflection.camel(self.singular)

    @property
    def controller(self) -> str:
        """Class of the controller: `BlogPostsController`."""
        return f"{inflection.camel(self.plural)}Controller"

    @property
    def title(self) -> str:
        """One of it, for people: `Blog post`."""
        return inflection.title(self.singular)

    @property
    def titles(self) -> str:
        """All of them, for people: `Blog posts`."""
        return inflection.title(self.plural)

    @property
    def words(self) -> str:
        """One of it inside a sentence: `blog post`."""
        return self.title.lower()

    @property
    def index_path(self) -> str:
        """Path helper of the whole set, as `r.resources` names it: `blog_posts`, and `news_index`."""
        return self.plural if self.plural != self.singular else f"{self.plural}_index"

    @property
    def collection(self) -> str:
        """Variable that holds several: the plural, and `all_news` for a noun without one."""
        return self.plural if self.plural != self.singular else f"all_{self.plural}"


def check_identifier(word: str, what: str) -> str:
    """Check that a word can be a Python name and write it in snake_case.

    Args:    word: as typed; what: for the message, such as "a model".
    Returns: the snake_case form.
    Raises:  BadName otherwise.
    """
    snake = inflection.snake(word)
    if not snake.isascii() or not snake.isidentifier() or snake.startswith("_"):
        raise BadName(
            f'"{word}" cannot name {what}',
            why="a name starts with a letter and holds letters, digits and _",
            fix="write it like BlogPost or blog_post",
        )
    if keyword.iskeyword(snake) or keyword.iskeyword(inflection.camel(snake)):
        raise BadName(f'"{word}" cannot name {what}', why=f"{snake} is a word of Python", fix="choose another name")
    return snake
