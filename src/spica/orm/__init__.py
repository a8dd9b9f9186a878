"""Models: classes whose instances are rows.

Example:
    from spica.orm import Model, Text, Timestamps, field, validates

    class Post(Model, Timestamps):
        title: str = field(max=200)
        body: Text
        published: bool = False

        validates("title", presence=True, length=(3, 200))
"""

from spica.db import Rollback, transaction
from spica.orm.callbacks import (
    after_commit,
    after_create,
    after_create_commit,
    after_destroy,
    after_destroy_commit,
    after_rollback,
    after_save,
    after_update,
    after_update_commit,
    around_create,
    around_destroy,
    around_save,
    around_update,
    before_create,
    before_destroy,
    before_save,
    before_update,
    before_validation,
    validate,
)
from spica.orm.changeset import Changeset
from spica.orm.errors import (
    ForbiddenAttributes,
    InvalidChangeset,
    ModelDefinitionError,
    NotDestroyed,
    NotLoaded,
    NotPersisted,
    QueryError,
    RecordNotFound,
    StaleRecord,
    StoredValueError,
    UnknownField,
    UnknownRelation,
    ValidationError,
)
from spica.orm.fields import Text, field, lock
from spica.orm.functions import average, count, exists, lower, maximum, minimum, sum_, upper
from spica.orm.mapped import Mapped
from spica.orm.model import Model
from spica.orm.page import Page
from spica.orm.passwords import Password
from spica.orm.query import Query
from spica.orm.relations.options import belongs_to, has_many, has_one, many_to_many
from spica.orm.repo import repo
from spica.orm.rules import validates
from spica.orm.scopes import scope
from spica.orm.soft_delete import SoftDelete
from spica.orm.timestamps import Timestamps
from spica.validation import Errors

__all__ = [
    "Changeset",
    "Errors",
    "ForbiddenAttributes",
    "InvalidChangeset",
    "Mapped",
    "Model",
    "ModelDefinitionError",
    "NotDestroyed",
    "NotLoaded",
    "NotPersisted",
    "Page",
    "Password",
    "Query",
    "QueryError",
    "RecordNotFound",
    "Rollback",
    "SoftDelete",
    "StaleRecord",
    "StoredValueError",
    "Text",
    "Timestamps",
    "UnknownField",
    "UnknownRelation",
    "ValidationError",
    "after_commit",
    "after_create",
    "after_create_commit",
    "after_destroy",
    "after_destroy_commit",
    "after_rollback",
    "after_save",
    "after_update",
    "after_update_commit",
    "around_create",
    "around_destroy",
    "around_save",
    "around_update",
    "average",
    "before_create",
    "before_destroy",
    "before_save",
    "before_update",
    "before_validation",
    "belongs_to",
    "count",
    "exists",
    "field",
    "has_many",
    "has_one",
    "lock",
    "lower",
    "many_to_many",
    "maximum",
    "minimum",
    "repo",
    "scope",
    "sum_",
    "transaction",
    "upper",
    "validate",
    "validates",
]
