"""spica.config: config/*.toml into Settings, and every mistake at once."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spica.config.environment import environment_name
from spica.config.errors import ConfigurationError, UnknownEnvironment
from spica.config.interpolation import Unset, interpolate
from spica.config.loader import load, load_section
from spica.config.server_settings import AWAITED
from spica.config.settings import AuditSection, Settings
from spica.config.source import find_lines

KEY = "a secret key of enough characters 0123456789"


def project(root: Path, **files: str) -> Path:
    (root / "config").mkdir(exist_ok=True)
    for name, text in files.items():
        (root / "config" / f"{name}.toml").write_text(text)
    return root


def mistakes(root: Path, env: str = "development", **environ: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(root, env, environ=environ)
    return [" ".join(str(problem).split()) for problem in caught.value.problems]


APP = f"""
[app]
name = "Blog"

[app.production]
secret_key = "${{SPICA_SECRET_KEY}}"

[app.test]
secret_key = "{KEY}"
"""

SERVER = """
[server]
port = 3000
workers = 1

[server.production]
host = "0.0.0.0"
port = "${PORT:-8080}"
behind_tls = "${TLS:-true}"
"""


def test_a_project(tmp_path: Path) -> None:
    root = project(tmp_path, app=APP, server=SERVER, database='[database]\nurl = "sqlite:///db/x.sqlite3"')
    settings = load(root, "production", environ={"SPICA_SECRET_KEY": KEY, "PORT": "9000"})
    assert (settings.env, settings.root, settings.is_production) == ("production", root, True)
    assert (settings.app.name, settings.app.secret_keys) == ("Blog", [KEY])
    assert (settings.server.host, settings.server.port, settings.server.behind_tls) == ("0.0.0.0", 9000, True)
    assert settings.database.url == "sqlite:///db/x.sqlite3"
    test = load(root, "test", environ={})
    assert (test.server.host, test.server.port, test.app.secret_keys) == ("127.0.0.1", 3000, [KEY])


def test_without_files_there_are_defaults(tmp_path: Path) -> None:
    settings = load(tmp_path, "test", environ={})
    assert (settings.app.name, settings.server.port, settings.database.url) == ("app", 3000, "")
    assert Settings().app.secret_keys == []


def test_sections_may_be_spread_over_files(tmp_path: Path) -> None:
    root = project(tmp_path, app='[app]\nname = "Blog"', secrets=f'[app.development]\nsecret_key = "{KEY}"')
    assert load(root, "development").app.secret_keys == [KEY]


def test_a_list_of_keys_rotates(tmp_path: Path) -> None:
    root = project(tmp_path, app=f'[app]\nsecret_key = ["${{NEW}}", "{KEY}"]')
    assert load(root, "production", environ={"NEW": KEY[::-1]}).app.secret_keys == [KEY[::-1], KEY]


def test_production_without_a_key_does_not_start_and_says_how_to_make_one(tmp_path: Path) -> None:
    for files in ({}, {"app": '[app]\nsecret_key = ""'}, {"app": '[app]\nsecret_key = "${K:-}"'}):
        [mistake] = mistakes(project(tmp_path, **files), "production")
        assert "production does not start without one" in mistake
        assert "spica secrets key --env production" in mistake
    found = mistakes(project(tmp_path, app=APP), "production")
    assert "needs the environment variable SPICA_SECRET_KEY, which is not set" in found[0]
    assert len(found) == 1


def test_a_short_key_is_refused_without_being_shown(tmp_path: Path) -> None:
    [mistake] = mistakes(project(tmp_path, app='[app]\nsecret_key = "hunter2"'), "test")
    assert "config/app.toml:2" in mistake
    assert "hunter2" not in mistake


def test_every_mistake_is_found_with_file_line_and_near_matches(tmp_path: Path) -> None:
    root = project(
        tmp_path,
        app='name = "x"\n[app]\nname = 7\nsecret_kye = "x"\n[app.producton]\nname = "y"\n[app.test]\nnmae = "z"',
        broken="[app\n",
        server='[server]\nport = 70000\nworkers = "two"\nhost = "${HOST}"\naccess_log = "yaml"',
        typo='[sever]\nport = 1\n[app]\nname = "again"',
    )
    assert mistakes(root) == [
        "config/app.toml:1 'name' stands outside of a section fix: put it under a header such as [app]",
        'config/app.toml:3 [app] name: Expected `str`, got `int` fix: a text in quotes: name = "7"',
        "config/app.toml:4 [app] has no key 'secret_kye' fix: did you mean secret_key or old_secret_keys?",
        "config/app.toml:5 [app] has no key 'producton' fix: did you mean production?",
        "config/app.toml:8 [app.test] has no key 'nmae' fix: did you mean name?",
        "config/broken.toml:1 not valid TOML: Expected ']' at the end of a table declaration",
        "config/server.toml:2 [server] port: Expected `int` <= 65535 fix: a whole number from 0 to 65,535: port = 3000",
        "config/server.toml:3 [server] workers: Invalid enum value 'two' fix: it may be all, a number",
        "config/server.toml:4 [server] host needs the environment variable HOST, which is not set "
        'fix: export HOST=..., or give it a default: "${HOST:-...}"',
        "config/server.toml:5 [server] access_log: Invalid enum value 'yaml' fix: it may be text, json, off",
        "config/typo.toml:1 [sever] is not a section fix: did you mean server?",
        "config/typo.toml:4 'name' in [app] is set already in config/app.toml:3 fix: keep one of them",
    ]


def test_a_number_in_quotes_is_a_mistake_unless_a_variable_made_it(tmp_path: Path) -> None:
    assert "Expected `int`, got `str`" in mistakes(project(tmp_path, server='[server]\nport = "3000"'))[0]
    root = project(tmp_path, server='[server]\nport = "${PORT}"')
    assert load(root, "test", environ={"PORT": "3000"}).server.port == 3000
    assert "port: Expected `int`" in mistakes(root, PORT="many")[0]


def test_variables_of_other_environments_are_not_asked_for(tmp_path: Path) -> None:
    root = project(tmp_path, database='[database]\nurl = "a"\n[database.production]\nurl = "${DATABASE_URL}"')
    assert load(root, "test", environ={}).database.url == "a"


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    project(tmp_path)
    (tmp_path / "config" / "app.toml").write_bytes(b"\xff\xfe")
    assert mistakes(tmp_path)[0].startswith("config/app.toml can't be read")


class Payments(msgspec.Struct, forbid_unknown_fields=True):
    """A section of a project's own."""

    api_key: str
    timeout_s: float = 5.0


