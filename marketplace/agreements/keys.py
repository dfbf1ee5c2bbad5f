"""Signing keys: Ed25519, the private half under the signatory's own passphrase (argon2id, AES-GCM)."""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from marketplace.agreements.errors import WeakPassphraseError, WrongPassphraseError

SHORTEST, LONGEST = 12, 1024
DERIVATION = {"name": "argon2id", "iterations": 2, "lanes": 1, "memory_kib": 65536}
_SEAL = b"pilotage/signing-key/1"


@dataclass(frozen=True)
class SealedKey:
    """What the server keeps of a key: it cannot sign without the passphrase."""

    public_key: str
    fingerprint: str
    encrypted_private_key: bytes
    salt: bytes
    nonce: bytes
    derivation: dict[str, Any]


def fingerprint_of(public_key: str) -> str:
    """Thirty-two hexadecimal figures of the SHA-256 of the public key, for people to compare."""
    return hashlib.sha256(bytes.fromhex(public_key)).hexdigest()[:32]


def _derive(passphrase: str, salt: bytes, derivation: dict[str, Any]) -> bytes:
    # The same words typed on another keyboard may arrive decomposed.
    words = unicodedata.normalize("NFC", passphrase).encode("utf-8")
    return Argon2id(
        salt=salt,
        length=32,
        iterations=derivation["iterations"],
        lanes=derivation["lanes"],
        memory_cost=derivation["memory_kib"],
    ).derive(words)


def make_key(passphrase: str) -> SealedKey:
    """A new key sealed under the passphrase; nothing else can open it, the operator included."""
    if not SHORTEST <= len(passphrase) <= LONGEST:
        raise WeakPassphraseError(field="passphrase")
    private = Ed25519PrivateKey.generate()
    public_key = private.public_key().public_bytes_raw().hex()
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    sealed = AESGCM(_derive(passphrase, salt, DERIVATION)).encrypt(
        nonce, private.private_bytes_raw(), _SEAL + bytes.fromhex(public_key)
    )
    return SealedKey(public_key, fingerprint_of(public_key), sealed, salt, nonce, dict(DERIVATION))


def sign_with(key: Any, passphrase: str, message: bytes) -> str:
    """Open the sealed key for one signature; a wrong passphrase or an altered row is refused alike."""
    if not passphrase or len(passphrase) > LONGEST:
        raise WrongPassphraseError(field="passphrase")
    try:
        raw = AESGCM(_derive(passphrase, key.salt, key.derivation)).decrypt(
            key.nonce, key.encrypted_private_key, _SEAL + bytes.fromhex(key.public_key)
        )
    except InvalidTag as error:
        raise WrongPassphraseError(field="passphrase") from error
    return Ed25519PrivateKey.from_private_bytes(raw).sign(message).hex()


def is_valid_signature(public_key: str, signature: str, message: bytes) -> bool:
    """Whether the signature over the message was made by the holder of the public key."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True
