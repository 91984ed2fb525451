"""Words that are kept so that only this installation reads them: addresses with a secret in them, keys of others.

Encrypted with a key derived from the secret key of the installation.  A copy of the database alone tells nothing; with
another secret key what was sealed is lost, and whoever gave it gives it again.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

from banyan.base.errors import BanyanError, mark


class SealBroken(BanyanError):
    """What was sealed cannot be read with the secret key of today."""

    code = "banyan.seal_broken"
    sentence = mark("What was kept sealed cannot be read any more. Please enter it again.")


def seal(words: str, *, purpose: str) -> str:
    """Return words encrypted for one purpose."""
    return _fernet(purpose).encrypt(words.encode()).decode("ascii")


def opened(kept: str, *, purpose: str) -> str:
    """Return the words that were sealed for this purpose.

    Raises
    ------
    SealBroken
        They were sealed with another secret key, for another purpose, or not here.
    """
    try:
        return _fernet(purpose).decrypt(kept.encode()).decode()
    except InvalidToken:
        raise SealBroken() from None


def fingerprint(words: str, *, purpose: str) -> str:
    """Return 64 hexadecimal digits by which the same words are known again and nobody else finds them out."""
    return hmac.new(_key(f"fingerprint {purpose}"), words.encode(), hashlib.sha256).hexdigest()


def _fernet(purpose: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_key(f"seal {purpose}")))


def _key(use: str) -> bytes:
    return hmac.new(settings.SECRET_KEY.encode(), f"banyan {use}".encode(), hashlib.sha256).digest()
