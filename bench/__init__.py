"""Benchmarks: figures that a command prints, as ratios within one run against a named baseline."""
