"""Django's ORM in its synchronous form, which is its fast one; 64 reads run one after the other."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from urllib.parse import urlsplit

import django
from django.conf import settings

from benchmarks.data.operations import AT_ONCE, AUTHORS, BODY, BULK, ROWS, TITLE

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # the measuring program has a loop; nothing of Django's runs on it


def configure(url: str) -> None:
    """Set Django up for a database."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        database = {"ENGINE": "django.db.backends.sqlite3", "NAME": url.removeprefix("sqlite://")}
    else:
        database = {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.path.lstrip("/"),
            "USER": parts.username,
            "PASSWORD": parts.password or "",
            "HOST": parts.hostname,
            "PORT": parts.port or 5432,
            "CONN_MAX_AGE": None,
        }
    settings.configure(DATABASES={"default": database}, INSTALLED_APPS=[], USE_TZ=True, DEBUG=False)
    django.setup()


class Subject:
    async def open(self, url: str) -> None:
        configure(url)
        from django.db import models

        class Author(models.Model):
            name = models.CharField(max_length=100)

            class Meta:
                app_label = "bench"
                db_table = "authors"

        class Post(models.Model):
            title = models.CharField(max_length=200)
            body = models.TextField()
            published = models.BooleanField()
            views = models.IntegerField()
            author = models.ForeignKey(Author, on_delete=models.CASCADE)
            created_at = models.DateTimeField()

            class Meta:
                app_label = "bench"
                db_table = "posts"

        self._posts = Post
        self._records = list(Post.objects.filter(id__lte=ROWS).order_by("id"))

    async def close(self) -> None:
        from django.db import connections

        connections.close_all()

    async def get(self, number: int) -> object:
        return self._posts.objects.get(pk=number % ROWS + 1)

    async def list(self, number: int) -> object:
        return list(self._posts.objects.filter(published=True).order_by("-id")[:20])

    async def parent(self, number: int) -> object:
        return list(self._posts.objects.select_related("author").filter(published=True).order_by("-id")[:20])

    async def insert(self, number: int) -> object:
        return self._build(number).save()

    async def update(self, number: int) -> object:
        record = self._records[number % ROWS]
        record.views = number
        return record.save(update_fields=["views"])

    async def bulk(self, number: int) -> None:
        self._posts.objects.bulk_create([self._build(index) for index in range(BULK)])

    async def concurrent(self, number: int) -> None:
        for index in range(AT_ONCE):
            await self.get(number + index)

    def _build(self, number: int) -> object:
        return self._posts(
            title=TITLE, body=BODY, published=True, views=number, author_id=number % AUTHORS + 1, created_at=NOW
        )
