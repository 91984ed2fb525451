"""Importing one module of a package whose own `__init__` imports far more than is needed."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from threading import RLock
from types import ModuleType
from typing import Final

_one_at_a_time: Final = RLock()


def alone(name: str) -> ModuleType:
    """Import a module without running the `__init__` of the package it stands in.

    For modules that need nothing of their package.  A package that is there already is used as it is, and one that is
    imported later is imported whole, with this module in it.

    Parameters
    ----------
    name
        Dotted name of a module, ``"holidays.countries.china"``; the packages above its own are imported whole.

    Raises
    ------
    ModuleNotFoundError
        There is no such package or module.
    """
    package = name.rpartition(".")[0]
    with _one_at_a_time:
        if name in sys.modules or package in sys.modules:
            return import_module(name)
        spec = find_spec(package)
        if spec is None or spec.submodule_search_locations is None:
            raise ModuleNotFoundError(name)
        stand_in = sys.modules[package] = ModuleType(package)
        stand_in.__path__ = list(spec.submodule_search_locations)
        try:
            return import_module(name)
        finally:
            del sys.modules[package]
