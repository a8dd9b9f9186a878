"""The stored text of generated files: what `spica new` and the generators write, kept to be read and compared.

To accept a change on purpose: `.venv/bin/python -m tests.generators.store`, then read the diff.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from spica.generators.apply import check_steps, decide, write_steps
from spica.generators.fields import parse_fields
from spica.generators.kinds.channel import plan_channel
from spica.generators.kinds.controller import plan_controller
from spica.generators.kinds.middleware import plan_middleware
from spica.generators.kinds.migration import plan_migration
from spica.generators.kinds.model import plan_model
from spica.generators.kinds.project import plan_project
from spica.generators.kinds.scaffold import plan_scaffold
from spica.generators.names import ResourceNames
from spica.generators.plan import Plan
from spica.generators.project import Project

STORED = Path(__file__).parent / "stored"
CACHES = {".ruff_cache", "__pycache__"}
NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)

POST = "title:string body:text published:boolean"
# Every field type and modifier, and a reference.
EVERYTHING = (
    "post:references author:string:index body:text:null rank:integer:default=1 price:decimal:default=1.50 day:date "
    "starts_at:datetime data:json key:uuid slug:string:unique big:bigint ratio:float:null"
)


def generate_blog(root: Path) -> None:
    """Write a project, a post scaffold and a channel."""
    _carry_out(plan_project("blog"), root)
    _carry_out(plan_scaffold(Project(root, NOW), ResourceNames.parse("Post"), parse_fields(POST.split())), root)
    _carry_out(plan_channel(Project(root, NOW), "Chat", ["new_msg", "typing"]), root)


def generate_rest(root: Path) -> None:
    """Write into a blog what the other generators make, and resources with awkward names and fields."""
    comment = parse_fields(EVERYTHING.split())
    _carry_out(plan_scaffold(Project(root, NOW), ResourceNames.parse("Comment"), comment), root)
    _carry_out(plan_scaffold(Project(root, NOW), ResourceNames.parse("News"), parse_fields(["day:date"])), root)
    person = parse_fields(["name", "person:references:null"])
    _carry_out(plan_model(Project(root, NOW), ResourceNames.parse("Person"), person), root)
    user = parse_fields(["email:string:unique", "password:password", "pin:password:null"])
    _carry_out(plan_scaffold(Project(root, NOW), ResourceNames.parse("User"), user), root)
    _carry_out(plan_controller(Project(root, NOW), "Pages", ["index", "about"]), root)
    _carry_out(plan_channel(Project(root, NOW), "BlogPost", []), root)
    _carry_out(plan_middleware("RequireAuth"), root)
    for name, fields in [
        ("AddSlugToPosts", "slug:string:unique rank:integer:default=0 person:references"),
        ("RemoveSlugFromPosts", "slug:string:unique person:references"),
        ("CreateTags", "name:string:unique"),
        ("MergeDuplicates", ""),
    ]:
        _carry_out(plan_migration(Project(root, NOW), name, parse_fields(fields.split())), root)


def read_tree(root: Path) -> dict[str, str]:
    """Read every file under a folder, by its path there; what linters and Python leave behind does not count."""
    files = {path.relative_to(root): path for path in sorted(root.rglob("*")) if path.is_file()}
    return {name.as_posix(): path.read_text() for name, path in files.items() if not CACHES & {*name.parts}}


def copy_blog(target: Path) -> Path:
    """Copy the stored blog to a new folder."""
    return shutil.copytree(STORED, target, ignore=shutil.ignore_patterns(*CACHES))


def _carry_out(plan: Plan, root: Path) -> None:
    steps = decide(plan, root)
    check_steps(steps)
    write_steps(steps, root)


if __name__ == "__main__":
    shutil.rmtree(STORED, ignore_errors=True)
    generate_blog(STORED)
