"""Speed and memory, measured by `scripts/bench`."""
