"""Projects: what a folder becomes."""

import re
import shutil

import pytest

from spica import App
from spica.app.errors import BootError, ProjectFileError
from spica.controllers.errors import ActionNotFoundError, ControllerNotFoundError
from spica.middleware.errors import InvalidMiddleware

HTML = {"accept": "text/html"}


def token_of(page: str) -> str:
    found = re.search(r'content="([^"]+)"', page)
    assert found is not None
    return found[1]


async def test_an_action_without_a_result_renders_its_own_template(project, exchange) -> None:
    answer = await exchange(App(root=project), "GET", "/", headers=HTML)
    assert answer.status == 200
    assert '<p>Hello</p><a href="/posts" class="x">Posts</a>' in answer.text
    assert answer.field("x-request-id")


async def test_render_is_html_or_json_by_what_was_asked_for(project, exchange) -> None:
    app = App(root=project)
    page = await exchange(app, "GET", "/posts?page=2", headers=HTML)
    assert (page.field("content-type"), page.field("vary")) == (
        "text/html; charset=utf-8",
        "Accept, HX-Request, cookie",
    )
    assert "<li>First</li>page 2" in page.text
    data = await exchange(app, "GET", "/posts", headers={"accept": "application/json"})
    assert data.json() == {"posts": ["First"], "page": 1}


async def test_a_form_posts_with_its_token_and_the_message_shows_once(project, exchange) -> None:
    app = App(root=project)
    page = await exchange(app, "GET", "/posts", headers=HTML)
    cookies = {"cookie": page.cookies()}
    form = {"post[title]": "Second", "_csrf_token": token_of(page.text)}

    refused = await exchange(app, "POST", "/posts", form={"post[title]": "x"}, headers=cookies)
    assert refused.status == 403
    created = await exchange(app, "POST", "/posts", form=form, headers=cookies)
    assert (created.status, created.field("location")) == (303, "/posts")
    cookies = {"cookie": created.cookies(), **HTML}
    shown = await exchange(app, "GET", "/posts", headers=cookies)
    assert "[notice: Created &lt;b&gt;]" in shown.text
    again = await exchange(app, "GET", "/posts", headers={"cookie": shown.cookies(), **HTML})
    assert "notice" not in again.text


async def test_a_form_names_patch_and_delete(project, exchange) -> None:
    app = App(root=project)
    page = await exchange(app, "GET", "/posts", headers=HTML)
    cookies = {"cookie": page.cookies()}
    token = {"_csrf_token": token_of(page.text)}

    unprotected = await exchange(app, "POST", "/posts/1", form={"_method": "delete"}, headers=cookies)
    assert unprotected.status == 403
    updated = await exchange(
        app, "POST", "/posts/1", form={"_method": "patch", "post[title]": "Changed", **token}, headers=cookies
    )
    assert (updated.status, updated.field("location")) == (303, "/posts/1")
    assert "<h1>Changed</h1>" in (await exchange(app, "GET", "/posts/1", headers=HTML)).text
    removed = await exchange(app, "POST", "/posts/1", form={"_method": "DELETE", **token}, headers=cookies)
    assert removed.field("location") == "/posts"
    assert (await exchange(app, "GET", "/posts/1", headers=HTML)).status == 404

    for form in ({"x": "y"}, {"_method": "get"}):
        nothing = await exchange(app, "POST", "/posts/1", form={**form, **token}, headers=cookies)
        assert (nothing.status, nothing.field("allow")) == (405, "DELETE, GET, HEAD, OPTIONS, PATCH, PUT")
    assert (await exchange(app, "POST", "/posts/1", content=b"{", headers={"content-type": "a/b"})).status == 405


async def test_a_path_that_does_not_convert_is_a_404(project, exchange) -> None:
    assert (await exchange(App(root=project), "GET", "/posts/abc", headers=HTML)).status == 404


async def test_api_routes_have_their_own_pipeline(project, exchange) -> None:
    answer = await exchange(App(root=project), "GET", "/api/v1/posts")
    assert (answer.json(), answer.cookies()) == ({"posts": []}, "")


async def test_public_files_answer_where_no_route_does(project, exchange) -> None:
    app = App(root=project)
    robots = await exchange(app, "GET", "/robots.txt")
    assert (robots.status, robots.body.read(1000)) == (200, b"User-agent: *\n")
    assert (robots.field("content-type"), robots.field("cache-control")) == ("text/plain; charset=utf-8", "no-cache")
    assert (await exchange(app, "GET", "/docs/")).body.read(1000) == b"<h1>docs</h1>"
    assert (await exchange(app, "HEAD", "/robots.txt")).field("content-length") == "14"
    assert (await exchange(app, "POST", "/robots.txt")).status == 404
    (project / "config/app.toml").write_text('[app]\nsecret_key = "a production secret key, 32 or more"\n')
    production = App(root=project, env="production")
    assert (await exchange(production, "GET", "/robots.txt")).field("cache-control") == "public, max-age=86400"


async def test_a_project_without_public_files_has_none(project, exchange) -> None:
    shutil.rmtree(project / "public")
    assert (await exchange(App(root=project), "GET", "/robots.txt")).status == 404


