"""What is asked of the desk of a town with ten thousand requests and of one with a million."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from benchmarks.rig import operations
from benchmarks.rig.asking import Ask
from benchmarks.rig.operations import COORDINATOR, MANAGER, Operation
from benchmarks.rig.town import Bench

#: Words that stand in every request, in the requests of some services, and those of a place with a service.
SEARCHES: Final = {"everywhere": "派人", "some": "路灯", "both": "漏水 东"}


def desk_operations(bench: Bench) -> list[Operation]:
    """Return the board's list, its map and the search, as a manager of the whole town and as everybody asks."""
    base = f"/t/{bench.town.slug}"
    headers = {who: operations.session(bench, who) for who in (MANAGER, COORDINATOR)}

    def page(name: str, label: str, path: str, *, who: str = "") -> Operation:
        ask = Ask("GET", f"{base}/{path}", headers.get(who, {}))
        return Operation(name, label, lambda n: [[ask]] * n, 30, 20)

    return [
        page("board", "the board, a page of 40", "board/?queue=open", who=MANAGER),
        page("board_clock", "the board by deadline", "board/?queue=open&order=clock", who=MANAGER),
        page("board_ended", "the board, what has ended", "board/?queue=ended", who=MANAGER),
        page("board_area", "the board of one community", "board/?queue=open", who=COORDINATOR),
        page("board_points", "map of the board, 3,000 points", "board/points.json?queue=ended", who=MANAGER),
        page("public", "the public list", "requests/"),
        page("points", "map for everybody, 5,000 points", "requests/points.json"),
        *(
            page(f"search_{name}", f"search of the board: {words}", f"board/?queue=ended&q={quote(words)}", who=MANAGER)
            for name, words in SEARCHES.items()
        ),
        page("search_public", f"search for everybody: {SEARCHES['some']}", f"requests/?q={quote(SEARCHES['some'])}"),
    ]
