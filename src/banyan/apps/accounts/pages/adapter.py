"""What allauth has to know of our accounts: phone numbers, no user names, and no sign-up but by phone."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from banyan.apps.accounts import queries
from banyan.apps.accounts.models import Account


class BanyanAccounts(DefaultAccountAdapter):  # type: ignore[misc]
    """Our accounts as allauth sees them."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Refuse allauth's own sign-up: a first sign-in by phone opens the account, the staff's are made for them."""
        return False

    def add_message(self, *_args: Any, **_kwargs: Any) -> None:
        """Say nothing of signing in and out: the page that follows shows it."""

    def get_phone(self, user: Account) -> tuple[str, bool] | None:
        """Return the number and whether it was verified."""
        return (user.phone, user.is_phone_verified) if user.phone else None

    def set_phone(self, user: Account, phone: str, verified: bool) -> None:
        """Give an account a number."""
        user.phone, user.is_phone_verified = phone, verified
        user.save(update_fields=["phone", "is_phone_verified"])

    def set_phone_verified(self, user: Account, phone: str) -> None:
        """Note that a code sent to the number came back."""
        self.set_phone(user, phone, True)

    def get_user_by_phone(self, phone: str) -> Account | None:
        """Return the account of a number."""
        return queries.account_by_phone(phone)

    def send_verification_code_sms(self, user: Account, phone: str, code: str, **_more: Any) -> None:  # noqa: ARG002
        """Send a code by the sender of the installation."""
        from banyan.apps.accounts.pages.codes import words_of
        from banyan.kit import sms

        sms.send(phone, words_of(code))

    def send_unknown_account_sms(self, phone: str, **_more: Any) -> None:
        """Send nothing: a number that is not known is never told so."""
