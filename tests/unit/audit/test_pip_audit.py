"""What is told of a service that gave no answer."""

from __future__ import annotations

import pytest

from spica.audit import pip_audit
from spica.audit.errors import LookupFailed


@pytest.mark.parametrize("credentials", ["bob:hunter2", "hunter2", "bob:hun/hunter2"])
def test_credentials_of_the_service_are_not_told(credentials: str, monkeypatch: pytest.MonkeyPatch) -> None:
    service = f"http://{credentials}@host/v1/query"
    log = [f"ERROR:pip_audit._cli:could not reach {service}", "InvalidURL: no port: 'hunter2'"]
    monkeypatch.setattr(pip_audit, "_run", lambda options, answer, tell: log)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    with pytest.raises(LookupFailed) as raised:
        pip_audit.look_up(service)
    assert raised.value.where == "http://[hidden]@host/v1/query"
    assert raised.value.why == "could not reach http://[hidden]@host/v1/query"
    assert "hunter2" not in str(raised.value)


def test_a_service_without_credentials_is_told_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pip_audit, "_run", lambda options, answer, tell: [])
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    for service, where in (("osv", "https://api.osv.dev"), ("http://host/v1", "http://host/v1")):
        with pytest.raises(LookupFailed) as raised:
            pip_audit.look_up(service)
        assert raised.value.where == where
