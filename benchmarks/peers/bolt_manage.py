"""django-bolt as its documentation shows it: `bolt_manage.py runbolt`."""

import asyncio
import sys

import msgspec
from django.conf import settings
from django.core.management import execute_from_command_line

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    BOLT_API=["bolt_manage:api"],
    INSTALLED_APPS=["django_bolt"],
    LOGGING_CONFIG=None,
    ROOT_URLCONF="bolt_manage",
    SECRET_KEY="a secret of the benchmark, which guards nothing at all",
)
urlpatterns = []

from django_bolt import BoltAPI  # noqa: E402 (after the settings)
from django_bolt.responses import PlainText  # noqa: E402

api = BoltAPI()


class User(msgspec.Struct):
    id: int
    name: str


@api.get("/plaintext")
def plaintext():
    return PlainText("Hello, World!")


@api.get("/users/{id}")
def show_user(id: int) -> User:
    return User(id, "Ada Lovelace")


@api.get("/await")
async def waits():
    await asyncio.sleep(0)
    return PlainText("Hello, World!")


if __name__ == "__main__":
    sys.modules["bolt_manage"] = sys.modules["__main__"]
    execute_from_command_line(sys.argv)
