"""TLS for gRPC; certificates are read again when their files change."""

import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import grpc

from server.causes import CannotStart, cause_of


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """PEM files: the chain, its key and, for mTLS, the authorities of clients."""

    chain: Path
    key: Path
    client_authorities: Path | None = None

    def all(self) -> list[Path]:
        """Returns the files that are set."""
        return [path for path in (self.chain, self.key, self.client_authorities) if path]


class Certificates:
    """The server's certificates; gRPC asks for them at each handshake, from another thread."""

    def __init__(self, files: CertificateFiles) -> None:
        """Raises CannotStart for files that cannot be read, or do not fit together."""
        _check(files)
        self._files = files
        self._stamps = _stamps(files.all())

    def credentials(self) -> grpc.ServerCredentials:
        """Returns server credentials."""
        return grpc.dynamic_ssl_server_credentials(
            self._read(),
            self._when_changed,  # type: ignore[arg-type]  # None, for no change, is documented
            require_client_authentication=self._files.client_authorities is not None,
        )

    def _when_changed(self) -> grpc.ServerCertificateConfiguration | None:
        stamps = _stamps(self._files.all())
        if stamps == self._stamps:
            return None
        configuration = self._read()
        self._stamps = stamps
        return configuration

    def _read(self) -> grpc.ServerCertificateConfiguration:
        files = self._files
        authorities = files.client_authorities.read_bytes() if files.client_authorities else None
        return grpc.ssl_server_certificate_configuration(
            [(files.key.read_bytes(), files.chain.read_bytes())], authorities
        )


def _check(files: CertificateFiles) -> None:
    """Raises CannotStart for what gRPC takes without a word, and then fails every handshake with.

    The message names the setting.
    """
    _readable("IMGGEN_TLS_CERT_FILE", files.chain)
    _readable("IMGGEN_TLS_KEY_FILE", files.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    names = f"IMGGEN_TLS_CERT_FILE, IMGGEN_TLS_KEY_FILE: {files.chain} and {files.key}"
    try:
        # Without the password, the terminal would be asked for it.
        context.load_cert_chain(files.chain, files.key, password="")
    except (OSError, ValueError) as error:
        raise _unfit(
            f"{names} are no PEM certificate and its key without a password", error
        ) from error
    if files.client_authorities:
        _readable("IMGGEN_TLS_CLIENT_CA_FILE", files.client_authorities)
        try:
            context.load_verify_locations(files.client_authorities)
        except OSError as error:
            raise _unfit(
                f"IMGGEN_TLS_CLIENT_CA_FILE: {files.client_authorities} has no certificates, PEM",
                error,
            ) from error


def _readable(setting: str, path: Path) -> None:
    try:
        path.read_bytes()
    except OSError as error:
        raise CannotStart(f"{setting}: {path}: {error.strerror}", lasting=True) from error


def _unfit(problem: str, error: Exception) -> CannotStart:
    return CannotStart(f"{problem} ({cause_of(error)})", lasting=True)


def _stamps(paths: Iterable[Path]) -> list[tuple[int, int]]:
    return [(status.st_mtime_ns, status.st_ino) for status in map(Path.stat, paths)]
