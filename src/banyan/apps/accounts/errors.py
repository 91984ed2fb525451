"""What can go wrong with accounts."""

from __future__ import annotations

from banyan.base.errors import Conflict, mark


class KeyUsedOtherwise(Conflict):
    """The same idempotency key came with another request."""

    code = "accounts.key_used_otherwise"
    sentence = mark("This idempotency key was used for another request. Make a new key for each new request.")


class LastManager(Conflict):
    """Without a manager nobody could give a role in the town any more."""

    code = "accounts.last_manager"
    sentence = mark("This is the last manager of the town. Give the role to someone else first.")
