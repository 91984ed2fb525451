"""Accounts (global), their roles in towns, their API tokens, and the stored answers that make retries safe."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from banyan.base.ids import uuid7
from banyan.kit.rows import TownRow


class AccountManager(BaseUserManager["Account"]):
    """Makes accounts; the command line and the tests use it, pages go through sign-up."""

    def create_user(
        self, *, email: str | None = None, phone: str | None = None, password: str | None = None, **more: Any
    ) -> Account:
        account = self.model(email=self.normalize_email(email) or None, phone=phone or None, **more)
        account.set_password(password)
        account.save(using=self._db)
        return account

    def get_by_natural_key(self, username: str | None) -> Account:
        return self.get(email__iexact=username)


class Account(AbstractBaseUser):
    """Somebody who can sign in, by e-mail and password or by phone number and code."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(unique=True, null=True, blank=True)
    phone = models.CharField(max_length=24, unique=True, null=True, blank=True)
    is_phone_verified = models.BooleanField(default=False)
    display_name = models.CharField(max_length=80, blank=True)
    language = models.CharField(max_length=10, blank=True)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[AccountManager] = AccountManager()

    def __str__(self) -> str:
        return self.display_name or self.email or self.phone or str(self.id)

    # Django's admin asks these; it is read-only, for managers and auditors of the town in scope (faces/web/admin).
    is_staff = False
    is_superuser = False

    def has_perm(self, perm: str, obj: object = None) -> bool:  # noqa: ARG002
        """No permission is given through Django's own table: `kit.guard` decides."""
        return False

    def has_module_perms(self, app_label: str) -> bool:  # noqa: ARG002
        """See `has_perm`."""
        return False


class Membership(models.Model):  # noqa: DJ008
    """A role of an account in a town, for a place (None: the whole town) and a party (None: for no party).

    Global, because signing in asks for it before a town is chosen; references carry the town all the same.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="memberships")
    town = models.ForeignKey("territory.Town", on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=20)
    place = models.ForeignKey("territory.Place", null=True, on_delete=models.PROTECT, related_name="+")
    place_path = models.CharField(max_length=400, blank=True)
    party = models.ForeignKey("parties.Party", null=True, on_delete=models.PROTECT, related_name="+")
    granted_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account", "town", "role", "place", "party"],
                condition=models.Q(ended_at__isnull=True),
                name="a_role_is_held_once_at_a_time",
            )
        ]


class ApiToken(models.Model):  # noqa: DJ008
    """A secret with which a program acts as an account in one town.  Only its hash is kept."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="api_tokens")
    town = models.ForeignKey("territory.Town", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    secret_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)


class StoredAnswer(TownRow):
    """The answer once given to a write with an idempotency key: the same key and body gets it again."""

    asker = models.CharField(max_length=64)
    key = models.CharField(max_length=80)
    body_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    at = models.DateTimeField()

    class Meta(TownRow.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["town", "asker", "key"], name="an_idempotency_key_is_used_once_by_its_asker"
            )
        ]
