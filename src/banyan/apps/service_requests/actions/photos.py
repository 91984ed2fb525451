"""Storing the photos of a request: rows in the database, files beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from banyan.apps.service_requests.models import Photo, ServiceRequest
from banyan.kit import files, scopes
from banyan.kit.guard import Actor
from banyan.kit.images import Picture


def stored_photos(
    request: ServiceRequest,
    shots: Sequence[Picture],
    *,
    moment: str,
    actor: Actor,
    at: datetime,
    part_id: UUID | None = None,
) -> list[Photo]:
    """Store re-encoded pictures, files first: a row never points to nothing, a rollback leaves a stray file.

    `part_id` names the part of joint work of which they are evidence.
    """
    rows = [
        Photo(
            service_request_id=request.id,
            part_id=part_id,
            moment=moment,
            width=shot.width,
            height=shot.height,
            n_bytes=len(shot.content),
            sha256=hashlib.sha256(shot.content).hexdigest(),
            account_id=actor.account_id,
            at=at,
        )
        for shot in shots
    ]
    for row, shot in zip(rows, shots, strict=True):
        files.write(scopes.current_town(), row.id, suffix="jpg", content=shot.content)
        files.write(scopes.current_town(), row.id, suffix="thumb.jpg", content=shot.thumbnail)
    if rows:
        Photo.objects.bulk_create(rows)
    return rows
