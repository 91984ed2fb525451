"""Pictures from outside: decoded under limits, turned upright, re-encoded without metadata."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from banyan.base.errors import Problem, mark

if TYPE_CHECKING:
    from PIL import Image

MOST_BYTES: Final = 12 * 1024 * 1024
#: A JPEG is decoded small; the others are decoded whole, at up to four bytes a pixel.
MOST_PIXELS: Final = {"JPEG": 50_000_000, "PNG": 24_000_000, "WEBP": 24_000_000}
MOST_PICTURES: Final = 6
#: What one form with all its photos and words may hold.
MOST_BYTES_OF_A_FORM: Final = MOST_PICTURES * MOST_BYTES + 1024 * 1024
LONGEST_SIDE: Final = 2048
THUMBNAIL_SIDE: Final = 320


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG of ours and its small sister; sizes in pixels."""

    content: bytes
    thumbnail: bytes
    width: int
    height: int


def pictures(files: Sequence[bytes]) -> tuple[list[Picture], list[Problem]]:
    """Return re-encoded pictures and every problem; nothing of the original bytes survives, EXIF and GPS included."""
    if len(files) > MOST_PICTURES:
        return [], [Problem("photos", "too_many", mark("At most {most} photos."), {"most": MOST_PICTURES})]
    made: list[Picture] = []
    problems: list[Problem] = []
    for i, content in enumerate(files):
        found = _picture(content, where=f"photos[{i}]")
        if isinstance(found, Problem):
            problems.append(found)
        else:
            made.append(found)
    return made, problems


def _picture(content: bytes, *, where: str) -> Picture | Problem:
    from PIL import Image, ImageOps

    if len(content) > MOST_BYTES:
        limit = {"limit": MOST_BYTES // (1024 * 1024)}
        return Problem(where, "too_large", mark("A photo has at most {limit} MB."), limit)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(content), formats=tuple(MOST_PIXELS))
            most = MOST_PIXELS[image.format or "PNG"]
            if image.width * image.height > most:
                limit = {"limit": most // 1_000_000}
                return Problem(where, "too_large", mark("A photo has at most {limit} million pixels."), limit)
            image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except Exception:  # noqa: BLE001 - a hostile file breaks decoders in any way it likes, struct.error among them
        return Problem(where, "not_a_photo", mark("This file is not a photo that can be read (JPEG, PNG or WebP)."))
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    small = upright.copy()
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    return Picture(_jpeg(upright), _jpeg(small), upright.width, upright.height)


def _jpeg(image: Image.Image) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    fresh = Image.new("RGB", image.size)
    fresh.paste(image)
    fresh.save(out, "JPEG", quality=85, optimize=True)
    return out.getvalue()
