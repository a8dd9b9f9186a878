"""spica.server.certificates: what is kept for development, what is said of files that can't be used."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from spica.server.certificates import build_acceptor, ensure_self_signed, names_of
from spica.server.errors import CertificateError


def test_a_certificate_for_development_is_made_once_and_its_key_is_private(tmp_path: Path) -> None:
    chain, key = ensure_self_signed(tmp_path, ["localhost"])
    first = Path(chain).read_text()
    assert first.startswith("-----BEGIN CERTIFICATE-----")
    assert os.stat(key).st_mode & 0o777 == 0o600
    assert ensure_self_signed(tmp_path, ["localhost"]) == (chain, key)
    assert Path(chain).read_text() == first
    build_acceptor([(chain, key)], "1.2", [], http2=True)


def test_it_is_made_anew_before_it_expires(tmp_path: Path) -> None:
    chain, key = ensure_self_signed(tmp_path, ["localhost"])
    first, long_ago = Path(chain).read_text(), time.time() - 61 * 86_400
    os.utime(chain, (long_ago, long_ago))
    ensure_self_signed(tmp_path, ["localhost"])
    assert Path(chain).read_text() != first
    build_acceptor([(chain, key)], "1.3", ["a secret key"], http2=False)


def test_it_is_made_anew_for_another_host(tmp_path: Path) -> None:
    chain, _ = ensure_self_signed(tmp_path, names_of(["127.0.0.1:3000"]))
    first = Path(chain).read_text()
    for binds in (["localhost:80"], ["[0:0::1]:80"], ["0.0.0.0:3000"], ["unix:/run/app.sock", "fd:3"]):
        ensure_self_signed(tmp_path, names_of(binds))
        assert Path(chain).read_text() == first, binds
    chain, key = ensure_self_signed(tmp_path, names_of(["blog.Test:3000", "192.0.2.7:3000"]))
    assert Path(chain).read_text() != first
    acceptor = build_acceptor([(chain, key)], "1.2", [], http2=True)
    assert acceptor.certificates[0][1] == ["localhost", "blog.test"], "its DNS names"
    second = Path(chain).read_text()
    ensure_self_signed(tmp_path, names_of(["192.0.2.7:1"]))
    assert Path(chain).read_text() == second, "what is more is no harm"


def test_a_host_that_no_certificate_can_name_is_told(tmp_path: Path) -> None:
    with pytest.raises(CertificateError):
        ensure_self_signed(tmp_path, ["b\u00fccher.example"])


def test_a_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "tmp").write_text("a file where the folder belongs")
    with pytest.raises(CertificateError) as caught:
        ensure_self_signed(tmp_path, ["localhost"])
    assert caught.value.where == str(tmp_path / "tmp/tls")


def test_files_that_cannot_be_used_are_explained(tmp_path: Path) -> None:
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("nothing")
    for chain, what in ((garbage, "no certificate in the file"), (tmp_path / "none.pem", "can't be read")):
        with pytest.raises(CertificateError, match=what) as caught:
            build_acceptor([(str(chain), str(chain))], "1.2", [], http2=True)
        assert str(chain) in str(caught.value.where)


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    chain, _ = ensure_self_signed(tmp_path / "one", ["localhost"])
    _, key = ensure_self_signed(tmp_path / "other", ["localhost"])
    with pytest.raises(CertificateError, match="is not the certificate's"):
        build_acceptor([(chain, key)], "1.2", [], http2=True)
