"""CURVE keys of the server and its clients, and the list of clients that are let in.

DIR/server.key, server.key_secret     the server's pair
DIR/client.key_secret                 a first client's pair, for whoever is to connect
DIR/clients/*.key                     public keys that are let in; a file more is a client more
"""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from pathlib import Path

import zmq
import zmq.auth
from zmq.auth.thread import ThreadAuthenticator

from facepatch.core.errors import ConfigError, StorageError

log = logging.getLogger(__name__)

DOMAIN = "facepatch"


@dataclass(frozen=True)
class Keys:
    """The server's pair, and where its clients' keys lie."""

    public: bytes
    secret: bytes
    clients: Path
    client_key_file: Path
    """The pair of the first client."""


def make_keys(folder: Path) -> Keys:
    """Read the keys in `folder`, making those that are missing.

    Raises StorageError where the folder cannot be written and ConfigError for files that are no keys.
    """
    clients = folder / "clients"
    secret, first = folder / "server.key_secret", folder / "client.key_secret"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if sys.platform != "win32":
            folder.chmod(0o700)
        if not secret.exists():
            zmq.auth.create_certificates(folder, "server")
        if not clients.exists():
            clients.mkdir(mode=0o700)
            _, made = zmq.auth.create_certificates(clients, "client")
            Path(made).replace(first)
        for path in (secret, first):
            if path.exists() and sys.platform != "win32":
                path.chmod(0o600)
    except OSError as error:
        raise StorageError(
            f"{folder}: keys cannot be made ({error.strerror}). Choose another --keys."
        ) from error
    try:
        public, private = zmq.auth.load_certificate(secret)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{secret}: is no key file ({error}). Delete it to have a new pair made."
        ) from error
    if private is None:
        raise ConfigError(f"{secret}: has no secret key. Delete it to have a new pair made.")
    return Keys(public, private, clients, first)


class Gate:
    """Lets in the clients whose keys lie in the folder; keys may come and go while the server runs."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], keys: Keys) -> None:
        self._keys = keys
        self._thread = ThreadAuthenticator(context)
        self._thread.start()
        self._seen: object = None
        self.refresh()

    def guard(self, socket: zmq.Socket[bytes]) -> None:
        """Make `socket` a CURVE server that asks this gate. Before it is bound."""
        socket.setsockopt_string(zmq.ZAP_DOMAIN, DOMAIN)
        socket.curve_secretkey = self._keys.secret
        socket.curve_publickey = self._keys.public
        socket.curve_server = True

    def refresh(self) -> None:
        """Read the folder again where it has changed."""
        files = sorted(self._keys.clients.glob("*.key"))
        now = [(path.name, path.stat().st_mtime_ns) for path in files]
        if now == self._seen:
            return
        self._seen = now
        if not files:
            log.warning("%s: is empty, so no client can connect. Put public keys there.", self._keys.clients)
        self._thread.configure_curve(domain=DOMAIN, location=self._keys.clients)

    def close(self) -> None:
        """Let nobody in any more."""
        self._thread.stop()
