from __future__ import annotations

from spica.checks.project import Project
from spica.checks.registry import run_checks
from spica.secrets.store import SecretsFile
from tests.unit.checks.conftest import FILES, Check


def test_an_unknown_key_of_another_environment_is_told(check: Check) -> None:
    (found,) = check("config", {"config/app.toml": FILES["config/app.toml"] + 'hots = ["a"]\n'})
    assert found.place == "config/app.toml:5"
    assert "hosts" in found.fix


def test_a_key_that_all_environments_have_wrong_is_told_once(check: Check) -> None:
    wrong = FILES["config/app.toml"].replace("name =", "nam =")
    assert len(check("config", {"config/app.toml": wrong})) == 1


def test_production_without_a_secret_key_is_told(check: Check) -> None:
    (found,) = check("config", {"config/app.toml": '[app]\nname = "shop"\n'})
    assert "secret_key" in found.what
    assert "production" in found.why


def test_a_variable_that_only_another_machine_needs_is_no_mistake(check: Check) -> None:
    assert check("config") == []


def test_a_variable_that_this_environment_needs_is_one(check: Check) -> None:
    (found,) = check("config", env="production")
    assert "SPICA_SECRET_KEY" in found.what


def test_the_key_of_the_encrypted_file_is_needed_where_it_is_opened(check: Check, tmp_path) -> None:
    check("config")
    file = SecretsFile(tmp_path)
    file.replace('[stripe]\nkey = "k"\n', started_from=b"", key=file.make_key())
    assert run_checks(Project(tmp_path, "development"), ["config"]) == []
    file.key_path.unlink()
    assert run_checks(Project(tmp_path, "development"), ["config"]) == [], "another machine has it"
    (found,) = run_checks(Project(tmp_path, "production"), ["config"])
    assert "key" in found.what
    (tmp_path / "config/app.toml").write_text(FILES["config/app.toml"] + "nam = 1\n")
    assert "nam" in run_checks(Project(tmp_path, "development"), ["config"])[0].what, "the rest is still checked"
