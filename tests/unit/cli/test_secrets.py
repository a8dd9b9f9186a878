"""`spica secrets` and `spica config`: as they are typed, with an editor that is a script."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from spica.cli.main import main
from spica.secrets import store
from spica.secrets.errors import CannotWriteSecrets
from spica.secrets.master_key import MasterKey
from spica.secrets.store import SecretsFile, write_atomically


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "blog"
    (root / "config").mkdir(parents=True)
    (root / "main.py").write_text("")
    (root / "config" / "routes.py").write_text("def draw(r):\n    pass\n")
    (root / ".gitignore").write_text("/config/**/*.key\n")
    monkeypatch.chdir(root)
    for name in ("SPICA_MASTER_KEY", "SPICA_MASTER_KEY_FILE", "VISUAL", "EDITOR", "SPICA_ENV"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "memory").mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "memory"))
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    return root


def edit_with(monkeypatch: pytest.MonkeyPatch, root: Path, *texts: str) -> Path:
    """Make an editor that writes these texts, one a run, and keeps what it was shown."""
    folder = root.parent / "editor"
    folder.mkdir(exist_ok=True)
    for number, text in enumerate(texts):
        (folder / f"write{number}").write_text(text)
    script = folder / "edit.py"
    script.write_text(
        "import pathlib, sys\n"
        f"folder = pathlib.Path({str(folder)!r})\n"
        "run = len(list(folder.glob('shown*')))\n"
        "path = pathlib.Path(sys.argv[-1])\n"
        "(folder / f'shown{run}').write_text(path.read_text())\n"
        "path.write_text((folder / f'write{run}').read_text())\n"
    )
    for shown in folder.glob("shown*"):
        shown.unlink()
    monkeypatch.setenv("EDITOR", f"{sys.executable} '{script}'")
    return folder


def nothing_is_left(root: Path) -> bool:
    return list((root.parent / "memory").iterdir()) == []


def give(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def test_the_first_edit_makes_file_and_key(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = edit_with(monkeypatch, project, '[stripe]\nkey = "sk_live_1"\n')
    assert main(["secrets", "edit"]) == 0
    assert "# Secrets: sealed when you save" in (folder / "shown0").read_text()
    assert "made the key" in capsys.readouterr().err
    assert b"sk_live" not in (project / "config/secrets.toml.encrypted").read_bytes()
    assert nothing_is_left(project)
    assert main(["secrets", "show"]) == 0
    assert capsys.readouterr().out == '[stripe]\nkey = "sk_live_1"\n'
    assert main(["secrets", "get", "stripe.key"]) == 0
    assert capsys.readouterr().out == "sk_live_1\n"
    assert main(["secrets", "get", "stripe"]) == 2
    assert main(["secrets", "get", "stripe.kye"]) == 1


def test_an_edit_that_changes_nothing_writes_nothing(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["secrets", "set", "a", "1"])
    before = (project / "config/secrets.toml.encrypted").read_bytes()
    capsys.readouterr()
    main(["secrets", "show"])
    edit_with(monkeypatch, project, capsys.readouterr().out)
    assert main(["secrets", "edit"]) == 0
    assert "nothing was changed" in capsys.readouterr().out
    assert (project / "config/secrets.toml.encrypted").read_bytes() == before


@pytest.mark.parametrize("editor", ["false", "/nowhere/editor", "", "vi 'unclosed"])
def test_an_editor_that_fails_changes_nothing(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], editor: str
) -> None:
    main(["secrets", "set", "a", "1"])
    before = (project / "config/secrets.toml.encrypted").read_bytes()
    monkeypatch.setenv("EDITOR", editor)
    assert main(["secrets", "edit"]) == 1
    assert "SPICA-C127" in capsys.readouterr().err
    assert (project / "config/secrets.toml.encrypted").read_bytes() == before
    assert nothing_is_left(project)


def test_an_editor_that_removes_the_file_or_leaves_no_text(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["secrets", "set", "a", "1"])
    for command in ("rm", "cp /bin/ls"):
        monkeypatch.setenv("EDITOR", command)
        assert main(["secrets", "edit"]) == 1
        assert "left no text" in capsys.readouterr().err
    assert nothing_is_left(project)


def test_what_is_not_toml_is_kept_sealed_and_offered_again(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["secrets", "set", "a", "1"])
    folder = edit_with(monkeypatch, project, "hours = of work", "hours = 3\n")
    assert main(["secrets", "edit"]) == 1
    told = capsys.readouterr().err
    assert "not valid TOML" in told
    assert "kept, sealed" in told
    assert "of work" not in told
    assert nothing_is_left(project)
    draft = project / "config/secrets.toml.encrypted.draft"
    assert b"hours" not in draft.read_bytes()
    assert main(["secrets", "edit"]) == 0
    assert (folder / "shown1").read_text() == "hours = of work"
    assert "draft of your last edit" in capsys.readouterr().err
    assert not draft.exists()
    main(["secrets", "show"])
    assert capsys.readouterr().out == "hours = 3\n"


def test_at_a_terminal_it_is_edited_again_at_once(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    folder = edit_with(monkeypatch, project, "a = ", "a = 1")
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    assert main(["secrets", "edit"]) == 0
    assert (folder / "shown1").read_text() == "a = "
    assert not (project / "config/secrets.toml.encrypted.draft").exists()


def test_a_change_by_someone_else_meanwhile_loses_neither(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["secrets", "set", "a", "1"])
    folder = edit_with(monkeypatch, project, "ours = 1")
    script = folder / "edit.py"
    script.write_text(
        "from pathlib import Path\nfrom spica.secrets.store import SecretsFile\n"
        "file = SecretsFile(Path.cwd())\nfile.replace('a = \"theirs\"', started_from=file.read())\n"
        + script.read_text()
    )
    assert main(["secrets", "edit"]) == 1
    assert "SPICA-C126" in capsys.readouterr().err
    main(["secrets", "get", "a"])
    assert capsys.readouterr().out == "theirs\n"
    assert SecretsFile(project).read_draft() == "ours = 1"


def test_a_full_disk_loses_nothing_that_can_be_kept(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["secrets", "set", "a", "1"])
    before = (project / "config/secrets.toml.encrypted").read_bytes()
    edit_with(monkeypatch, project, "a = 2")

    def full(path: Path, octets: bytes, *, mode: int) -> None:
        if path.suffix == ".draft":
            write_atomically(path, octets, mode=mode)
        else:
            raise CannotWriteSecrets("No space left on device")

    monkeypatch.setattr(store, "write_atomically", full)
    assert main(["secrets", "edit"]) == 1
    assert "No space left" in capsys.readouterr().err
    assert (project / "config/secrets.toml.encrypted").read_bytes() == before
    assert SecretsFile(project).read_draft() == "a = 2"


def test_set_reads_from_a_pipe_and_keeps_comments(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    edit_with(monkeypatch, project, "# note\n[stripe]\nkey = 'old'\n")
    main(["secrets", "edit"])
    give(monkeypatch, "sk_live_1\n")
    assert main(["secrets", "set", "stripe.key"]) == 0
    assert "sk_live_1" not in "".join(capsys.readouterr())
    main(["secrets", "show"])
    assert capsys.readouterr().out == '# note\n[stripe]\nkey = "sk_live_1"\n'
    give(monkeypatch, "")
    assert main(["secrets", "set", "stripe.key"]) == 2


def test_each_environment_has_its_own_key(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["secrets", "set", "a", "all"])
    main(["secrets", "set", "a", "live", "--env", "prod"])
    assert (project / "config/secrets/production.key").is_file()
    capsys.readouterr()
    for arguments in (["key", "--show"], ["key", "--show", "--env", "production"]):
        assert main(["secrets", *arguments]) == 0
    one, other = capsys.readouterr().out.split()
    assert one != other
    main(["secrets", "get", "a", "--env", "production"])
    assert capsys.readouterr().out == "live\n"


def test_a_key_in_the_environment_needs_no_file(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SPICA_MASTER_KEY", MasterKey(b"v" * 32).text)
    assert main(["secrets", "set", "a", "1"]) == 0
    assert not (project / "config/secrets.key").exists()
    assert main(["secrets", "key"]) == 0
    assert "SPICA_MASTER_KEY" in capsys.readouterr().out
    monkeypatch.delenv("SPICA_MASTER_KEY")
    assert main(["secrets", "show"]) == 1
    assert "SPICA-C120" in capsys.readouterr().err
    assert main(["secrets", "key"]) == 1


def test_show_reads_a_file_for_git(project: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    main(["secrets", "set", "a", "live", "--env", "production"])
    blob = tmp_path / "blob"
    blob.write_bytes((project / "config/secrets/production.toml.encrypted").read_bytes())
    capsys.readouterr()
    assert main(["secrets", "show", str(blob)]) == 0
    assert capsys.readouterr().out == 'a = "live"\n'
    assert main(["secrets", "show"]) == 2


def test_rotation(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["secrets", "set", "a", "1"])
    old = SecretsFile(project).load_keys()[0]
    SecretsFile(project).keep_draft("half = ")
    assert main(["secrets", "rotate"]) == 0
    [new] = SecretsFile(project).load_keys()
    assert new.kid != old.kid
    assert new.text not in capsys.readouterr().out
    main(["secrets", "get", "a"])
    assert capsys.readouterr().out == "1\n"
    assert SecretsFile(project).read_draft() == "half = "


def test_rotation_of_a_key_in_the_environment_shows_the_new_one(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SPICA_MASTER_KEY", MasterKey(b"v" * 32).text)
    main(["secrets", "set", "a", "1"])
    assert main(["secrets", "rotate"]) == 0
    new = next(line for line in capsys.readouterr().out.splitlines() if len(line) == 43)
    monkeypatch.setenv("SPICA_MASTER_KEY", f"{new} {MasterKey(b'v' * 32).text}")
    assert main(["secrets", "get", "a"]) == 0


@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_rotation_that_is_killed_at_any_step_leaves_a_file_that_opens(
    project: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    main(["secrets", "set", "a", "1"])
    steps = 0

    def killed(path: Path, octets: bytes, *, mode: int) -> None:
        nonlocal steps
        steps += 1
        if steps == step:
            raise SystemExit(137)
        write_atomically(path, octets, mode=mode)

    with monkeypatch.context() as patched:
        patched.setattr(store, "write_atomically", killed)
        with pytest.raises(SystemExit):
            main(["secrets", "rotate"])
    file = SecretsFile(project)
    assert file.open(file.read()) == 'a = "1"\n'
    assert main(["secrets", "rotate"]) == 0
    assert len(file.load_keys()) == 1


def test_a_key_of_a_passphrase_can_be_made_again_elsewhere(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("spica.crypto.derivation.PassphraseCost.__new__.__defaults__", (64, 1, 1))
    give(monkeypatch, "correct horse battery staple\n")
    assert main(["secrets", "kdf"]) == 0
    assert main(["secrets", "set", "a", "1"]) == 0
    (project / "config/secrets.key").unlink()
    give(monkeypatch, "wrong horse\n")
    assert main(["secrets", "kdf"]) == 1
    assert "the passphrase is not the one" in capsys.readouterr().err
    give(monkeypatch, "correct horse battery staple\n")
    assert main(["secrets", "kdf"]) == 0
    capsys.readouterr()
    main(["secrets", "get", "a"])
    assert capsys.readouterr().out == "1\n"


def test_a_random_key_is_not_to_be_had_by_a_passphrase(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["secrets", "set", "a", "1"])
    assert main(["secrets", "kdf"]) == 1
    assert "SPICA-C130" in capsys.readouterr().err


def test_a_project_whose_git_would_take_the_key_is_warned(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / ".gitignore").write_text("/tmp/\n")
    main(["secrets", "set", "a", "1"])
    assert "/config/**/*.key" in capsys.readouterr().err


# spica config


def test_config_says_where_each_value_is_from_and_hides_secrets(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["secrets", "set", "name", "sk_live_1"])
    (project / "config/app.toml").write_text('[app]\nname = "${secrets.name}"\nurl = "https://${HOST:-a.example}"\n')
    (project / "config/database.toml").write_text('[database]\nurl = "postgresql://a:hunter2@db/x"\n')
    monkeypatch.setenv("SPICA__SERVER__PORT", "8080")
    capsys.readouterr()
    assert main(["config", "--env", "test", "--json"]) == 0
    printed = capsys.readouterr().out
    rows = {f"{row['section']}.{row['key']}": (row["value"], row["source"]) for row in json.loads(printed)}
    assert rows["app.name"] == ("[hidden]", "config/app.toml:2 (secrets.name)")
    assert rows["app.url"] == ("https://a.example", "config/app.toml:3 (HOST)")
    assert rows["app.secret_key"] == ("[hidden]", "made for this machine, tmp/test_secret_key")
    assert rows["server.port"] == (8080, "SPICA__SERVER__PORT")
    assert rows["server.tls.minimum"] == ("1.2", "default")
    assert rows["database.url"] == ("postgresql://a:[hidden]@db/x", "config/database.toml:2")
    assert "sk_live" not in printed
    assert "hunter2" not in printed


def test_config_of_one_section_and_of_what_is_set(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "config/server.toml").write_text('[server]\nport = 1\n[server.tls]\nminimum = "1.3"\n')
    assert main(["config", "server", "--set"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  #")[0].strip() for line in lines] == [
        "[server]",
        "port = 1",
        "",
        "[server.tls]",
        'minimum = "1.3"',
    ]
    assert main(["config", "sever"]) == 2
    assert "did you mean server?" in capsys.readouterr().err


def test_one_command_makes_what_production_starts_with(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "config/app.toml").write_text(
        '[app]\nname = "Blog"\n[app.production]\nsecret_key = "${secrets.secret_key}"\n'
    )
    assert main(["config", "app", "--env", "production"]) == 1
    assert "fix: spica secrets key --env production" in capsys.readouterr().err
    assert main(["secrets", "key", "--env", "production"]) == 0
    assert "has a new secret_key" in capsys.readouterr().err
    assert main(["config", "app", "--env", "production"]) == 0
    assert "(secrets.secret_key)" in capsys.readouterr().out
    sealed = (project / "config/secrets/production.toml.encrypted").read_bytes()
    assert main(["secrets", "key", "--env", "production"]) == 0
    assert (project / "config/secrets/production.toml.encrypted").read_bytes() == sealed


def test_a_secret_key_is_added_to_secrets_that_are_there(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edited = project / "config/secrets.toml.encrypted"
    main(["secrets", "key"])
    file = SecretsFile(project)
    file.replace('# kept\na = "1"\n', started_from=edited.read_bytes())
    assert main(["secrets", "key"]) == 0
    text = file.open(file.read())
    assert "# kept" in text
    assert 'a = "1"' in text
    assert "secret_key = " in text


def test_secrets_of_development_have_no_secret_key(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["secrets", "set", "a", "1", "--env", "development"]) == 0
    capsys.readouterr()
    assert main(["secrets", "show", "--env", "development"]) == 0
    assert capsys.readouterr().out == 'a = "1"\n'


def test_set_without_a_value_says_what_to_type(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["secrets", "set", "stripe.key", "--env", "production"]) == 2
    assert "fix    spica secrets set stripe.key VALUE --env production" in capsys.readouterr().err
    assert not (project / "config/secrets").exists()


def test_edit_without_an_editor_makes_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["secrets", "edit"]) == 1
    assert "export EDITOR=nano" in capsys.readouterr().err
    assert not list((project / "config").glob("secrets*"))


def test_a_file_of_its_own_shadows_the_shared_one_and_every_message_says_so(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "config/app.toml").write_text(
        '[app]\nname = "${secrets.name}"\n[app.production]\nsecret_key = "${secrets.secret_key}"\n'
    )
    main(["secrets", "set", "name", "Blog"])
    assert main(["config", "app", "--env", "production"]) == 1
    assert "fix: spica secrets key\n" in capsys.readouterr().err, "the file that is there gets it"
    assert main(["secrets", "key", "--env", "production"]) == 0
    assert "reads nothing of config/secrets.toml.encrypted any more" in capsys.readouterr().err
    assert main(["config", "app", "--env", "production"]) == 1
    assert "add it: spica secrets set name --env production" in capsys.readouterr().err
    assert main(["secrets", "set", "name", "Blog", "--env", "production"]) == 0
    assert main(["config", "app", "--env", "production"]) == 0
