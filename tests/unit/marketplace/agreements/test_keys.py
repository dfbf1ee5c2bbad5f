"""Signing keys: only the passphrase opens them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from marketplace.agreements.errors import WeakPassphraseError, WrongPassphraseError
from marketplace.agreements.keys import fingerprint_of, is_valid_signature, make_key, sign_with

PASSPHRASE = "correct horse battery"


def test_key_signs_with_its_passphrase_and_the_signature_holds() -> None:
    key = make_key(PASSPHRASE)
    signature = sign_with(key, PASSPHRASE, b"message")
    assert is_valid_signature(key.public_key, signature, b"message")
    assert not is_valid_signature(key.public_key, signature, b"massage")
    assert not is_valid_signature(make_key(PASSPHRASE).public_key, signature, b"message")
    assert key.fingerprint == fingerprint_of(key.public_key)


@pytest.mark.parametrize("wrong", ["", "correct horse batterx", "x" * 5000])
def test_wrong_passphrase_is_refused(wrong: str) -> None:
    with pytest.raises(WrongPassphraseError):
        sign_with(make_key(PASSPHRASE), wrong, b"message")


def test_sealed_key_of_one_row_does_not_open_under_another_public_key() -> None:
    first, second = make_key(PASSPHRASE), make_key(PASSPHRASE)
    with pytest.raises(WrongPassphraseError):
        sign_with(replace(first, public_key=second.public_key), PASSPHRASE, b"message")


def test_passphrase_typed_in_composed_or_decomposed_letters_is_the_same() -> None:
    key = make_key("cafe\N{COMBINING ACUTE ACCENT} au lait")
    assert sign_with(key, "caf\N{LATIN SMALL LETTER E WITH ACUTE} au lait", b"message")


@pytest.mark.parametrize("passphrase", ["", "eleven char", "x" * 1025])
def test_passphrase_has_a_length(passphrase: str) -> None:
    with pytest.raises(WeakPassphraseError):
        make_key(passphrase)


def test_private_key_appears_nowhere_in_what_is_kept() -> None:
    key = make_key(PASSPHRASE)
    assert len(key.encrypted_private_key) == 48  # 32 bytes under AES-GCM with its tag of 16
    assert key.derivation["memory_kib"] >= 19_456  # the least that OWASP names for argon2id


@pytest.mark.parametrize(("key", "signature"), [("zz", "00"), ("00" * 32, "not hex"), ("", "")])
def test_garbage_is_no_signature(key: str, signature: str) -> None:
    assert not is_valid_signature(key, signature, b"message")
