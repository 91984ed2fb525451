"""Files of a town under BANYAN_HOME, named by the row they belong to."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID

from django.conf import settings


def path_of(town_id: UUID, row_id: UUID, *, suffix: str) -> Path:
    """Return where the file of a row stands; nothing of it comes from outside."""
    return Path(settings.FILES_ROOT) / str(town_id) / row_id.hex[-2:] / f"{row_id}.{suffix}"


def write(town_id: UUID, row_id: UUID, *, suffix: str, content: bytes) -> None:
    """Write a file whole or not at all: it is synchronised to disk before it gets its name."""
    path = path_of(town_id, row_id, suffix=suffix)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    part.replace(path)