async def test_error_pages_of_the_project_are_used(project, exchange) -> None:
    (project / "public/404.html").write_text("<h1>lost</h1>")
    (project / "app/views/errors").mkdir()
    (project / "app/views/errors/500.html").write_text('{% extends "layout" %}{% block content %}{{ title }}!{% end %}')
    (project / "config/app.toml").write_text('[app]\nsecret_key = "a production secret key, 32 or more"\n')
    app = App(root=project, env="production")
    assert (await exchange(app, "GET", "/nothing")).text == "<h1>lost</h1>"
    (project / "app/views/posts/show.html").write_text("{{ 1 / 0 }}")
    broken = await exchange(app, "GET", "/posts/1")
    assert (broken.status, broken.text) == (500, "Internal Server Error!")


async def test_an_error_page_may_be_written_in_any_syntax(project, exchange) -> None:
    (project / "app/views/errors").mkdir()
    (project / "app/views/errors/404.html.erb").write_text("<p><%= status %> <%= title %></p>")
    assert (await exchange(App(root=project), "GET", "/posts/99", headers=HTML)).text == "<p>404 Not Found</p>"


async def test_an_error_page_that_fails_does_not_hide_the_error(project, exchange) -> None:
    (project / "app/views/errors").mkdir()
    (project / "app/views/errors/404.html").write_text("{{ nothing_of_this_name }}")
    answer = await exchange(App(root=project), "GET", "/posts/99", headers=HTML)
    assert answer.status == 404
    assert "no such post" in answer.text


def test_a_project_without_routes_says_what_to_write(project) -> None:
    (project / "config/routes.py").unlink()
    with pytest.raises(ProjectFileError) as caught:
        App(root=project).core
    assert "config/routes.py" in caught.value.what
    assert "def draw(r: Routes) -> None:" in caught.value.fix

    (project / "config/routes.py").write_text("drow = 1\n")
    with pytest.raises(ProjectFileError, match="no function draw"):
        App(root=project).core


BREAKS = {
    "in the file": ("def draw(r):\n    r.get('/a', undefined)\n", "config/routes.py:2", "NameError"),
    "at import": ("import no_such_module\n", "config/routes.py:1", "ModuleNotFoundError"),
    "in its syntax": ("def draw(r):\n    r.get('/a'\n", "config/routes.py:2", "SyntaxError"),
    "in what it imports": ("from app.broken import x\n", "app/broken.py:2", "ZeroDivisionError"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_an_exception_in_the_configuration_is_one_clear_error(project, name: str) -> None:
    text, where, kind = BREAKS[name]
    (project / "app/broken.py").write_text("x = 1\ny = x / 0\n")
    (project / "config/routes.py").write_text(text)
    with pytest.raises(ProjectFileError) as caught:
        App(root=project).core
    assert caught.value.what.startswith(f"config/routes.py raised {kind}: ")
    assert where in caught.value.where
    assert type(caught.value.__cause__).__name__ == kind


@pytest.mark.parametrize(
    ("file", "text", "fix"),
    [
        (
            "middleware",
            "from spica import middleware as m\ndef draw(p):\n    p.use(m.Sesion)\n",
            "did you mean Session?",
        ),
        ("middleware", "def draw(p):\n    p.plug(7)\n", "p.use(m.Session, m.Csrf)"),
        ("routes", "def draw(r):\n    r.resorces('posts')\n", "did you mean resources?"),
        ("routes", "def draw(r):\n    r.include_router(1)\n", "r.mount(prefix, router)"),
        ("routes", "def draw(r):\n    r.zzz('posts')\n", ""),
    ],
)
def test_a_name_that_is_not_there_is_told_with_the_one_that_was_meant(project, file: str, text: str, fix: str) -> None:
    (project / f"config/{file}.py").write_text(text)
    with pytest.raises(ProjectFileError) as caught:
        App(root=project).core
    assert caught.value.fix == fix


def test_what_spica_says_of_the_configuration_stays_as_it_is(project) -> None:
    (project / "config/middleware.py").write_text("def draw(p):\n    p.use(7)\n")
    with pytest.raises(InvalidMiddleware):
        App(root=project).core
    (project / "config/middleware.py").write_text("def draw(p):\n    p.user()\n")
    with pytest.raises(ProjectFileError) as caught:
        App(root=project).core
    assert caught.value.where.splitlines()[0] == "config/middleware.py:2  p.user()"


def test_missing_controllers_and_actions_are_all_named(project) -> None:
    (project / "app/controllers/empty_controller.py").write_text("class Emptycontroller: ...\n")
    (project / "config/routes.py").write_text(
        "def draw(r):\n"
        "    r.get('/a', 'pots#index')\n"
        "    r.get('/b', 'posts#shwo')\n"
        "    r.get('/c', 'empty#index')\n"
        "    r.get('/d', 'posts#load')\n"
        "    r.get('/e', 'posts#render')\n"
    )
    with pytest.raises(BootError) as caught:
        App(root=project).core
    controller, action, class_, filter_, inherited = caught.value.mistakes
    assert isinstance(controller, ControllerNotFoundError)
    assert "posts" in controller.fix
    assert "routes.py:2" in controller.where
    assert isinstance(action, ActionNotFoundError)
    assert action.fix == "did you mean posts#show?"
    assert isinstance(class_, ControllerNotFoundError)
    assert "EmptyController" in class_.what
    assert isinstance(filter_, ActionNotFoundError), "a filter is no action"
    assert isinstance(inherited, ActionNotFoundError), "what Controller itself has is no action"


def test_the_listing_names_the_default_pipeline(project) -> None:
    rows = App(root=project).route_rows()
    assert [(row.name, row.pipe) for row in rows if row.method == "GET"][:2] == [
        ("root", "browser"),
        ("posts", "browser"),
    ]
    assert rows[-1].pipe == "api"
