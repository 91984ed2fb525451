"""How long a newcomer waits: `scripts/demo` in an empty clone of what is committed, until the first page of the town.

Packages come from the caches of pip, uv and npm where they are filled; run it twice to be sure of that.  The clone, its
environment and its town are thrown away.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final

from benchmarks.rig.readme import first_page_told, write_down
from tools.steps import ROOT

DATABASES = ("sqlite",)
PATIENCE_S: Final = 600


def main() -> int:
    """Measure the first start and the second."""
    with tempfile.TemporaryDirectory(prefix="banyan-first-page-") as folder:
        clone = Path(folder) / "banyan"
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(clone)], check=True)
        health_s, page_s = _start(clone)
        again_health_s, again_page_s = _start(clone)
    told = {"health_s": health_s, "page_s": page_s, "again_health_s": again_health_s, "again_page_s": again_page_s}
    print(first_page_told(told))
    write_down(told, file=os.environ.get("BANYAN_BENCH_RESULTS", ""))
    return 0


def _start(clone: Path) -> tuple[float, float]:
    """Start the demonstration; return the seconds until the server answers, and until the town's page is there."""
    port = _free_port()
    kept = {key: text for key, text in os.environ.items() if not key.startswith(("BANYAN_", "VIRTUAL_ENV", "PYTHON"))}
    begun = time.monotonic()
    child = subprocess.Popen(
        ["scripts/demo", "--port", str(port)], cwd=clone, env=kept, stdout=sys.stderr, start_new_session=True
    )
    try:
        health_s = _seconds_until(f"http://127.0.0.1:{port}/health", child, begun=begun)
        page_s = _seconds_until(f"http://127.0.0.1:{port}/t/rongjiang/", child, begun=begun)
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(timeout=60)
    return health_s, page_s


def _seconds_until(url: str, child: subprocess.Popen[bytes], *, begun: float) -> float:
    while time.monotonic() - begun < PATIENCE_S and child.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                if answer.status == 200:
                    return time.monotonic() - begun
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise RuntimeError(f"{url} does not answer.")


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
