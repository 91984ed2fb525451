"""Photos from outside are re-encoded, stripped of metadata, or refused in plain words."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from banyan.kit.images import LONGEST_SIDE, MOST_BYTES, MOST_PICTURES, pictures

EXIF = Path(__file__).parents[5] / "shared" / "data" / "trust" / "exif"


def _photo(form: str = "JPEG", size: tuple[int, int] = (640, 480), **more: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (90, 140, 90)).save(out, form, **more)
    return out.getvalue()


def _png_of_claimed_size(width: int, height: int) -> bytes:
    """A pixel flood: a tiny file that claims to be enormous."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )


def test_real_photos_with_gps_keep_their_picture_and_lose_their_metadata():
    files = sorted(EXIF.glob("*.jpg"))
    if not files:
        pytest.skip("the photos with GPS are not beside this checkout (../shared/data)")
    n_with_exif = 0
    for file in files:
        original = file.read_bytes()
        n_with_exif += b"Exif" in original

        made, problems = pictures([original])

        assert problems == []
        for content in (made[0].content, made[0].thumbnail):
            image = Image.open(io.BytesIO(content))
            assert not image.getexif()
            assert not {"exif", "xmp", "comment", "icc_profile"} & set(image.info)
            assert max(image.size) <= LONGEST_SIDE
    assert n_with_exif > 0


def test_a_photo_that_breaks_its_decoder_is_refused_in_plain_words():
    turned = struct.pack("<HHII", 0x0112, 3, 1, 6)
    block_that_is_text = struct.pack("<HHI4s", 0x014A, 2, 4, b"abc\0")  # struct.error in Pillow, when it is turned
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 2) + turned + block_that_is_text + bytes(4)

    made, problems = pictures([_photo(exif=exif)])

    assert made == []
    assert [(problem.where, problem.code) for problem in problems] == [("photos[0]", "not_a_photo")]


def test_a_photo_taken_sideways_stands_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate by 90 degrees

    made, _ = pictures([_photo(size=(640, 480), exif=exif)])

    assert (made[0].width, made[0].height) == (480, 640)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_the_formats_of_phones_are_taken(form: str):
    made, problems = pictures([_photo(form)])

    assert (len(made), problems) == (1, [])
    assert Image.open(io.BytesIO(made[0].content)).format == "JPEG"


def test_what_follows_the_picture_in_a_polyglot_is_gone():
    made, problems = pictures([_photo() + b"<script>alert(1)</script>PK\x03\x04"])

    assert problems == []
    assert b"script" not in made[0].content


HOSTILE = {
    "empty": b"",
    "text": b"this is no photo",
    "svg with a script": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "gif": _photo("GIF"),
    "cut in half": _photo(size=(2000, 2000), quality=95)[:3000],
    "pixel flood": _png_of_claimed_size(60_000, 60_000),
    "short of pixels": _png_of_claimed_size(2_000, 2_000),
    "too many bytes": b"\xff\xd8\xff" + b"\0" * MOST_BYTES,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_by_its_place_and_a_good_one_beside_it_is_not(name: str):
    made, problems = pictures([_photo(), HOSTILE[name]])

    assert len(made) == 1
    assert [problem.where for problem in problems] == ["photos[1]"]


def test_too_many_photos_are_refused_at_once():
    made, problems = pictures([_photo()] * (MOST_PICTURES + 1))

    assert (made, [problem.code for problem in problems]) == ([], ["too_many"])
