"""TLS for gRPC; certificates are read again when their files change."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import grpc


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
        self._files = files
        self._stamps = _stamps(files.all())

    def credentials(self) -> grpc.ServerCredentials:
        """Returns server credentials; raises OSError when a file cannot be read."""
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


def _stamps(paths: Iterable[Path]) -> list[tuple[int, int]]:
    return [(status.st_mtime_ns, status.st_ino) for status in map(Path.stat, paths)]
