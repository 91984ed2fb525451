"""Workbooks come in as values and go out as text that stays text; what is hostile is refused with a sentence."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import datetime

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from banyan.base import sheets, tables
from banyan.base.errors import InvalidInput

HEAD = ("code", "phone", "name")
ROWS = [["a", "008613800138000", "路灯"], ["b", "1e5", "=SUM(A1)"], ["c", "2015-01-01", "+86 1"]]


def _read(content: bytes, **words: int) -> list[list[str]]:
    return [cells for _, cells in sheets.sheet_rows(io.BytesIO(content), **words)]


def _refusal(content: bytes) -> set[str]:
    with pytest.raises(InvalidInput) as refused:
        list(sheets.sheet_rows(io.BytesIO(content)))
    return {problem.code for problem in refused.value.problems}


def _book(fill: Callable[[xlsxwriter.Workbook, xlsxwriter.worksheet.Worksheet], object]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        fill(book, book.add_worksheet())
    return out.getvalue()


def _changed(content: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """Return an archive in which one part is another one."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            new.writestr(part, change(old.read(part)) if part == name else old.read(part))
        if name not in old.namelist():
            new.writestr(name, change(b""))
    return out.getvalue()


def test_text_that_looks_like_a_number_or_a_formula_comes_back_as_it_was() -> None:
    assert _read(sheets.as_xlsx(HEAD, ROWS)) == [list(HEAD), *ROWS]


_CELLS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co")), max_size=30)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(_CELLS.filter(lambda one: one == one.strip()), min_size=2, max_size=2), max_size=4))
def test_any_table_that_goes_out_comes_back(rows: list[list[str]]) -> None:
    kept = [row for row in rows if any(row)]

    found = _read(sheets.as_xlsx(("x", "y"), kept))

    assert found == [["x", "y"], *kept]


def test_numbers_dates_and_truth_are_written_plainly() -> None:
    def fill(book: xlsxwriter.Workbook, sheet: xlsxwriter.worksheet.Worksheet) -> None:
        form = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet.write_row(0, 0, ["n", "half", "at", "bare", "yes"])
        sheet.write_row(1, 0, [2108, 0.5])
        sheet.write_datetime(1, 2, datetime(2015, 1, 16, 8, 30), form)
        sheet.write_number(1, 3, 42020.354166666664)
        sheet.write_boolean(1, 4, True)

    assert _read(_book(fill))[1] == ["2108", "0.5", "2015-01-16 08:30:00", "42020.3541666667", "TRUE"]


def test_a_formula_counts_by_its_value_and_one_without_a_value_is_refused() -> None:
    valued = _book(lambda _, sheet: sheet.write_formula("A1", "=1+1", value=2))
    bare = _book(lambda _, sheet: [sheet.write_formula(f"A{n}", "=1+1", value="") for n in range(1, 4)])

    assert _read(valued) == [["2"]]
    assert _refusal(bare) == {"formula"}


def test_merged_cells_are_refused_below_the_head_and_left_alone_above_it() -> None:
    def fill(_: object, sheet: xlsxwriter.worksheet.Worksheet) -> None:
        sheet.merge_range("A1:B1", "工单明细表")
        sheet.write_row(1, 0, ["code", "name"])

    content = _book(fill)

    assert _refusal(content) == {"merged"}
    assert _read(content, head_row=2)[1] == ["code", "name"]


def test_a_bomb_is_not_opened() -> None:
    big = _changed(sheets.as_xlsx(HEAD, ROWS), "xl/media/bomb.bin", lambda _: bytes(60_000_000))
    many = _changed(sheets.as_xlsx(HEAD, ROWS), "xl/worksheets/sheet1.xml", lambda old: old + b" " * 60_000_000)

    assert _refusal(big) == {"bomb"}
    assert _refusal(many) == {"bomb"}


def test_cells_far_apart_are_not_laid_out_in_memory() -> None:
    content = _book(lambda _, sheet: [sheet.write(0, 0, 1), sheet.write(1_048_575, 16_383, 1)])

    assert _refusal(content) == {"too_large"}


def test_document_types_and_entities_are_refused() -> None:
    evil = b'<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]>'
    for part in ("xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"):
        content = _changed(
            sheets.as_xlsx(HEAD, ROWS), part, lambda old: old.replace(b"?>", b"?>" + evil, 1) if old else evil
        )
        assert _refusal(content) == {"entities"}, part


def test_macros_are_refused_by_what_is_inside() -> None:
    content = _changed(sheets.as_xlsx(HEAD, ROWS), "xl/vbaProject.bin", lambda _: b"x")

    assert _refusal(content) == {"macros"}


def test_an_encrypted_or_old_workbook_is_refused() -> None:
    assert _refusal(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)) == {"encrypted"}


def test_half_a_workbook_and_a_strange_archive_are_refused() -> None:
    whole = sheets.as_xlsx(HEAD, ROWS)
    strange = io.BytesIO()
    with zipfile.ZipFile(strange, "w") as archive:
        archive.writestr("a.txt", "x")

    assert _refusal(whole[: len(whole) // 2]) == {"not_xlsx"}
    assert _refusal(strange.getvalue()) == {"not_xlsx"}


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(content: bytes) -> None:
    with pytest.raises(InvalidInput):
        list(sheets.sheet_rows(io.BytesIO(b"PK\x03\x04" + content)))


def test_one_function_reads_csv_and_workbook_with_the_same_problems() -> None:
    words = {"columns": HEAD, "required": HEAD, "name": "rows"}
    csv, xlsx = (tables.as_file(HEAD, ROWS, form=form) for form in ("csv", "xlsx"))

    assert tables.rows_of_file(csv, **words) == tables.rows_of_file(xlsx, **words)
    assert tables.rows_of_file(csv, **words)[0][1]["name"] == "=SUM(A1)"
    for form in ("csv", "xlsx"):
        doubled = tables.as_file(("code", "code", "other"), [["1", "2", "3"]], form=form)
        problems = tables.rows_of_file(doubled, **words)[1]
        assert {problem.code for problem in problems} == {"unknown", "required", "doubled"}
