"""Public files: what a path may name, and what it never does."""

from pathlib import Path

import pytest

from spica.app.public_files import PublicFiles


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    public = tmp_path / "public"
    for name in ("a b.txt", "css/app.css", "docs/index.html", ".well-known/security.txt", ".env", "css/.hidden"):
        path = public / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "public-sibling").mkdir()
    (tmp_path / "public-sibling/x.txt").write_text("secret")
    (public / "link.txt").symlink_to(tmp_path / "secret.txt")
    (public / "linked").symlink_to(tmp_path)
    (public / "inside.txt").symlink_to(public / "a b.txt")
    return public


@pytest.mark.parametrize(
    ("path", "file", "content_type"),
    [
        ("/a b.txt", "a b.txt", "text/plain; charset=utf-8"),
        ("/css/app.css", "css/app.css", "text/css; charset=utf-8"),
        ("//css//app.css", "css/app.css", "text/css; charset=utf-8"),
        ("/docs/", "docs/index.html", "text/html; charset=utf-8"),
        ("/.well-known/security.txt", ".well-known/security.txt", "text/plain; charset=utf-8"),
        ("/inside.txt", "a b.txt", "text/plain; charset=utf-8"),
    ],
)
def test_serves_what_lies_in_the_folder(folder: Path, path: str, file: str, content_type: str) -> None:
    response = PublicFiles(folder, cache_s=60).find(path)
    assert response is not None
    assert response.file == str(folder / file)
    assert response.header("content-type") == content_type
    assert response.header("cache-control") == "public, max-age=60"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/docs",
        "/css",
        "/nothing.txt",
        "/../secret.txt",
        "/css/../../secret.txt",
        "/../public-sibling/x.txt",
        "/./a b.txt",
        "/.env",
        "/css/.hidden",
        "/link.txt",
        "/linked/secret.txt",
        "/a b.txt\0",
        "/a b.txt\n",
        "/..\\secret.txt",
        "/c:/secret.txt",
        "/a b.txt/",
        "/" + "x" * 5000,
    ],
)
def test_names_nothing_else(folder: Path, path: str) -> None:
    assert PublicFiles(folder).find(path) is None


def test_a_missing_folder_has_no_files(tmp_path: Path) -> None:
    assert PublicFiles(tmp_path / "none").find("/x") is None
