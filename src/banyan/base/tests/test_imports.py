"""A process carries what it needs, and not what its packages might."""

from __future__ import annotations

import subprocess
import sys

import pytest

from banyan.base.imports import alone

_COUNTRIES = """
import sys
from banyan.base.imports import alone

china = alone("holidays.countries.china")
print("2026-10-01" in china.CN(years=2026))
print("holidays.countries" in sys.modules, "holidays.countries.chile" in sys.modules)
from holidays.countries import CL, CN
print(CN is china.CN, len(CL(years=2026)) > 0)
"""


def test_the_holidays_of_one_country_come_alone_and_the_others_when_they_are_asked_for():
    done = subprocess.run([sys.executable, "-c", _COUNTRIES], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines() == ["True", "False False", "True True"]


@pytest.mark.parametrize("name", ["holidays.countries.atlantis", "holidays.nowhere.china"])
def test_a_module_that_is_not_there_is_named(name):
    with pytest.raises(ModuleNotFoundError, match=name.rpartition(".")[2]):
        alone(name)
