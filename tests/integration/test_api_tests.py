"""A test as the API promises it, run in a project as its users run it; channels, jobs and mail are not there yet."""

from __future__ import annotations

from pathlib import Path

from tests.processes import run_command

MAIN = """

@app.get("/api/v1/posts/{id:int}")
async def show_post(id: int, ctx: Context) -> dict[str, object]:
    if ctx.request.headers.get("authorization") != "Bearer t":
        raise Unauthorized
    post = await Post.find(id)
    return {"title": post.title, "author": post.body}


def get_rate() -> int:
    return 1


@app.get("/rate")
def show_rate(rate: Annotated[int, Provide(get_rate)]) -> dict[str, int]:
    return {"rate": rate}


@app.post("/upload")
def upload(file: UploadFile) -> dict[str, object]:
    return {"name": file.filename, "type": file.content_type}


@app.get("/api/v1/latest")
async def latest() -> dict[str, object]:
    return {"number": await Post.count(), "titles": [post.title for post in await Post.order("id")]}
"""
IMPORTS = """from typing import Annotated

from app.models.post import Post
from spica import Context, Provide, Unauthorized, UploadFile
"""

TESTS = """
from pathlib import Path

from spica.testing import File, assert_queries
from tests.factories.post import PostFactory as UserFactory


async def test_create_post(client, db, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("test.png").write_bytes(b"\\x89PNG")
    user = await UserFactory.create()
    client.sign_in(user)
    r = await client.post("/posts", form={"post": {"title": "Hi", "body": "there"}})
    r.expect_redirect("/posts/2")
    r = await client.get("/api/v1/posts/2").header("authorization", "Bearer t")
    r.expect_status(200).expect_json_path("$.title", "Hi")
    await client.post("/upload", multipart={"file": File("test.png", content_type="image/png")})
    with assert_queries(2): await client.get("/api/v1/latest")
    assert (await client.session())["user_id"] == user.id


async def test_a_provider_stands_in_for_another(client, override):
    from main import get_rate

    override(get_rate, lambda: 2)
    (await client.get("/rate").accept("json")).expect_json({"rate": 2})


async def test_and_only_until_the_test_is_over(client):
    (await client.get("/rate").accept("json")).expect_json({"rate": 1})
"""


def test_the_block_of_the_page_on_tests(blog: Path) -> None:
    main = blog / "main.py"
    main.write_text(IMPORTS + main.read_text() + MAIN)
    (blog / "tests" / "test_api.py").write_text(TESTS)
    done = run_command("test", "tests/test_api.py", cwd=blog, check=False, PYTEST_XDIST_WORKER="")
    assert done.returncode == 0, done.stdout + done.stderr
