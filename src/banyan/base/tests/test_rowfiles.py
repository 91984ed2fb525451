"""Long tables are read row by row; a hostile file is refused with a sentence and in bounded memory."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from banyan.base import sheets
from banyan.base.errors import InvalidInput
from banyan.base.rowfiles import Layout, opened

CHINESE = Layout(encodings=("utf-8", "gb18030"))


def _read(path: Path, content: bytes, *, layout: Layout | None = None) -> tuple[list[str], list[list[str]]]:
    path.write_bytes(content)
    with opened(path, layout=layout) as table:
        return list(table.head), [cells for _, cells in table.rows]


def _refusal(path: Path, content: bytes, *, layout: Layout | None = None) -> str:
    with pytest.raises(InvalidInput) as refused:
        _read(path, content, layout=layout)
    return refused.value.problems[0].code


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cases.csv"


def test_rows_keep_line_ends_inside_quotes_and_lose_formula_guards(file: Path) -> None:
    content = "\ufeffid,words\r\n1,\"two\r\nlines, one cell\"\r\n2,'=1+1\r\n3,'tis\r\n".encode()

    assert _read(file, content) == (["id", "words"], [["1", "two\r\nlines, one cell"], ["2", "=1+1"], ["3", "'tis"]])


def test_an_office_s_encoding_is_read_where_it_is_declared(file: Path) -> None:
    content = "编号,诉求\n1,路灯不亮㐂\n".encode("gb18030")

    assert _read(file, content, layout=CHINESE) == (["编号", "诉求"], [["1", "路灯不亮㐂"]])
    with pytest.raises(InvalidInput) as refused:
        _read(file, content)
    assert refused.value.problems[0].code == "encoding"
    assert "utf-8 (0)" in str(refused.value)


def test_a_file_may_be_gzipped_and_the_name_does_not_decide(file: Path, tmp_path: Path) -> None:
    book = sheets.as_xlsx(["id"], [["1"]])

    assert _read(file, gzip.compress(b"id\n1\n")) == (["id"], [["1"]])
    assert _read(file, book) == (["id"], [["1"]])
    assert _read(tmp_path / "cases.xlsx", b"id\n1\n") == (["id"], [["1"]])


@pytest.mark.parametrize("name", ["cases.xlsm", "cases.xls", "CASES.XLSB"])
def test_names_of_workbooks_with_macros_are_refused(tmp_path: Path, name: str) -> None:
    assert _refusal(tmp_path / name, sheets.as_xlsx(["id"], [["1"]])) == "macros"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"id,id,x\n1,2,3\n", "doubled"),
        (b"id,x\n1,\0\n", "not_text"),
        ("id,x\n1,路\n".encode("utf-16"), "encoding"),
        (b'id,x\n1,"never closed\n2,3\n', "not_csv"),
        (b'id,x\n1,"a"b\n', "not_csv"),
        (b"<html><table></table></html>", "not_a_table"),
        (gzip.compress(b"".join(b"%d,%d\n" % (n, n * n) for n in range(9999)))[:-200], "half"),
        (b"\x1f\x8b\x08\x00" + b"x" * 50, "half"),
        (gzip.compress(b"id,x\n" + b"0" * 120_000_000), "bomb"),
        (b"id,x\n1," + b"y" * 10_000_000 + b"\n", "row_too_long"),
        (b'id,x\n1,"' + b"y\n" * 5_000_000, "row_too_long"),
    ],
    ids=range(13),
)
def test_a_hostile_file_is_refused_with_a_sentence(file: Path, content: bytes, code: str) -> None:
    assert _refusal(file, content) == code


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(file: Path, content: bytes) -> None:
    try:
        _read(file, content, layout=CHINESE)
    except InvalidInput as refused:
        assert refused.problems
