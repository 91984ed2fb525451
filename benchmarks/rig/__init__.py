"""What the benchmarks stand on: a filled town, real web processes, clients, and the counting of work."""
