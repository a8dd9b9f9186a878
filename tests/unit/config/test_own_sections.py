"""spica.config: sections of a project's own, overrides by variables, secrets in values, and what is never shown."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.pretty import pretty_repr

from spica import App
from spica.config import Secret, Section, Settings, load
from spica.config.errors import ConfigurationError
from spica.config.interpolation import list_references
from spica.config.own_sections import section_name
from spica.secrets.errors import SecretsLocked, WrongMasterKey
from spica.secrets.master_key import MasterKey
from spica.secrets.store import SecretsFile
from spica.server.run import running_server
from spica.testing import Client

KEY = "a secret key of enough characters 0123456789"
SETTINGS = """
from spica.config import Secret, Section

class Retry(Section):
    times: int = 3

class Billing(Section):
    api_key: Secret
    currencies: list[str] = []
    retry: Retry = Retry()
"""


@pytest.fixture(autouse=True)
def _no_module_is_left() -> Iterator[None]:
    path = list(sys.path)
    yield
    sys.path[:] = path
    for name in ("config.settings", "config"):
        sys.modules.pop(name, None)


def project(root: Path, settings: str = SETTINGS, **files: str) -> Path:
    (root / "config").mkdir(exist_ok=True)
    (root / "config" / "settings.py").write_text(settings)
    (root / "config" / "routes.py").write_text("def draw(r):\n    pass\n")
    for name, text in files.items():
        (root / "config" / f"{name}.toml").write_text(text)
    return root


def seal(root: Path, text: str, env: str = "default") -> SecretsFile:
    file = SecretsFile(root, env, environ={})
    file.make_key()
    file.replace(text, started_from=b"")
    return file


def mistakes(root: Path, env: str = "test", **environ: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(root, env, environ=environ)
    return [" ".join(str(problem).split()) for problem in caught.value.problems]


# own sections


def test_a_class_in_config_settings_is_a_section(tmp_path: Path) -> None:
    root = project(
        tmp_path,
        billing='[billing]\napi_key = "sk_live_1"\n[billing.retry]\ntimes = 5\n[billing.test]\ncurrencies = ["EUR"]',
    )
    settings = load(root, "test", environ={})
    assert (settings.billing.api_key, settings.billing.retry.times, settings.billing.currencies) == (
        "sk_live_1",
        5,
        ["EUR"],
    )
    from config.settings import Billing  # type: ignore[import-not-found]

    assert settings.section_of(Billing) is settings.section("billing") is settings.billing


def test_mistakes_in_own_sections_have_file_and_line(tmp_path: Path) -> None:
    root = project(tmp_path, billing="[billing]\napi_kee = 'x'\n[billling]\na = 1")
    assert mistakes(root) == [
        "[billing] lacks 'api_key' fix: add it to [billing] in config/",
        "config/billing.toml:2 [billing] has no key 'api_kee' fix: did you mean api_key?",
        "config/billing.toml:3 [billling] is not a section fix: did you mean billing?",
    ]


@pytest.mark.parametrize("name", ["App", "Server", "Env", "SecretsSection", "IsProduction", "Section_"])
def test_names_that_are_taken(tmp_path: Path, name: str) -> None:
    settings = f"from spica.config import Section\nclass {name}(Section):\n    a: int = 1\n"
    if name == "Section_":
        settings += "class Section_Config(Section):\n    a: int = 1\n"
    root = project(tmp_path, settings)
    assert "which is taken" in mistakes(root)[0]


def test_an_unknown_section_by_attribute_has_near_matches(tmp_path: Path) -> None:
    settings = load(project(tmp_path, billing='[billing]\napi_key = "k"'), "test", environ={})
    with pytest.raises(AttributeError, match="no section 'biling'; did you mean billing"):
        settings.biling
    with pytest.raises(AttributeError):
        Settings().billing


def test_two_projects_in_one_process_have_their_own_classes(tmp_path: Path) -> None:
    roots = [
        project(tmp_path / name, billing=f'[billing]\napi_key = "{name}"') for name in ("a", "b") if mk(tmp_path / name)
    ]
    assert [load(root, "test", environ={}).billing.api_key for root in roots] == ["a", "b"]


def mk(path: Path) -> Path:
    path.mkdir()
    return path


def test_a_file_that_does_not_import_says_where(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        load(project(tmp_path, "1 / 0"), "test", environ={})
    assert "config.settings" not in sys.modules


@pytest.mark.parametrize(
    ("name", "section"),
    [("Billing", "billing"), ("BillingSection", "billing"), ("MailSettings", "mail"), ("S3Storage", "s3_storage")],
)
def test_the_name_of_a_section(name: str, section: str) -> None:
    assert section_name(type(name, (), {})) == section


async def test_a_handler_takes_a_section_by_its_type(tmp_path: Path) -> None:
    app = App(project(tmp_path, billing='[billing]\napi_key = "k"\ncurrencies = ["EUR"]'), env="test")
    from config.settings import Billing

    async def show(billing: Billing, settings: Settings) -> dict[str, object]:
        return {"currencies": billing.currencies, "env": settings.env}

    show.__annotations__["billing"] = Billing  # imported in a function: its name is not the module's
    app.post("/show")(show)
    assert app.config.billing.currencies == ["EUR"]
    async with running_server(app, None) as server:
        response = await Client(app, server).post("/show")
    assert response.json() == {"currencies": ["EUR"], "env": "test"}


# overrides


def test_variables_win_over_files(tmp_path: Path) -> None:
    root = project(
        tmp_path, billing='[billing]\napi_key = "file"', server="[server]\nport = 1\n[server.test]\nport = 2"
    )
    environ = {
        "SPICA__SERVER__PORT": "8080",
        "SPICA__SERVER__TLS__MINIMUM": "1.3",
        "SPICA__SERVER__BEHIND_TLS": "true",
        "SPICA__APP__HOSTS": "a.example, b.example",
        "SPICA__BILLING__API_KEY": "${not interpolated}",
        "SPICA__BILLING__CURRENCIES": '["EUR", "CHF"]',
        "spica__billing__retry__times": "9",
    }
    settings = load(root, "test", environ=environ)
    assert (settings.server.port, settings.server.tls.minimum, settings.server.behind_tls) == (8080, "1.3", True)
    assert settings.app.hosts == ["a.example", "b.example"]
    assert (settings.billing.api_key, settings.billing.currencies) == ("${not interpolated}", ["EUR", "CHF"])
    assert settings.billing.retry.times == 9


def test_variables_that_mean_nothing_and_wrong_values(tmp_path: Path) -> None:
    root = project(tmp_path, "")
    assert mistakes(root, SPICA__SERVER__PROT="1", SPICA__SERVER__WORKERS="many", SPICA__SERVER__BIND="[") == [
        "SPICA__SERVER__BIND [server] bind: not a list: Invalid value (at end of document) "
        "fix: give it a list of texts",
        "SPICA__SERVER__PROT names no section and key fix: did you mean SPICA__SERVER__PORT?",
        "SPICA__SERVER__WORKERS [server] workers: Invalid enum value 'many' fix: it may be all, a number",
    ]


# secrets in values


def test_values_from_the_encrypted_file(tmp_path: Path) -> None:
    root = project(
        tmp_path,
        billing='[billing]\napi_key = "${secrets.stripe.key}"\n[billing.retry]\ntimes = "${secrets.stripe.times}"',
        database='[database]\nurl = "postgresql://blog:${secrets.db-password}@db/blog"',
        app='[app]\nname = "${secrets.none:-Blog}"',
    )
    seal(root, 'db-password = "hunter2"\n[stripe]\nkey = "sk_live_1"\ntimes = 7\n')
    settings = load(root, "test", environ={})
    assert (settings.billing.api_key, settings.billing.retry.times) == ("sk_live_1", 7)
    assert settings.database.url == "postgresql://blog:hunter2@db/blog"
    assert (settings.app.name, settings.secrets.stripe.key) == ("Blog", "sk_live_1")


def test_secrets_that_are_not_there(tmp_path: Path) -> None:
    root = project(
        tmp_path, billing='[billing]\napi_key = "${secrets.stripe.kye}"', app='[app]\nname = "${secrets.stripe}"'
    )
    seal(root, '[stripe]\nkey = "sk_live_1"')
    assert mistakes(root) == [
        "config/app.toml:2 [app] name: the secret 'stripe' is a table or a list, not a value "
        "fix: name a value inside it",
        "config/billing.toml:2 [billing] api_key: there is no secret 'stripe.kye' fix: did you mean stripe.key?",
    ]


def test_without_the_key_only_what_needs_secrets_fails(tmp_path: Path) -> None:
    root = project(tmp_path, "", app='[app]\nname = "${secrets.name:-Blog}"\n[app.test]\nurl = "${secrets.url}"')
    file = seal(root, "url = 'https://x'")
    file.key_path.unlink()
    assert load(root, "development", environ={}).app.name == "Blog"
    [mistake] = mistakes(root)
    assert "[app] url: config/secrets.toml.encrypted is there, and its key is not" in mistake
    with pytest.raises(SecretsLocked):
        load(root, "production", environ={})
    with pytest.raises(WrongMasterKey):
        load(root, "development", environ={"SPICA_MASTER_KEY": MasterKey.generate().text})


def test_references_are_listed_as_written() -> None:
    assert list_references("${A}-${secrets.b.c:-d}-$${E}-${F:-}") == ["A", "secrets.b.c", "F"]


# old keys


def test_old_secret_keys_open_and_empty_ones_are_left_out(tmp_path: Path) -> None:
    root = project(tmp_path, "", app=f'[app]\nsecret_key = "{KEY}"\nold_secret_keys = ["${{OLD:-}}", "{KEY[::-1]}"]')
    assert load(root, "production", environ={}).app.secret_keys == [KEY, KEY[::-1]]
    assert load(root, "production", environ={"OLD": KEY.upper()}).app.secret_keys == [KEY, KEY.upper(), KEY[::-1]]


def test_old_keys_alone_are_none(tmp_path: Path) -> None:
    root = project(tmp_path, "", app=f'[app]\nold_secret_keys = ["{KEY}"]')
    assert "production does not start without one" in mistakes(root, "production")[0]


# what is never shown


class Mail(Section):
    """A section with every kind of secret."""

    password: str
    dsn: str
    hook: Secret | None = None
    tokens: list[str] = []
    token_lifetime_s: int = 60


def test_a_section_hides_its_secrets() -> None:
    mail = Mail(password="hunter2", dsn="smtp://me:hunter2@mail/x?a=b", hook="hunter2", tokens=["hunter2"])
    for shown in (repr(mail), str(mail), pretty_repr(mail), f"{[mail]}"):
        assert "hunter2" not in shown
        assert "smtp://me:[hidden]@mail/x?a=b" in shown
    assert "token_lifetime_s=60" in repr(mail)
    assert mail.password == "hunter2"


def test_the_settings_hide_theirs(tmp_path: Path) -> None:
    root = project(
        tmp_path,
        billing='[billing]\napi_key = "hunter2"',
        app=f'[app]\nsecret_key = "{KEY}"',
        database='[database]\nurl = "postgresql://a:hunter2@db/x"',
    )
    seal(root, 'a = "hunter2"')
    settings = load(root, "test", environ={})
    for shown in (repr(settings), pretty_repr(settings)):
        assert "hunter2" not in shown
        assert KEY not in shown


def test_a_section_whose_types_are_not_known_hides_every_text() -> None:
    local = Secret

    class Local(Section):
        value: local  # type: ignore[valid-type]
        count: int = 1

    assert repr(Local(value="hunter2")) == "Local(value='[hidden]', count=1)"
