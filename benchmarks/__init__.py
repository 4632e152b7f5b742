"""Measures what wfsession costs: `python -m benchmarks` writes docs/performance.md."""
