"""Files of text and tables in and out: UTF-8, CSV (RFC 4180) or a workbook (.xlsx); no formula by accident."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from banyan.base import sheets
from banyan.base.errors import InvalidInput, Problem, mark

#: Form of a table -> its type on the web.
TYPES: Final[Mapping[str, str]] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

MOST_BYTES: Final = 20_000_000
_CONTROLS: Final = frozenset("\t\r\n")
_FORMULA: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def text_of(content: bytes, *, most_bytes: int = MOST_BYTES) -> tuple[str, list[Problem]]:
    """Return the text of a file in UTF-8, with or without a byte order mark, and what keeps it from being one."""
    if len(content) > most_bytes:
        limit = {"limit": max(1, most_bytes // 1_000_000)}
        return "", [Problem("file", "too_large", mark("A file has at most {limit} MB."), limit)]
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = {"byte": error.start}
        return "", [Problem("file", "not_text", mark("The file is not UTF-8 text (byte {byte})."), place)]
    if "\0" in text:
        return "", [Problem("file", "not_text", mark("This holds characters that are not text."))]
    return text, []


def rows_of(
    text: str, *, columns: Sequence[str], required: Sequence[str], name: str
) -> tuple[list[dict[str, str]], list[Problem]]:
    """Read a CSV table with a head.

    Parameters
    ----------
    columns, required
        Names the head may hold and those it has to.
    name
        What a row is called in problems: ``places`` gives ``places[0]`` for the first row under the head.

    Returns
    -------
    tuple
        One mapping of column to cell for each row, guards against formulas taken off, and every problem found.
    """
    csv.field_size_limit(MOST_BYTES)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        lines = [line for line in reader if line]
    except csv.Error:
        place = {"line": reader.line_num}
        return [], [Problem("file", "not_csv", mark("The file is not CSV (line {line})."), place)]
    return _headed(lines, columns=columns, required=required, name=name)


def rows_of_file(
    content: bytes, *, columns: Sequence[str], required: Sequence[str], name: str, most_bytes: int = MOST_BYTES
) -> tuple[list[dict[str, str]], list[Problem]]:
    """Read a table with a head from a file, CSV or .xlsx, told by its content; otherwise as `rows_of`."""
    if not sheets.is_workbook(content[:8]):
        text, problems = text_of(content, most_bytes=most_bytes)
        return ([], problems) if problems else rows_of(text, columns=columns, required=required, name=name)
    if len(content) > most_bytes:
        return [], text_of(content, most_bytes=most_bytes)[1]
    try:
        lines = [line for _, line in sheets.sheet_rows(io.BytesIO(content)) if any(line)]
    except InvalidInput as error:
        return [], list(error.problems)
    return _headed(lines, columns=columns, required=required, name=name)


def _headed(
    lines: Sequence[list[str]], *, columns: Sequence[str], required: Sequence[str], name: str
) -> tuple[list[dict[str, str]], list[Problem]]:
    head = [cell.strip() for cell in lines[0]] if lines else []
    problems = [
        Problem(one[:60], "unknown", mark("There is no column “{name}”."), {"name": one[:60]})
        for one in head
        if one and one not in columns
    ]
    problems += [
        Problem(one, "required", mark("The column “{name}” is missing."), {"name": one})
        for one in required
        if one not in head
    ]
    problems += [
        Problem(one[:60], "doubled", mark("The column “{name}” is there twice."), {"name": one[:60]})
        for one in sorted({one for one in head if one and head.count(one) > 1})
    ]
    problems += [
        Problem(f"{name}[{i}]", "shape", mark("The row has more or fewer cells than the head."))
        for i, line in enumerate(lines[1:])
        if len(line) != len(head)
    ]
    rows = [{key: unguarded(cell) for key, cell in zip(head, line, strict=False) if key and cell} for line in lines[1:]]
    return rows, problems


def as_file(head: Sequence[str], rows: Iterable[Sequence[Any]], *, form: str) -> bytes:
    """Return a table as a file of a form of `TYPES`: every list that goes out as CSV goes out as .xlsx as well."""
    return sheets.as_xlsx(head, rows) if form == "xlsx" else as_csv(head, rows)


def as_csv(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Return a table as CSV, UTF-8 with a byte order mark, so that spreadsheets read Chinese; no cell is a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(head)
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def safe_cell(value: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula: words that begin like one get an apostrophe before them.

    Source
    ------
    OWASP, "CSV Injection": fields that begin with = + - @ (full width too), a tabulator or a line end.
    """
    if isinstance(value, str) and (value[:1] in _CONTROLS or value.lstrip().startswith(_FORMULA)):
        return f"'{value}"
    return value


def unguarded(cell: str) -> str:
    """Return a cell without the apostrophe that `safe_cell` put before it."""
    return cell[1:] if cell.startswith("'") and safe_cell(cell[1:]) != cell[1:] else cell


def plain(row: Mapping[str, str], column: str) -> str:
    """Return a cell without white space at its ends; "" where there is none."""
    return row.get(column, "").strip()
