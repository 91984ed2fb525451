"""Words on one line."""

from __future__ import annotations

import pytest

from banyan.base.words import is_one_line, line_problems


@pytest.mark.parametrize("name", ["榕江镇", "Nan'an Road", "👩\u200d🔧", "𠮷野家", ""])
def test_names_of_every_script_are_taken(name: str):
    assert is_one_line(name)


@pytest.mark.parametrize("name", ["a\0b", "a\x1bb", "a\nb", "a\x85b", "a\ud800b"])
def test_a_name_with_what_no_database_or_line_holds_is_named_as_a_problem(name: str):
    assert [(one.where, one.code) for one in line_problems({"name": name, "other": "榕"})] == [("name", "not_text")]
