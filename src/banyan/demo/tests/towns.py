"""Towns that several tests look at: each is planned once."""

from functools import cache

from banyan.demo.geometry import Town, plan_town


@cache
def town_of(seed: int, scale: float = 1.0) -> Town:
    """Return the town of a seed; frozen, so that nobody can spoil it for others."""
    return plan_town(seed=seed, scale=scale)
