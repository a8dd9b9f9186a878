"""RequestId, SecurityHeaders, ContentSecurityPolicy, Hosts and the method override."""

from __future__ import annotations

from typing import Any

import pytest

from spica import middleware as m
from spica.config.settings import AppSection, ServerSection, Settings
from spica.errors.http import BadRequest
from spica.http.errors import InvalidField
from spica.http.response import Response
from spica.middleware.content_security_policy import DEFAULT_POLICY, build_policy
from spica.middleware.errors import InvalidMiddleware
from spica.middleware.method_override import overridden_method
from spica.middleware.pipeline import compose
from tests.requests import make_context, make_form, make_request

SAFE = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "strict-origin-when-cross-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "content-security-policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; "
        "frame-ancestors 'self'"
    ),
}


def respond(*middleware: m.Middleware, response: Response | None = None, **fields: str) -> Response:
    ctx = make_context(make_request(fields={name.replace("_", "-"): value for name, value in fields.items()}))
    answer = response or Response.text("x")
    result: Response = compose(middleware, lambda ctx: answer)(ctx)
    return result


def test_promise_43_the_safe_fields() -> None:
    assert dict(m.SecurityHeaders().static_fields) == SAFE
    fields = dict(respond(m.SecurityHeaders()).fields)
    assert {name: fields[name] for name in SAFE} == SAFE


def test_a_response_may_say_otherwise() -> None:
    own = Response.text("x").with_header("x-frame-options", "DENY")
    response = respond(m.SecurityHeaders(), response=own)
    assert [value for name, value in response.fields if name == "x-frame-options"] == ["DENY"]


def test_fields_can_be_changed_and_left_out() -> None:
    fields = dict(
        m.SecurityHeaders(x_frame_options="DENY", permissions_policy=None, x_robots_tag="noindex").static_fields
    )
    assert fields["x-frame-options"] == "DENY"
    assert "permissions-policy" not in fields
    assert fields["x-robots-tag"] == "noindex"


@pytest.mark.parametrize(
    ("hsts", "env", "behind_tls", "sent"),
    [
        (None, "production", True, True),
        (None, "production", False, False),
        (None, "development", True, False),
        (True, "development", False, True),
        (False, "production", True, False),
    ],
)
def test_strict_transport_security(hsts: bool | None, env: str, behind_tls: bool, sent: bool) -> None:
    middleware = m.SecurityHeaders(hsts=hsts)
    middleware.bind(Settings(env=env, server=ServerSection(behind_tls=behind_tls)))
    fields = [value for name, value in middleware.static_fields if name == "strict-transport-security"]
    assert fields == (["max-age=63072000; includeSubDomains"] if sent else [])


def test_a_policy_builds_on_the_default() -> None:
    [(name, policy)] = m.ContentSecurityPolicy(
        script_src=["'self'", "https://cdn.example"], img_src=[], upgrade_insecure_requests=[""]
    ).static_fields
    assert name == "content-security-policy"
    assert policy == (
        "default-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'; "
        "script-src 'self' https://cdn.example; upgrade-insecure-requests"
    )
    [(name, _)] = m.ContentSecurityPolicy(report_only=True).static_fields
    assert name == "content-security-policy-report-only"


def test_the_default_policy_allows_nothing_inline() -> None:
    assert "unsafe" not in build_policy(DEFAULT_POLICY)


@pytest.mark.parametrize(
    ("directives", "words"),
    [
        ({"scirpt_src": ["'self'"]}, "did you mean script_src"),
        ({"script_src": "'self'"}, "not a list of single sources"),
        ({"script_src": ["'self'; img-src *"]}, "not a list of single sources"),
        ({"script_src": ["a b"]}, "not a list of single sources"),
    ],
)
def test_a_policy_that_would_mean_something_else_is_refused(directives: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidMiddleware) as caught:
        m.ContentSecurityPolicy(**directives)
    assert words in str(caught.value)


def test_a_policy_holds_no_line_breaks() -> None:
    with pytest.raises(InvalidField):
        m.ContentSecurityPolicy(script_src=["a\r\nx"])


def test_each_request_has_an_id() -> None:
    one, other = (respond(m.RequestId()).header("x-request-id") for _ in range(2))
    assert one is not None
    assert len(one) == 32
    assert one != other


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("abc-123_.Z", True),
        ("x" * 128, True),
        ("short", False),
        ("x" * 129, False),
        ("a b c d e f", False),
        ('<script>"', False),
    ],
)
def test_an_id_that_came_in_is_kept_when_it_is_harmless(sent: str, kept: bool) -> None:
    assert (respond(m.RequestId(), x_request_id=sent).header("x-request-id") == sent) is kept
    assert respond(m.RequestId(trust=False), x_request_id=sent).header("x-request-id") != sent


@pytest.mark.parametrize(
    ("allowed", "host", "answered"),
    [
        (["example.com"], "example.com", True),
        (["example.com"], "EXAMPLE.com:8443", True),
        (["example.com"], "www.example.com", False),
        (["example.com"], "example.com.evil.example", False),
        (["example.com"], "evil.example", False),
        (["example.com:8443"], "example.com:8443", True),
        (["example.com:8443"], "example.com", False),
        (["example.com"], "example.com:@evil.example", False),
        ([".example.com"], "www.example.com:443@evil.example", False),
        (["example.com"], "example.com:80/evil", False),
        (["example.com"], "example.com:", True),
        ([".example.com"], "www.example.com", True),
        ([".example.com"], "example.com", True),
        ([".example.com"], "badexample.com", False),
        (["[::1]"], "[::1]:3000", True),
        (["[::1]"], "[::1]", True),
        ([], "anything.example", True),
    ],
)
def test_promise_42_only_our_hosts_are_answered(allowed: list[str], host: str, answered: bool) -> None:
    given, configured = m.Hosts(*allowed), m.Hosts()
    configured.bind(Settings(env="test", app=AppSection(hosts=allowed)))
    ctx = make_context(make_request(host=host))
    for middleware in (given, configured):
        if answered:
            middleware.before(ctx)
        else:
            with pytest.raises(BadRequest, match="not served here"):
                middleware.before(ctx)


@pytest.mark.parametrize(
    ("form", "method"),
    [
        ("_method=delete", "DELETE"),
        ("_method=PATCH&a=1", "PATCH"),
        ("_method=put", "PUT"),
        ("_method=get", None),
        ("_method=trace", None),
        ("_method[]=delete", None),
        ("a=1", None),
        ("", None),
    ],
)
def test_the_method_a_form_means(form: str, method: str | None) -> None:
    assert overridden_method(make_form(form)) == method


def test_only_a_post_with_a_form_means_another_method() -> None:
    assert overridden_method(make_form("_method=delete", method="GET")) is None
    assert overridden_method(make_request("POST", "/?_method=delete")) is None
    json = {"content-type": "application/json"}
    assert overridden_method(make_request("POST", "/", json, b'{"_method": "delete"}')) is None
