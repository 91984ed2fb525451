"""What the product stands on is pinned, and free for everyone to use, change and close."""

from __future__ import annotations

import json
import re
from importlib import metadata
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.checkout import ROOT, none_of
from tools import environment

#: Brought by Python itself or by the checkout.
NOT_PINNED: Final = {"banyan", "pip", "setuptools", "wheel"}
#: The strong copyleft licences, not the lesser one (psycopg), in the words of classifiers, SPDX and plain text.
COPYLEFT: Final = re.compile(r"(?<!L)\bA?GPL(?:v?\d|-|\b)|Affero|(?<!Lesser )General Public License", re.I)


def test_constraints_pin_everything_installed() -> None:
    pins = environment.pins()
    installed = {canonicalize_name(found.name): found.version for found in metadata.distributions()}

    none_of(
        (
            f"{package} {version} is installed, {pins.get(package, 'nothing')} is pinned"
            for package, version in installed.items()
            if package not in NOT_PINNED and pins.get(package) != version
        ),
        sentence="constraints.txt pins the version of everything installed.",
    )


def test_front_end_assets_are_pinned_to_the_letter() -> None:
    wanted = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    asked = wanted["dependencies"] | wanted["devDependencies"]
    locked = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]

    none_of(
        (
            f"{package} {version}"
            for package, version in asked.items()
            if locked[f"node_modules/{package}"]["version"] != version
        ),
        sentence="package.json names the exact version that package-lock.json holds.",
    )
    none_of(
        (place for place, entry in locked.items() if place and not entry.get("integrity")),
        sentence="Each package of package-lock.json has the hash of its contents.",
    )


def test_nothing_in_the_product_is_under_a_strong_copyleft() -> None:
    product = _closure("banyan")
    offenders = [f"{package}: {said}" for package in product for said in _licences(package) if _binds(said)]

    assert len(product) > 20, f"only {len(product)} packages were looked at"
    none_of(offenders, sentence="No package of the product is under the GPL or AGPL alone.")


def test_nothing_in_the_front_end_is_under_a_strong_copyleft() -> None:
    locked = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]

    none_of(
        (
            f"{place}: {entry.get('license')}"
            for place, entry in locked.items()
            if _binds(str(entry.get("license", "GPL")))
        ),
        sentence="No package of the front end is under the GPL or AGPL alone, or without a licence.",
    )


def _binds(licence: str) -> bool:
    """Say whether a licence leaves no way around the strong copyleft."""
    choices = re.split(r"\s+OR\s+", licence)
    return all(COPYLEFT.search(choice) for choice in choices)


def _closure(root: str) -> set[str]:
    """Return what the product needs, and what that needs, as far as it is installed here; extras of tests left out."""
    found: set[str] = set()
    waiting = [Requirement(root)]
    while waiting:
        wanted = waiting.pop()
        for line in _requires(wanted.name):
            needed = Requirement(line)
            if not needed.marker or any(needed.marker.evaluate({"extra": extra}) for extra in ("", *wanted.extras)):
                waiting += [needed] if canonicalize_name(needed.name) not in found else []
                found.add(canonicalize_name(needed.name))
    return found


def _requires(package: str) -> list[str]:
    try:
        return metadata.requires(package) or []
    except metadata.PackageNotFoundError:
        return []


def _licences(package: str) -> list[str]:
    """Return what a package says of its licence: expression, else classifiers, else first line."""
    try:
        said = metadata.metadata(package)
    except metadata.PackageNotFoundError:
        return []
    if expression := said.get("License-Expression"):
        return [expression]
    classifiers = [line for line in said.get_all("Classifier") or [] if line.startswith("License ::")]
    return classifiers or [(said.get("License") or "").partition("\n")[0]]
