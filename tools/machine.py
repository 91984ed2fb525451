"""What the tests need from the machine beside Python: Chromium, Chinese letters, PostgreSQL.  Standard library only."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tools import private_postgres
from tools.steps import StepFailed, on_path, run_quietly, say, step

CHROMIUM_MISSING: Final = "Chromium is missing: install it (Debian: apt-get install chromium)."
LETTERS_MISSING: Final = (
    "Fonts with Chinese letters are missing: install them (Debian: apt-get install fonts-noto-cjk)."
)

#: Debian's package -> the sentence for machines where it is not installed for you.
PARTS: Final[Mapping[str, str]] = {
    "chromium": CHROMIUM_MISSING,
    "fonts-noto-cjk": LETTERS_MISSING,
    "postgresql": private_postgres.MISSING,
}


def is_ci() -> bool:
    """Say whether a continuous integration runs this, where a missing part is a failure."""
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")


def chromium() -> Path | None:
    """Return the Chromium or Chrome of this machine, or None."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((found for name in names if (found := on_path(name))), None)


def missing_parts() -> list[str]:
    """Return the missing parts, by the names of Debian's packages."""
    present = {
        "chromium": chromium() is not None,
        "fonts-noto-cjk": _has_chinese_letters(),
        "postgresql": private_postgres.binaries() is not None,
    }
    return [name for name, found in present.items() if not found]


def _has_chinese_letters() -> bool:
    if os.uname().sysname == "Darwin":
        return True
    fc_list = on_path("fc-list")
    if fc_list is not None:
        listed = subprocess.run([fc_list, ":lang=zh-cn"], capture_output=True, text=True, check=False)
        return bool(listed.stdout.strip())
    return any(Path("/usr/share/fonts").glob("**/*CJK*"))


def bring_missing_parts() -> list[str]:
    """Install what is missing where that may be done (Debian, root), else name it; return what is still missing."""
    missing = missing_parts()
    if missing and _is_debian() and os.geteuid() == 0:
        say(f"Missing on this machine, now installed with apt: {', '.join(missing)}")
        try:
            _apt_install(missing)
        except StepFailed as failed:
            say(str(failed))
        missing = missing_parts()
    for name in missing:
        say(f"! {PARTS[name]}")
    if missing and is_ci():
        raise StepFailed("With CI=true a missing part is a failure.")
    return missing


def _is_debian() -> bool:
    return Path("/etc/debian_version").exists() and on_path("apt-get") is not None


def _apt_install(names: list[str]) -> None:
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *names]
    try:
        with step(f"apt-get install {' '.join(names)}"):
            run_quietly(install, failing="apt-get could not install them at once.", env=env)
    except StepFailed:
        with step("apt-get update, then once more"):
            run_quietly(["apt-get", "update"], failing="apt-get update failed.", env=env)
            run_quietly(install, failing=f"apt-get could not install {' '.join(names)}.", env=env)
