"""TechEmpower's pages with Django, synchronous under gunicorn."""

import os
import random
from operator import attrgetter
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.urls import path

parts = urlsplit(os.environ["BENCH_DATABASE_URL"])
if parts.scheme == "sqlite":
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": parts.path}
else:
    database = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": parts.username,
        "PASSWORD": parts.password or "",
        "HOST": parts.hostname,
        "PORT": parts.port or 5432,
    }
PAGE = (
    "<!DOCTYPE html><html><head><title>Fortunes</title></head><body><table><tr><th>id</th><th>message</th></tr>"
    "{% for fortune in fortunes %}<tr><td>{{ fortune.id }}</td><td>{{ fortune.message }}</td></tr>{% endfor %}"
    "</table></body></html>"
)
settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": {**database, "CONN_MAX_AGE": None}},
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],  # says how long an answer is
    USE_TZ=True,
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import models  # noqa: E402
from django.template import engines  # noqa: E402

template = engines["django"].from_string(PAGE)


class World(models.Model):
    id = models.IntegerField(primary_key=True)
    randomnumber = models.IntegerField()

    class Meta:
        app_label = "bench"
        db_table = "world"


class Fortune(models.Model):
    id = models.IntegerField(primary_key=True)
    message = models.CharField(max_length=2048)

    class Meta:
        app_label = "bench"
        db_table = "fortune"


def shown(world):
    return {"id": world.id, "randomNumber": world.randomnumber}


def some(request):
    return [World.objects.get(id=random.randint(1, 10_000)) for _ in range(int(request.GET["n"]))]


def show_one(request):
    return JsonResponse(shown(World.objects.get(id=random.randint(1, 10_000))))


def show_many(request):
    return JsonResponse([shown(world) for world in some(request)], safe=False)


def update_many(request):
    worlds = some(request)
    for world in worlds:
        world.randomnumber = random.randint(1, 10_000)
        world.save(update_fields=["randomnumber"])
    return JsonResponse([shown(world) for world in worlds], safe=False)


def show_fortunes(request):
    fortunes = list(Fortune.objects.all())
    fortunes.append(Fortune(id=0, message="Additional fortune added at request time."))
    fortunes.sort(key=attrgetter("message"))
    return HttpResponse(template.render({"fortunes": fortunes}, request))


urlpatterns = [
    path("db", show_one),
    path("queries", show_many),
    path("updates", update_many),
    path("fortunes", show_fortunes),
]
app = get_wsgi_application()
