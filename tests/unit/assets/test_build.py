"""Builds: names by content, siblings, what stylesheets name, and what stays and goes between builds."""

from __future__ import annotations

import gzip
import hashlib
import os
from pathlib import Path

import pytest

from spica.assets.build import build_assets, clean_assets, fingerprint, integrity
from spica.assets.errors import AssetReferenceError, BrokenManifestError
from spica.assets.manifest import NAME, read_manifest

FILES = {
    "css/app.css": '@import "base.css";\na { background: url("../logo.svg") }\n' + "b { color: red }\n" * 50,
    "css/base.css": "a { color: blue }",
    "logo.svg": "<svg></svg>",
    "js/app.js": "let a = 1\n" * 100,
    "photo.png": "png" * 1000,
    "LICENSE": "free",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        put(tmp_path, name, content)
    put(tmp_path, ".DS_Store", "x")
    put(tmp_path, ".git/config", "x")
    return tmp_path


def put(project: Path, name: str, content: str) -> None:
    path = project / "app/assets" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def written(project: Path) -> set[str]:
    output = project / "public/assets"
    return {path.relative_to(output).as_posix() for path in output.rglob("*") if path.is_file()}


def path_of(project: Path, name: str) -> Path:
    manifest = read_manifest(project / "public/assets")
    assert manifest is not None
    return project / "public" / manifest.assets[name].path.removeprefix("/")


def test_names_carry_the_hash_of_their_content(project: Path) -> None:
    built = build_assets(project)
    assert [one.name for one in built] == sorted(FILES)
    content = FILES["logo.svg"].encode()
    assert path_of(project, "logo.svg").name == f"logo-{hashlib.sha256(content).hexdigest()[:16]}.svg"
    assert path_of(project, "logo.svg").read_bytes() == content
    assert path_of(project, "LICENSE").name.startswith("LICENSE-")
    manifest = read_manifest(project / "public/assets")
    assert manifest is not None
    assert manifest.assets["logo.svg"].integrity == integrity(content)


def test_stylesheets_name_what_was_built(project: Path) -> None:
    build_assets(project)
    text = path_of(project, "css/app.css").read_text()
    for name in ("css/base.css", "logo.svg"):
        assert f'"/{path_of(project, name).relative_to(project / "public")}"' in text
    before = path_of(project, "css/app.css").name
    put(project, "logo.svg", "<svg><g/></svg>")
    build_assets(project)
    assert path_of(project, "css/app.css").name != before, "its content is another: it names another file"


def test_siblings_are_as_old_as_the_original_and_decode_to_it(project: Path) -> None:
    built = {one.name: one for one in build_assets(project)}
    script = path_of(project, "js/app.js")
    assert set(built["js/app.js"].sizes) == {"br", "gz", "zst"}
    for suffix in ("br", "gz", "zst"):
        sibling = script.with_name(f"{script.name}.{suffix}")
        assert sibling.stat().st_mtime_ns >= script.stat().st_mtime_ns
        assert sibling.stat().st_size == built["js/app.js"].sizes[suffix] < script.stat().st_size
    assert gzip.decompress(script.with_name(f"{script.name}.gz").read_bytes()) == script.read_bytes()
    assert built["photo.png"].sizes == {}, "pictures are compressed already"
    assert built["logo.svg"].sizes == {}, "too small to gain anything"


def test_a_second_build_writes_nothing_that_is_there(project: Path) -> None:
    first = build_assets(project)
    times = {name: (project / "public/assets" / name).stat().st_mtime_ns for name in written(project) - {NAME}}
    assert build_assets(project) == first
    assert times == {name: (project / "public/assets" / name).stat().st_mtime_ns for name in times}


def test_a_file_that_was_cut_short_is_written_again(project: Path) -> None:
    build_assets(project)
    script = path_of(project, "js/app.js")
    script.write_text("let")
    build_assets(project)
    assert script.read_text() == FILES["js/app.js"]


def test_a_missing_sibling_is_made_again(project: Path) -> None:
    build_assets(project)
    sibling = path_of(project, "js/app.js").with_name(path_of(project, "js/app.js").name + ".br")
    sibling.unlink()
    build_assets(project)
    assert sibling.is_file()


def test_clean_removes_what_earlier_builds_wrote_and_nothing_else(project: Path) -> None:
    build_assets(project)
    old = path_of(project, "js/app.js")
    (project / "public/assets/mine.txt").write_text("mine")
    put(project, "js/app.js", "let b = 1\n" * 100)
    build_assets(project)
    assert old.is_file(), "pages that are still open name it"
    removed = clean_assets(project)
    assert {name.partition("-")[0] for name in removed} == {"js/app"}
    assert len(removed) == 4
    assert not old.exists()
    assert path_of(project, "js/app.js").is_file()
    assert clean_assets(project) == []
    clean_assets(project, everything=True)
    assert written(project) == {"mine.txt"}
    assert clean_assets(project, everything=True) == []


def test_an_asset_that_is_gone_leaves_the_manifest(project: Path) -> None:
    build_assets(project)
    (project / "app/assets/photo.png").unlink()
    build_assets(project)
    manifest = read_manifest(project / "public/assets")
    assert manifest is not None
    assert "photo.png" not in manifest.assets
    assert any(name.startswith("photo-") for name in clean_assets(project))


def test_sheets_that_import_each_other_are_refused(project: Path) -> None:
    put(project, "css/base.css", '@import "app.css";')
    with pytest.raises(AssetReferenceError, match="import each other"):
        build_assets(project)
    assert not (project / "public/assets" / NAME).exists()


def test_a_file_that_is_missing_is_named_with_its_line(project: Path) -> None:
    put(project, "css/base.css", "a{}\nb{background:url(../lgo.svg)}")
    with pytest.raises(AssetReferenceError) as refused:
        build_assets(project)
    assert refused.value.where.startswith("app/assets/css/base.css:2  b{background")
    assert "did you mean 'logo.svg'?" in refused.value.fix
    put(project, "css/base.css", "b{background:url(../../../../etc/passwd)}")
    with pytest.raises(AssetReferenceError, match="etc/passwd"):
        build_assets(project)


def test_a_broken_manifest_is_said_to_be_so(project: Path) -> None:
    build_assets(project)
    (project / "public/assets" / NAME).write_text('{"assets": 1}')
    with pytest.raises(BrokenManifestError):
        build_assets(project)


def test_without_assets_there_is_an_empty_manifest(tmp_path: Path) -> None:
    assert build_assets(tmp_path) == []
    manifest = read_manifest(tmp_path / "public/assets")
    assert manifest is not None
    assert manifest.assets == {}


def test_a_build_that_is_killed_leaves_no_half_file(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Path, target: Path) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(KeyboardInterrupt):
        build_assets(project)
    assert written(project) == set()


def test_a_fingerprint_has_a_letter_and_a_figure() -> None:
    for number in range(300):
        found = fingerprint(str(number).encode())
        assert len(found) >= 16
        assert any(one.isdigit() for one in found)
        assert any(one.isalpha() for one in found)


def test_links_to_files_count_and_links_to_folders_do_not(project: Path, tmp_path: Path) -> None:
    os.symlink(project / "app/assets/logo.svg", project / "app/assets/linked.svg")
    os.symlink("/etc", project / "app/assets/etc")
    names = [one.name for one in build_assets(project)]
    assert "linked.svg" in names
    assert not any(name.startswith("etc") for name in names)
