"""The certificate of this machine: phones give motion only to pages that come by HTTPS.

It signs itself, so that a browser warns of it once. It is kept, so that it warns only once.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from harken.core.errors import InputError
from harken.core.files import write_text

#: Browsers take none that lasts longer than 398 days.
_LASTS = timedelta(days=397)
#: One that ends so soon is made anew.
_LEAST_LEFT = timedelta(days=7)
#: Clocks of phones may be behind.
_SLACK = timedelta(days=1)


def kept_certificate(folder: Path, names: Iterable[str]) -> tuple[Path, Path]:
    """The certificate and its private key in a folder, made if there is none for these names.

    Parameters
    ----------
    folder : is made if need be, readable by its owner alone
    names : host names and IP addresses that it must hold

    Returns
    -------
    paths of the certificate and of the key, in PEM

    Raises
    ------
    InputError
        The folder cannot be written to.
    """
    cert, key = folder / "cert.pem", folder / "key.pem"
    wanted = set(names)
    if not _fits(cert, key, wanted):
        try:
            make_private(folder)
            _make(cert, key, sorted(wanted))
        except OSError as error:
            raise InputError(
                f"The certificate cannot be kept in {folder}: {error.strerror}. Take one of your "
                "own with --cert and --key."
            ) from None
    return cert, key


def make_private(folder: Path) -> None:
    """Make a folder that its owner alone can read."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def write_private(file: Path, text: str) -> None:
    """Write a secret, which nobody else can read at any moment."""
    old = os.umask(0o077)
    try:
        write_text(file, text)
    finally:
        os.umask(old)


def fingerprint(cert: Path) -> str:
    """The SHA-256 of a certificate, as browsers show it."""
    digest = x509.load_pem_x509_certificate(cert.read_bytes()).fingerprint(hashes.SHA256())
    return digest.hex(":").upper()


def _fits(cert: Path, key: Path, names: set[str]) -> bool:
    """Whether there are both, which go together, hold all these names and last for some time."""
    try:
        found = x509.load_pem_x509_certificate(cert.read_bytes())
        secret = serialization.load_pem_private_key(key.read_bytes(), None)
        held = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, TypeError, x509.ExtensionNotFound):
        return False
    addresses = held.get_values_for_type(x509.IPAddress)
    known = {*held.get_values_for_type(x509.DNSName), *map(str, addresses)}
    lasts = found.not_valid_after_utc > datetime.now(UTC) + _LEAST_LEFT
    return lasts and names <= known and found.public_key() == secret.public_key()


def _make(cert: Path, key: Path, names: list[str]) -> None:
    secret = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Harken on this machine")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SLACK)
        .not_valid_after(now - _SLACK + _LASTS)
        .add_extension(x509.SubjectAlternativeName(list(map(_general, names))), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(secret, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = secret.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_private(key, private.decode())
    write_text(cert, made.public_bytes(pem).decode())


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
