"""Workbooks (.xlsx, ISO/IEC 29500) in and out: the values of the first sheet, nothing that runs, a bounded size.

Before anything is parsed the directory of the archive is checked and every part is unpacked once within bounds: an
archive that unpacks to far more than it is, one that is cut off or encrypted, macros, document types (entities), cells
far apart, merged cells and formulas without a value are refused with a sentence each.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import IO, Any, Final
from xml.etree import ElementTree

from banyan.base.errors import InvalidInput, Problem, mark

#: Bytes that all parts together may unpack to.
MOST_UNPACKED: Final = 400_000_000
#: An archive may unpack to so many times its own size, once it is larger than `_SMALL`.
MOST_RATIO: Final = 150
_SMALL: Final = 20_000_000
_MOST_PARTS: Final = 2_000
#: Cells of the box around all cells of a sheet.
MOST_CELLS: Final = 8_000_000
_MOST_COLUMNS: Final = 500
_CHUNK: Final = 1 << 20
_OVERLAP: Final = 256
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_NO_VALUE: Final = re.compile(rb"(?:</f>|<f\b[^>]*/>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>")
_CELL: Final = re.compile(rb'<c\b[^>]*?\br="([A-Z]{1,3})([0-9]{1,7})"')
_RELATION: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
Source = Path | IO[bytes]


def is_workbook(head: bytes) -> bool:
    """Say whether the first bytes of a file are those of a workbook, old, encrypted or sound."""
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06", _OLE))


def sheet_rows(source: Source, *, head_row: int = 1) -> Iterator[tuple[int, list[str]]]:
    """Return the rows of the first sheet as text, each with its number in the sheet, 1 being the first.

    Parameters
    ----------
    head_row
        Row of the head; what stands above it may be merged.

    Returns
    -------
    Iterator
        Cells as text: whole numbers without a point, dates and times as ISO 8601 with a space.  Rows have one length.

    Raises
    ------
    InvalidInput
        Lists every reason why the workbook cannot be believed (see the module).
    """
    import python_calamine

    problems = workbook_problems(source)
    if problems:
        raise InvalidInput(mark("The workbook"), problems)
    _rewind(source)
    try:
        workbook = python_calamine.CalamineWorkbook.from_object(source)
        sheet = workbook.get_sheet_by_index(0)
    except (python_calamine.CalamineError, OSError, ValueError, IndexError):
        raise InvalidInput(mark("The workbook"), [_unreadable()]) from None
    merged = [one for one in sheet.merged_cell_ranges or [] if one[1][0] >= head_row - 1]
    if merged:
        place = {"n": len(merged), "row": merged[0][0][0] + 1}
        sentence = mark("{n} ranges of cells are merged, the first in row {row}: only one cell of each has a value.")
        raise InvalidInput(mark("The workbook"), [Problem("file", "merged", sentence, place)])
    top, left = sheet.start or (0, 0)
    blank = [""] * left
    return ((number, blank + [_text(cell) for cell in row]) for number, row in enumerate(sheet.iter_rows(), top + 1))


def workbook_problems(source: Source) -> list[Problem]:
    """Return every reason why a workbook must not be opened; parts are unpacked within bounds and thrown away."""
    _rewind(source)
    if isinstance(source, Path):
        with source.open("rb") as opened:
            return _archive_problems(opened)
    return _archive_problems(source)


def _rewind(source: Source) -> None:
    if not isinstance(source, Path):
        source.seek(0)


def _unreadable() -> Problem:
    return Problem("file", "not_xlsx", mark("The workbook is damaged or only half there."))


def _archive_problems(opened: IO[bytes]) -> list[Problem]:
    if opened.read(8) == _OLE:
        sentence = mark("This is an old or an encrypted workbook: save it as .xlsx without a password.")
        return [Problem("file", "encrypted", sentence)]
    n_bytes = opened.seek(0, io.SEEK_END)
    opened.seek(0)
    try:
        with zipfile.ZipFile(opened) as archive:
            problems = _directory_problems(archive.infolist(), n_bytes=n_bytes)
            return problems or _part_problems(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError):
        return [_unreadable()]


def _directory_problems(parts: Sequence[zipfile.ZipInfo], *, n_bytes: int) -> list[Problem]:
    unpacked = sum(part.file_size for part in parts)
    names = {part.filename for part in parts}
    problems = []
    if unpacked > MOST_UNPACKED or unpacked > max(_SMALL, MOST_RATIO * n_bytes) or len(parts) > _MOST_PARTS:
        problems.append(Problem("file", "bomb", mark("The file unpacks to far more than it is: it is not opened.")))
    if len(names) != len(parts):
        problems.append(_unreadable())
    if any(part.flag_bits & 1 for part in parts):
        problems.append(Problem("file", "encrypted", mark("The workbook is encrypted: save it without a password.")))
    if any(name.lower().endswith(("vbaproject.bin", ".xlm")) or "/macrosheets/" in name.lower() for name in names):
        problems.append(Problem("file", "macros", mark("The workbook has macros: save it as .xlsx without them.")))
    if not problems and not {"[Content_Types].xml", "xl/workbook.xml"} <= names:
        problems.append(Problem("file", "not_xlsx", mark("This is an archive, but not a workbook (.xlsx).")))
    return problems


def _part_problems(archive: zipfile.ZipFile) -> list[Problem]:
    """Unpack every part once, checked sums included, and look for what must not be there."""
    found: dict[str, Problem] = {}
    is_safe = True
    for part in archive.infolist():
        is_xml = part.filename.lower().endswith((".xml", ".rels"))
        for chunk in _chunks(archive, part.filename):
            if is_xml and (b"<!DOCTYPE" in chunk or b"<!ENTITY" in chunk or b"\0" in chunk):
                is_safe = False
    if not is_safe:
        return [Problem("file", "entities", mark("The workbook declares a document type: it is not opened."))]
    if b"macroEnabled" in archive.read("[Content_Types].xml"):
        sentence = mark("The workbook has macros: save it as .xlsx without them.")
        found["macros"] = Problem("file", "macros", sentence)
    if sheet := _first_sheet(archive):
        found |= {one.code: one for one in _sheet_problems(archive, sheet)}
    return list(found.values())


def _chunks(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """Yield the bytes of a part in pieces, each beginning with the end of the piece before it."""
    held = b""
    with archive.open(name) as opened:
        while piece := opened.read(_CHUNK):
            yield held + piece
            held = piece[-_OVERLAP:]


def _first_sheet(archive: zipfile.ZipFile) -> str:
    """Return the part that holds the first sheet; "" where the workbook does not say."""
    try:
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 - document types were refused
        links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
    except (ElementTree.ParseError, KeyError):
        return ""
    wanted = next((one.get(_RELATION) for one in book.iter() if one.tag.endswith("}sheet")), None)
    target = next((one.get("Target", "") for one in links if one.get("Id") == wanted), "")
    name = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return name if name in archive.namelist() else ""


def _sheet_problems(archive: zipfile.ZipFile, name: str) -> list[Problem]:
    n_bare, box = 0, (0, 0)
    held = b""
    with archive.open(name) as opened:
        while piece := opened.read(_CHUNK):
            # whole cells only, so that none is seen twice
            chunk, end, held = (held + piece).rpartition(b"</c>")
            chunk += end
            n_bare += len(_NO_VALUE.findall(chunk))
            for column, row in _CELL.findall(chunk):
                box = max(box[0], int(row)), max(box[1], _number_of(column))
            if box[0] * box[1] > MOST_CELLS or box[1] > _MOST_COLUMNS or len(held) > 2 * _SMALL:
                return [Problem("file", "too_large", mark("The sheet is too large or its cells stand too far apart."))]
    if n_bare:
        sentence = mark("{n} cells hold a formula without a value: open the file, save it, and send it again.")
        return [Problem("file", "formula", sentence, {"n": n_bare})]
    return []


def _number_of(column: bytes) -> int:
    number = 0
    for letter in column:
        number = number * 26 + letter - 64
    return number


def _text(cell: Any) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else format(cell, ".15g")
    if isinstance(cell, datetime):  # a serial number of days rounds to a microsecond beside the second
        return (cell + timedelta(milliseconds=500)).replace(microsecond=0).isoformat(" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell)


# --- and out again ---------------------------------------------------------------------------------------------------


def as_xlsx(head: Sequence[str], rows: Iterable[Sequence[Any]], *, name: str = "") -> bytes:
    """Return a table as a workbook of one sheet, row by row, so that memory holds one row only.

    Text stays text, whatever it looks like: no formula, no link, no phone number turned into a number.  Numbers are
    numbers; an aware instant is written as ISO 8601 text, because a workbook knows no time zones.
    """
    import xlsxwriter

    out = io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options | {"strings_to_numbers": False, "nan_inf_to_errors": True}) as workbook:
        sheet = workbook.add_worksheet(_sheet_name(name))
        bold = workbook.add_format({"bold": True})
        for column, word in enumerate(head):
            sheet.write_string(0, column, _clean(word), bold)
        sheet.freeze_panes(1, 0)
        for number, row in enumerate(rows, 1):
            for column, cell in enumerate(row):
                _write(sheet, number, column, cell)
    return out.getvalue()


_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MOST_TEXT: Final = 32_767


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)[:_MOST_TEXT]


def _sheet_name(name: str) -> str | None:
    return re.sub(r"[\[\]:*?/\\']", " ", _clean(name)).strip()[:31] or None


def _write(sheet: Any, row: int, column: int, cell: Any) -> None:
    if cell is None or cell == "":
        return
    if isinstance(cell, bool):
        sheet.write_boolean(row, column, cell)
    elif isinstance(cell, int | float):
        sheet.write_number(row, column, cell)
    elif isinstance(cell, datetime):
        sheet.write_string(row, column, cell.isoformat(timespec="seconds"))
    else:
        sheet.write_string(row, column, _clean(str(cell)))
