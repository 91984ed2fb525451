"""Long tables of other systems, read row by row within bounds: CSV, gzipped CSV or a workbook, told by their content.

A file is refused with a sentence, never with a stack trace: bytes that no named encoding explains, half an archive, a
quote that is never closed, a head with one column twice, a cell or an archive that is a bomb.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from banyan.base import sheets, tables
from banyan.base.errors import InvalidInput, Problem, mark

#: Bytes that a file may unpack to.
MOST_UNPACKED: Final = 2_000_000_000
#: A gzipped file may unpack to so many times its own size, once it is larger than `_SMALL`.
MOST_RATIO: Final = 120
_SMALL: Final = 50_000_000
#: Characters of one row.
MOST_OF_A_ROW: Final = 2_000_000
_CHUNK: Final = 1 << 20
#: What a profile may name; each is one that Python reads without guessing.
ENCODINGS: Final = ("utf-8", "gb18030", "big5", "utf-16", "latin-1", "cp1252")
_Rows = Iterator[tuple[int, list[str]]]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is written: the encodings it may have, tried in this order, what parts cells, the row of the head."""

    encodings: Sequence[str] = ("utf-8",)
    delimiter: str = ","
    head_row: int = 1


@dataclass(frozen=True, slots=True)
class RowFile:
    """An open table: its head, and its rows with their numbers in the file.  A row may have any number of cells."""

    head: Sequence[str]
    rows: _Rows
    encoding: str
    """The encoding that explained every byte; "" of a workbook."""


@contextmanager
def opened(path: Path, *, layout: Layout | None = None) -> Iterator[RowFile]:
    """Open a table to be read once, row by row; formula guards are taken off the cells.

    Raises
    ------
    InvalidInput
        On opening: what keeps the file from being read at all.  While rows are read: where it breaks off.
    """
    layout = layout or Layout()
    with path.open("rb") as raw:
        head = raw.read(8)
    if not head:
        raise _refused("empty", mark("The file is empty."))
    if path.name.lower().endswith((".xlsm", ".xltm", ".xlsb", ".xls")):
        raise _refused("macros", mark("Only workbooks without macros are taken: save it as .xlsx."))
    if sheets.is_workbook(head):
        rows = sheets.sheet_rows(path, head_row=layout.head_row)
        yield _with_head(rows, layout, encoding="")
        return
    encoding = _encoding_of(path, layout.encodings)
    codec = "utf-8-sig" if encoding == "utf-8" else encoding
    with _unpacked(path) as plain, io.TextIOWrapper(plain, encoding=codec, newline="") as text:
        yield _with_head(_csv_rows(text, layout.delimiter), layout, encoding=encoding)


def _refused(code: str, sentence: str, **facts: object) -> InvalidInput:
    return InvalidInput(mark("The file"), [Problem("file", code, sentence, facts)])


def _with_head(rows: _Rows, layout: Layout, *, encoding: str) -> RowFile:
    head = next((cells for number, cells in rows if number >= layout.head_row and any(map(str.strip, cells))), None)
    if head is None:
        raise _refused("empty", mark("The file has no row with the names of its columns."))
    names = [cell.strip() for cell in head]
    doubled = sorted({name for name in names if name and names.count(name) > 1})
    if doubled:
        raise InvalidInput(
            mark("The file"),
            [
                Problem(name[:60], "doubled", mark("The column “{name}” is there twice."), {"name": name[:60]})
                for name in doubled
            ],
        )
    return RowFile(names, rows, encoding)


# --- bytes and characters --------------------------------------------------------------------------------------------


@contextmanager
def _unpacked(path: Path) -> Iterator[io.BufferedReader]:
    with path.open("rb") as raw:
        if raw.read(2) != b"\x1f\x8b":
            raw.seek(0)
            yield raw
            return
        raw.seek(0)
        n_packed = path.stat().st_size
        with gzip.GzipFile(fileobj=raw) as unpacked:
            bounded = _Bounded(unpacked, most=max(_SMALL, n_packed * MOST_RATIO))
            yield io.BufferedReader(bounded, _CHUNK)


class _Bounded(io.RawIOBase):
    """Bytes of an archive, up to a bound; an archive that is cut off or goes on for ever is refused."""

    def __init__(self, source: gzip.GzipFile, *, most: int) -> None:
        self._source = source
        self._left = min(most, MOST_UNPACKED)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        try:
            piece = self._source.read(len(buffer))
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise _refused("half", mark("The archive is damaged or only half there.")) from None
        self._left -= len(piece)
        if self._left < 0:
            raise _refused("bomb", mark("The file unpacks to far more than it is: it is not opened."))
        buffer[: len(piece)] = piece
        return len(piece)


def _encoding_of(path: Path, encodings: Sequence[str]) -> str:
    """Return the first encoding that explains every byte of a file."""
    failed = []
    for encoding in encodings:
        wrong = _wrong_byte(path, "utf-8-sig" if encoding == "utf-8" else encoding)
        if wrong is None:
            return encoding
        failed.append(f"{encoding} ({wrong})")
    sentence = mark(
        "The bytes of the file fit none of the encodings that were tried: {tried}. Name its own in the profile."
    )
    raise _refused("encoding", sentence, tried=", ".join(failed))


def _wrong_byte(path: Path, encoding: str) -> int | None:
    """Return the place of the first byte that an encoding does not explain, None where it explains all."""
    decoder = codecs.getincrementaldecoder(encoding)()
    place, head = 0, ""
    with _unpacked(path) as raw:
        while True:
            piece = raw.read(_CHUNK)
            try:
                text = decoder.decode(piece, final=not piece)
            except UnicodeDecodeError as error:
                return place + error.start
            if "\0" in text:
                raise _refused("not_text", mark("The file holds characters that are not text."))
            head = head or text[:200].lstrip("\ufeff \r\n\t").lower()
            if head.startswith(("<!doctype", "<html", "<?xml", "<table")):
                raise _refused("not_a_table", mark("This is a web page or XML: export it as CSV or .xlsx."))
            if not piece:
                return None
            place += len(piece)


# --- rows ------------------------------------------------------------------------------------------------------------


def _csv_rows(text: io.TextIOWrapper, delimiter: str) -> _Rows:
    csv.field_size_limit(tables.MOST_BYTES)
    lines = _Lines(text)
    reader = csv.reader(lines, strict=True, delimiter=delimiter)
    number = 0
    while True:
        lines.n_characters = 0
        try:
            cells = next(reader, None)
        except csv.Error:
            raise _refused(
                "not_csv", mark("The file is not CSV, or only half there (line {line})."), line=reader.line_num
            ) from None
        if cells is None:
            return
        number += 1
        yield number, [tables.unguarded(cell) if cell[:1] == "'" else cell for cell in cells]


class _Lines:
    """Lines of a text, as long as one row is; a quote that is never closed does not swallow the whole file."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.n_characters = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._text.readline(MOST_OF_A_ROW + 1)
        self.n_characters += len(line)
        if self.n_characters > MOST_OF_A_ROW:
            raise _refused(
                "row_too_long",
                mark("A row is longer than {most} characters: is a quote never closed?"),
                most=MOST_OF_A_ROW,
            )
        if not line:
            raise StopIteration
        return line