def test_own_sections(tmp_path: Path) -> None:
    root = project(tmp_path, payments='[payments]\napi_key = "k"\n[payments.test]\ntimeout_s = 1')
    section = load(root, "test", sections={"payments": Payments}).section("payments")
    assert (section.api_key, section.timeout_s) == ("k", 1.0)
    with pytest.raises(ConfigurationError, match="a mistake in the configuration") as caught:
        load(project(tmp_path, payments=""), "test", sections={"payments": Payments})
    assert "[payments] lacks 'api_key'" in str(caught.value)


def test_limits_that_were_set_reach_the_core(tmp_path: Path) -> None:
    root = project(tmp_path, server="[server]\nmax_content_bytes = 1024\nhead_timeout_s = 5")
    usual = Settings().server.limits
    assert load(root, "test").server.limits == {**usual, "max_content_bytes": 1024, "head_timeout_s": 5.0}


def test_limits_of_websockets_reach_the_core(tmp_path: Path) -> None:
    root = project(tmp_path, server="[server.websocket]\nmax_queue_bytes = 4096\nping_interval_s = 0\ndeflate = false")
    limits = {"max_queue_bytes": 4096, "ping_interval_s": 0.0, "deflate_messages": False}
    assert load(root, "test").server.limits == {**Settings().server.limits, **limits}


# the key of a fresh clone


def test_development_makes_a_key_once_for_itself_alone(tmp_path: Path) -> None:
    first, second = (load(tmp_path, "development", environ={}).app.secret_keys for _ in range(2))
    assert first == second
    assert len(first[0]) == 64
    path = tmp_path / "tmp" / "development_secret_key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    assert load(tmp_path, "test", environ={}).app.secret_keys != first


def test_a_folder_that_cannot_be_written_gets_a_key_of_the_process(tmp_path: Path) -> None:
    (tmp_path / "tmp").write_text("a file where the folder would be")
    assert len(load(tmp_path, "development", environ={}).app.secret_keys[0]) == 64


