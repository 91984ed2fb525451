"""Files of a town under BANYAN_HOME, named by the row they belong to."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

from django.conf import settings

from banyan.base.errors import InvalidInput, Problem, mark


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


def write_pieces(town_id: UUID, row_id: UUID, *, suffix: str, pieces: Iterable[bytes], most_bytes: int) -> str:
    """Write a file piece by piece, whole or not at all, and return its SHA-256.

    Raises
    ------
    InvalidInput
        It has more bytes than `most_bytes`.
    """
    path = path_of(town_id, row_id, suffix=suffix)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    sha256, n_bytes = hashlib.sha256(), 0
    try:
        with part.open("wb") as out:
            for piece in pieces:
                n_bytes += len(piece)
                if n_bytes > most_bytes:
                    limit = {"limit": most_bytes // 1_000_000}
                    problem = Problem("file", "too_large", mark("A file has at most {limit} MB."), limit)
                    raise InvalidInput(mark("The file"), [problem])
                sha256.update(piece)
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return sha256.hexdigest()
