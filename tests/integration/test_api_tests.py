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


@app.post("/upload")
def upload(file: UploadFile) -> dict[str, object]:
    return {"name": file.filename, "type": file.content_type}


@app.get("/api/v1/latest")
async def latest() -> dict[str, object]:
    return {"number": await Post.count(), "titles": [post.title for post in await Post.order("id")]}
"""
IMPORTS = "from app.models.post import Post\nfrom spica import Context, Unauthorized, UploadFile\n"

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
"""


def test_the_block_of_the_page_on_tests(blog: Path) -> None:
    main = blog / "main.py"
    main.write_text(IMPORTS + main.read_text() + MAIN)
    (blog / "tests" / "test_api.py").write_text(TESTS)
    done = run_command("test", "tests/test_api.py", cwd=blog, check=False, PYTEST_XDIST_WORKER="")
    assert done.returncode == 0, done.stdout + done.stderr