# environments and variables


@pytest.mark.parametrize(
    ("given_name", "name"),
    [("dev", "development"), ("prod", "production"), ("TEST", "test"), ("production", "production")],
)
def test_environment_names(given_name: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment_name(given_name) == name
    monkeypatch.setenv("SPICA_ENV", given_name)
    assert environment_name() == name


def test_the_environment_is_development_unless_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPICA_ENV", raising=False)
    assert environment_name() == "development"


def test_an_unknown_environment_has_near_matches() -> None:
    with pytest.raises(UnknownEnvironment, match="'producton' is not an environment") as caught:
        environment_name("producton")
    assert caught.value.fix == "did you mean production?"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        ("${A}", "1"),
        ("x${A}y${B:-d}", "x1yd"),
        ("${EMPTY:-d}", "d"),
        ("${EMPTY}", ""),
        ("${A:-}", "1"),
        ("${B:-}", ""),
        ("${B:-a:b/c?d=e}", "a:b/c?d=e"),
        ("$${A}", "${A}"),
        ("$A $ {A} ${1} ${a b}", "$A $ {A} ${1} ${a b}"),
    ],
)
def test_interpolation(text: str, value: str) -> None:
    assert interpolate(text, {"A": "1", "EMPTY": ""}) == value


def test_an_unset_variable_is_named() -> None:
    with pytest.raises(Unset) as caught:
        interpolate("${A}${MISSING}", {"A": "1"})
    assert caught.value.name == "MISSING"


@given(st.text(max_size=60))
def test_values_of_variables_are_not_interpolated_again(value: str) -> None:
    assert interpolate("<${A}>", {"A": value}) == f"<{value}>"


def test_lines_of_keys() -> None:
    text = (
        '# c\n[app]\nname = """\n[not.a.table]\nkey = 1\n"""\n"quoted" = 1\n\n'
        "[ app . test ]\na.b = 1\n[[list]]\nx = 1\n"
    )
    lines = find_lines(text)
    assert lines["app",] == 2
    assert lines["app", "name"] == 3
    assert lines["app", "quoted"] == 7
    assert lines["app", "test"] == 9
    assert lines["app", "test", "a"] == 10
    assert lines["app", "test", "a", "b"] == 10
    assert ("not", "a", "table") not in lines


def test_the_process_environment_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "SPICA_TEST_NAME", "From env")
    assert load(project(tmp_path, app='[app]\nname = "${SPICA_TEST_NAME}"'), "test").app.name == "From env"


# sections inside [server]

SEED = """
[server]
host = "0.0.0.0"
port = 3000
workers = "all"
shutdown_timeout = 20

[server.http2]
enabled = false
max_concurrent_streams = 128

[server.http3]
enabled = false

[server.tls]
enabled = false
cert = "/etc/blog/cert.pem"
key = "/etc/blog/key.pem"

[server.tls.production]
key = "${TLS_KEY}"

[server.compression]
threshold_bytes = 512

[server.production.http2]
max_concurrent_streams = 64

[runtime]
backend = "asyncio"
worker_threads = 8
cpu_affinity = [0, 1]

[runtime.production]
cpu_affinity = "auto"
"""


def test_sections_inside_server_and_their_environments(tmp_path: Path) -> None:
    root = project(tmp_path, server=SEED, app=APP)
    test = load(root, "test", environ={})
    assert (test.server.workers, test.server.shutdown_timeout) == ("all", 20.0)
    assert test.server.http2.max_concurrent_streams == 128
    assert (test.server.tls.enabled, test.server.tls.key) == (False, "/etc/blog/key.pem")
    assert test.server.compression.threshold_bytes == 512
    assert (test.runtime.backend, test.runtime.worker_threads, test.runtime.cpu_affinity) == ("asyncio", 8, [0, 1])
    production = load(root, "production", environ={"SPICA_SECRET_KEY": KEY, "TLS_KEY": "/run/key"})
    assert (production.server.tls.cert, production.server.tls.key) == ("/etc/blog/cert.pem", "/run/key")
    assert production.server.http2.max_concurrent_streams == 64
    assert production.runtime.cpu_affinity == "auto"


