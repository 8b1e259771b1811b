"""A certificate of the mock's own, kept so that its authority has to be trusted only once."""

from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import click
import trustme
from cryptography import x509

from mock_server.http.server import Certificate
from mock_server.middleware.admission import is_local
from mock_server.worlds.clock import machine_now

LIFETIME = timedelta(days=365)
_LOCAL = ("localhost", "127.0.0.1", "::1")


def own(host: str) -> Certificate:
    """
    A certificate for this machine's names and a host, made where there is none that is good for
    another day. The authority's key is not kept: whoever trusts it trusts this certificate alone.

    Raises:
        OSError: it cannot be kept.
    """
    names = _LOCAL if is_local(host) else (host, *_LOCAL)
    name = sha256(" ".join(names).encode()).hexdigest()[:12]
    folder = Path(click.get_app_dir("my-account-mock"), "tls", name)
    own = Certificate(folder / "server.pem", folder / "server.pem", folder / "authority.pem")
    if not _is_good(own.chain):
        _make(own, folder, names)
    return own


def _make(own: Certificate, folder: Path, names: tuple[str, ...]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA(organization_name="My Account mock")
    issued = authority.issue_cert(*names, not_after=machine_now() + LIFETIME)
    authority.cert_pem.write_to_path(folder / "authority.pem")
    own.chain.touch(mode=0o600)
    issued.private_key_and_cert_chain_pem.write_to_path(own.chain)


def _is_good(chain: Path) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(chain.read_bytes())
    except (OSError, ValueError):
        return False
    return certificate.not_valid_after_utc > machine_now() + timedelta(days=1)
