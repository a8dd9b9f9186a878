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
    InvalidCursor,
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
from spica.orm.functions import (
    average,
    case,
    cast,
    coalesce,
    concat,
    count,
    date_part,
    exists,
    length,
    lower,
    maximum,
    minimum,
    sum_,
    upper,
    value,
)
from spica.orm.mapped import Mapped
from spica.orm.model import Model
from spica.orm.page import CursorPage, Page
from spica.orm.passwords import Password
from spica.orm.query import Query
from spica.orm.raw import raw
from spica.orm.relations.options import belongs_to, has_many, has_one, many_to_many
from spica.orm.repo import repo
from spica.orm.rules import validates
from spica.orm.scopes import scope
from spica.orm.soft_delete import SoftDelete
from spica.orm.tables import alias
from spica.orm.timestamps import Timestamps
from spica.orm.windows import (
    dense_rank,
    first_value,
    lag,
    last_value,
    lead,
    ntile,
    percent_rank,
    rank,
    row_number,
)
from spica.validation import Errors

__all__ = [
    "Changeset",
    "CursorPage",
    "Errors",
    "ForbiddenAttributes",
    "InvalidChangeset",
    "InvalidCursor",
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
    "alias",
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
    "case",
    "cast",
    "coalesce",
    "concat",
    "count",
    "date_part",
    "dense_rank",
    "exists",
    "field",
    "first_value",
    "has_many",
    "has_one",
    "lag",
    "last_value",
    "lead",
    "length",
    "lock",
    "lower",
    "many_to_many",
    "maximum",
    "minimum",
    "ntile",
    "percent_rank",
    "rank",
    "raw",
    "repo",
    "row_number",
    "scope",
    "sum_",
    "transaction",
    "upper",
    "validate",
    "validates",
    "value",
]
