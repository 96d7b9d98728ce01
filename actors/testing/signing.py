"""A signer for tests: it signs with a development certificate, and its key can be away."""

from actors.credentials.base import SignerAway
from actors.credentials.chains import Chain
from actors.credentials.development import Development
from actors.credentials.local import LocalKey, read_key
from actors.credentials.manifest import ManifestSigner
from server.clock import SYSTEM_CLOCK, Clock


class ScriptedKey:
    """A development key, which does not sign while it is `closed`; `asked` counts what it was."""

    def __init__(self, *, closed: bool = False, clock: Clock = SYSTEM_CLOCK) -> None:
        self.closed = closed
        self.asked = 0
        self.made = Development.make(clock.now())
        self.chain = Chain.read(self.made.certificate)
        self._clock = clock
        self._key = LocalKey(read_key(self.made.key), self.chain.algorithm)

    def sign(self, data: bytes) -> bytes:
        """Returns the signature of some bytes; raises SignerAway while it is closed."""
        self.asked += 1
        if self.closed:
            raise SignerAway("the script is closed")
        return self._key.sign(data)

    def signer(self) -> ManifestSigner:
        """Returns a signer that signs with it."""
        return ManifestSigner(self.chain, self, self._clock)
