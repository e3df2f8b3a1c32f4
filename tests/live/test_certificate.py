"""The certificate and the token that are made for a machine and kept."""

from __future__ import annotations

import os
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from harken.core.errors import InputError
from harken.live.certificate import fingerprint, kept_certificate
from harken.live.token import kept_token

NAMES = ("localhost", "phone-lab.local", "192.168.1.5", "fd00::5")


def test_it_holds_all_names_and_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "live"
    cert, key = kept_certificate(folder, NAMES)
    made = x509.load_pem_x509_certificate(cert.read_bytes())
    held = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert held.get_values_for_type(x509.DNSName) == ["localhost", "phone-lab.local"]
    addresses = {str(found) for found in held.get_values_for_type(x509.IPAddress)}
    assert addresses == {"192.168.1.5", "fd00::5"}
    assert made.not_valid_after_utc - made.not_valid_before_utc < timedelta(days=398)
    assert isinstance(made.public_key(), ec.EllipticCurvePublicKey)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
    before = cert.read_bytes(), key.read_bytes()
    assert kept_certificate(folder, NAMES[:2]) == (cert, key)
    assert (cert.read_bytes(), key.read_bytes()) == before
    assert len(fingerprint(cert)) == 32 * 3 - 1


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_nobody_else_can_read_the_secrets(tmp_path: Path) -> None:
    folder = tmp_path / "live"
    _, key = kept_certificate(folder, NAMES)
    kept_token(folder, anew=False)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for file in (key, folder / "token"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("part", ["cert.pem", "key.pem"])
@pytest.mark.parametrize("content", [b"", b"no certificate", None], ids=["empty", "other", "gone"])
def test_what_is_broken_is_made_anew(tmp_path: Path, part: str, content: bytes | None) -> None:
    kept_certificate(tmp_path, NAMES)
    if content is None:
        (tmp_path / part).unlink()
    else:
        (tmp_path / part).write_bytes(content)
    cert, key = kept_certificate(tmp_path, NAMES)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)


def test_a_key_of_another_certificate_is_no_key(tmp_path: Path) -> None:
    _, other = kept_certificate(tmp_path / "other", NAMES)
    cert, key = kept_certificate(tmp_path / "live", NAMES)
    key.write_bytes(other.read_bytes())
    kept_certificate(tmp_path / "live", NAMES)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)


def test_one_that_ends_soon_or_lacks_a_name_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cert, _ = kept_certificate(tmp_path, NAMES)
    first = cert.read_bytes()
    kept_certificate(tmp_path, (*NAMES, "10.0.0.7"))
    second = cert.read_bytes()
    assert second != first

    class InAYear(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return datetime.now(UTC) + timedelta(days=395)

    monkeypatch.setattr("harken.live.certificate.datetime", InAYear)
    kept_certificate(tmp_path, NAMES)
    assert cert.read_bytes() != second


def test_the_token_is_kept_until_another_is_wanted(tmp_path: Path) -> None:
    token = kept_token(tmp_path, anew=False)
    assert kept_token(tmp_path, anew=False) == token
    other = kept_token(tmp_path, anew=True)
    assert other != token
    assert kept_token(tmp_path, anew=False) == other
    (tmp_path / "token").write_text("1234\n")
    assert len(kept_token(tmp_path, anew=False)) > 40


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="--cert and --key"):
        kept_certificate(tmp_path / "file" / "live", NAMES)
    with pytest.raises(InputError, match="token cannot be kept"):
        kept_token(tmp_path / "file" / "live", anew=False)
