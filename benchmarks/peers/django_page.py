"""The page of benchmarks/page in Django: signed session, CSRF token, security fields, messages, a layout."""

from __future__ import annotations

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.template.loader import get_template
from django.urls import path

LAYOUT = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>{% block title %}Page{% endblock %}</title>
    <meta name="csrf-token" content="{{ csrf_token }}">
    <link rel="stylesheet" href="/css/app.css">
  </head>
  <body>
    <main>
      {% for message in messages %}
        <p class="flash {{ message.tags }}">{{ message }}</p>
      {% endfor %}
      {% block content %}{% endblock %}
    </main>
  </body>
</html>
"""
INDEX = """{% extends "layout.html" %}
{% block title %}Items{% endblock %}
{% block content %}
  <h1>Items</h1>
  <ul>
    {% for item in items %}
      <li><a href="{% url 'item' item.id %}">{{ item.name }}</a></li>
    {% endfor %}
  </ul>
{% endblock %}
"""
settings.configure(
    SECRET_KEY="a secret of the benchmark, which guards nothing at all",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    MESSAGE_STORAGE="django.contrib.messages.storage.session.SessionStorage",
    INSTALLED_APPS=["django.contrib.sessions", "django.contrib.messages"],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.messages.context_processors.messages",
                ],
                "loaders": [
                    (
                        "django.template.loaders.cached.Loader",
                        [("django.template.loaders.locmem.Loader", {"layout.html": LAYOUT, "index.html": INDEX})],
                    )
                ],
            },
        }
    ],
)
ITEMS = [{"id": number, "name": f"Item <{number}>"} for number in range(1, 11)]


def index(request, id=None):
    items = ITEMS if id is None else ITEMS[id - 1 : id]
    return HttpResponse(get_template("index.html").render({"items": items}, request))


urlpatterns = [path("page", index), path("items/<int:id>", index, name="item")]
app = get_wsgi_application()