def test_mistakes_in_sections_inside_server(tmp_path: Path) -> None:
    root = project(
        tmp_path,
        server="[server]\nhttp3 = true\n[server.tls]\nkee = 1\n[server.compresion]\ngzip = false\n"
        "[server.http2.producton]\nenabled = false\n[server.production.tsl]\ncert = 'x'\n"
        "[server.http2]\nmax_concurrent_streams = 0\n[server.http2.test]\nenabled = 'no'",
    )
    assert mistakes(root, "test") == [
        "config/server.toml:2 [server] http3 is a section fix: write its keys under [server.http3]",
        "config/server.toml:4 [server.tls] has no key 'kee' fix: did you mean key?",
        "config/server.toml:5 [server] has no key 'compresion' fix: did you mean compression?",
        "config/server.toml:7 [server.http2] has no key 'producton' fix: did you mean production?",
        "config/server.toml:9 [server.production] has no key 'tsl' fix: did you mean tls?",
        "config/server.toml:12 [server.http2] max_concurrent_streams: Expected `int` >= 1 "
        "fix: a whole number of 1 or more: max_concurrent_streams = 256",
        "config/server.toml:14 [server.http2] enabled: Expected `bool`, got `str` fix: true or false: enabled = false",
    ]


def test_misspelt_keys_in_a_list_of_tables_have_near_matches(tmp_path: Path) -> None:
    root = project(
        tmp_path,
        server="[server.tls]\ncertificates = [{cert = 'a', key = 'b'}, {crt = 'c', kye = 'd'}]\n",
    )
    assert mistakes(root) == [
        "config/server.toml:2 [server.tls] certificates, entry 2, has no key 'crt' fix: did you mean cert?",
        "config/server.toml:2 [server.tls] certificates, entry 2, has no key 'kye' fix: did you mean key?",
    ]
    root = project(tmp_path, server="[[server.tls.certificates]]\ncert = 'a'\nsecret = 'b'\n")
    assert mistakes(root) == [
        "config/server.toml [server.tls] certificates, entry 1, has no key 'secret' fix: did you mean cert?",
    ]


def test_a_key_set_twice_in_two_spellings_of_one_section(tmp_path: Path) -> None:
    root = project(tmp_path, server="[server.tls.test]\ncert = 'a'\n[server.test.tls]\ncert = 'b'")
    [mistake] = mistakes(root, "test")
    assert "'cert' in [server.tls.test] is set already in config/server.toml:" in mistake


@pytest.mark.parametrize(("section", "key"), sorted(AWAITED))
def test_what_this_version_does_not_have_cannot_be_turned_on(tmp_path: Path, section: str, key: str) -> None:
    [mistake] = mistakes(project(tmp_path, server=f"[{section}]\n{key} = true"), "test")
    assert f"config/server.toml:2 [{section}] {key} can't be turned on: this version does not" in mistake
    assert "fix:" in mistake


@pytest.mark.parametrize(("given_workers", "workers"), [("4", 4), ('"all"', "all"), ('"${N}"', 3), ('"${ALL}"', "all")])
def test_workers(tmp_path: Path, given_workers: str, workers: int | str) -> None:
    root = project(tmp_path, server=f"[server]\nworkers = {given_workers}")
    assert load(root, "test", environ={"N": "3", "ALL": "all"}).server.workers == workers


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("workers = 0", "workers: Expected `int` >= 1"),
        ('socket_mode = "rw"', "socket_mode: Expected `str` matching regex"),
        ('bind = "127.0.0.1:1"', "bind: Expected `array`, got `str`"),
        ("shutdown_timeout = 0", "shutdown_timeout: Expected `float` > 0"),
        ("watchdog_timeout = -1", "watchdog_timeout: Expected `float` >= 0"),
    ],
)
def test_values_that_make_no_sense(tmp_path: Path, line: str, problem: str) -> None:
    assert problem in mistakes(project(tmp_path, server=f"[server]\n{line}"), "test")[0]


def test_an_event_loop_that_there_is_not(tmp_path: Path) -> None:
    [mistake] = mistakes(project(tmp_path, server='[runtime]\nbackend = "io_uring"'), "test")
    assert "backend: Invalid enum value 'io_uring' fix: it may be auto, epoll, kqueue, asyncio" in mistake


