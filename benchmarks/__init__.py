"""Measures Citewell on this machine: `make bench`, or `python -m benchmarks --help`."""
