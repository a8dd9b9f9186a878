"""ErrorHandler and `app.rescue`: what exceptions become, who decides, and who hears of them."""

from __future__ import annotations

from typing import Any

import pytest

from spica import App, Request, Response
from spica import middleware as m
from spica.errors.http import NotFound
from spica.middleware.errors import InvalidMiddleware
from tests.serving import open_client


class Gone(Exception):
    """A mistake of the application's own."""


class GoneForever(Gone):
    """One below it."""


def raising(error: type[Exception]) -> Any:
    def handler() -> str:
        raise error("internal words")

    return handler


async def status(app: App, path: str, accept: str = "application/json") -> tuple[int, str, str]:
    async with open_client(app) as client:
        response = await client.get(path, headers={"accept": accept})
    return response.status, response.headers.get("content-type", ""), response.text


async def test_a_pipeline_says_what_its_exceptions_become() -> None:
    app = App(env="production")
    app.rescue(Gone, 410)
    app.rescue(KeyError, 404)
    with app.pipeline("api"):
        app.use(m.ErrorHandler({Gone: 409}, format="json"))
    app.get("/bare")(raising(GoneForever))
    app.get("/api", pipe="api")(raising(GoneForever))
    app.get("/key", pipe="api")(raising(KeyError))
    assert (await status(app, "/bare"))[0] == 410
    assert (await status(app, "/api", "text/html"))[:2] == (409, "application/problem+json")
    assert (await status(app, "/key"))[0] == 404
    assert "internal" not in (await status(app, "/api"))[2]


async def test_a_function_makes_the_answer_and_a_nearer_class_counts() -> None:
    app = App(env="production")

    @app.rescue(Gone)
    def explain(request: Request, error: Exception) -> Any:
        return {"path": request.path, "error": str(error)}

    app.rescue(GoneForever, lambda request, error: Response.text("never", status=418))
    app.rescue(NotFound, lambda request, error: Response.text("nothing here", status=404))
    app.get("/gone")(raising(Gone))
    app.get("/forever")(raising(GoneForever))
    assert await status(app, "/gone") == (200, "application/json", '{"path":"/gone","error":"internal words"}')
    assert (await status(app, "/forever"))[0::2] == (418, "never")
    assert (await status(app, "/nowhere"))[0::2] == (404, "nothing here")


async def test_reporters_hear_of_failures_only_and_can_not_break_the_answer() -> None:
    told: list[str] = []
    app = App(env="production")
    app.report(lambda error, request: told.append(f"{request.path} {error!r}"))

    @app.report
    def broken(error: BaseException, request: Request) -> None:
        raise RuntimeError("the reporter is down")

    app.use(m.ErrorHandler({Gone: 503, KeyError: 404}, reporters=[lambda error, request: told.append("again")]))
    app.get("/fails")(raising(ZeroDivisionError))
    app.get("/gone")(raising(Gone))
    app.get("/key")(raising(KeyError))
    assert [(await status(app, path))[0] for path in ("/fails", "/gone", "/key", "/nowhere")] == [500, 503, 404, 404]
    assert told == [
        "/fails ZeroDivisionError('internal words')",
        "again",
        "/gone Gone('internal words')",
        "again",
    ]


async def test_a_rescue_that_fails_is_a_500() -> None:
    app = App(env="production")
    app.rescue(Gone, lambda request, error: 1 / 0)
    app.get("/gone")(raising(Gone))
    assert (await status(app, "/gone"))[0] == 500


async def test_a_page_for_everybody() -> None:
    app = App(env="production")
    app.use(m.ErrorHandler(format="page"))
    assert (await status(app, "/nowhere"))[1] == "text/html; charset=utf-8"


async def wait(request: Request, error: Exception) -> str:
    return ""


@pytest.mark.parametrize("rescue", [wait, "409", None])
def test_an_answer_is_a_status_or_a_plain_function(rescue: Any) -> None:
    with pytest.raises(InvalidMiddleware):
        m.ErrorHandler({Gone: rescue})


def test_mistakes_are_told_at_boot() -> None:
    with pytest.raises(InvalidMiddleware):
        m.ErrorHandler(format="html")  # type: ignore[arg-type]
    with pytest.raises(InvalidMiddleware):
        m.ErrorHandler({"Gone": 409})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="400 to 599"):
        m.ErrorHandler({Gone: 200})