def test_texts_of_another_form_are_mistakes_with_examples(tmp_path: Path) -> None:
    server = """[server]
socket_mode = "999"
[server.websocket]
origins = ["app.example"]
[server.compression]
types = ["html"]"""
    mode, origins, types = mistakes(project(tmp_path, server=server), "test")
    assert "fix: for example 660" in mode
    assert "fix: for example https://app.example, *" in origins
    assert "fix: for example text/html, application/*, *+json" in types


def test_origins_and_types_in_their_forms(tmp_path: Path) -> None:
    server = (
        '[server.websocket]\norigins = ["https://a.example:8443", "*"]\n[server.compression]\ntypes = ["*+json", "a/*"]'
    )
    settings = load(project(tmp_path, server=server), "test").server
    assert settings.websocket.origins == ["https://a.example:8443", "*"]
    assert settings.compression.types == ["*+json", "a/*"]


@pytest.mark.parametrize(
    ("line", "fix"),
    [
        ('port = "8000"', "a whole number from 0 to 65,535: port = 8000"),
        ('port = "abc"', "a whole number from 0 to 65,535: port = 3000"),
        ("host = 7", 'a text in quotes: host = "7"'),
        ('trusted_proxies = "10.0.0.0/8"', 'a list of texts: trusted_proxies = ["10.0.0.0/8"]'),
        ('behind_tls = "yes"', "true or false: behind_tls = true"),
        ("shutdown_timeout = -1", "a number greater than 0: shutdown_timeout = 30.0"),
        ("max_fields = 1.5", "a whole number of 1 or more: max_fields = 1"),
        ("tls = { certificates = ['a'] }", 'a list of tables such as {cert = "...", key = "..."}'),
    ],
)
def test_a_value_of_another_type_comes_with_the_line_to_type(tmp_path: Path, line: str, fix: str) -> None:
    [mistake] = mistakes(project(tmp_path, server=f"[server]\n{line}"), "test")
    assert fix in mistake


def test_the_line_to_type_repeats_no_secret(tmp_path: Path) -> None:
    [mistake] = mistakes(project(tmp_path, app="[app]\nsecret_key = 1234567890123456789012345678901234567890"), "test")
    assert "1234567890" not in mistake
    assert 'secret_key = "..."' in mistake


def test_a_variable_of_another_type_is_told_without_a_line_of_a_file(tmp_path: Path) -> None:
    [mistake] = mistakes(project(tmp_path, server=""), "test", SPICA__SERVER__PORT="http")
    assert "fix: give it a whole number from 0 to 65,535" in mistake


def test_one_section_alone_needs_nothing_of_the_others(tmp_path: Path) -> None:
    root = project(
        tmp_path,
        app='[app]\nnam = "x"\nsecret_key = "${MISSING}"\n',
        audit='[audit]\nignore = ["CVE-1"]\n[audit.production]\nservice = "${SERVICE}"\n[nonsense]\n',
    )
    assert load_section(root, AuditSection, "development", environ={}) == AuditSection(ignore=["CVE-1"])
    live = load_section(root, AuditSection, "production", environ={"SERVICE": "osv", "SPICA__AUDIT__IGNORE": "A,B"})
    assert live == AuditSection(ignore=["A", "B"], service="osv")
    assert load_section(tmp_path / "nowhere", AuditSection, environ={"SPICA__APP__NAM": "x"}) == AuditSection()


@pytest.mark.parametrize(
    ("text", "environ", "told"),
    [
        (
            '[audit]\nignored = ["CVE-1"]',
            {},
            "config/audit.toml:2 [audit] has no key 'ignored' fix: did you mean ignore?",
        ),
        ('[audit]\nservice = "${MISSING}"', {}, "needs the environment variable MISSING"),
        ("[audit", {}, "not valid TOML"),
        ("", {"SPICA__AUDIT__IGNOR": "A"}, "SPICA__AUDIT__IGNOR names no section and key"),
        ("", {"SPICA__AUDIT__SERVICE": "ftp://x"}, "for example pypi, osv, https://osv.example.com/v1/query"),
    ],
)
def test_mistakes_in_one_section_alone(tmp_path: Path, text: str, environ: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_section(project(tmp_path, audit=text), AuditSection, environ=environ)
    (problem,) = caught.value.problems
    assert told in " ".join(str(problem).split())
