"""Programs that measure the figures of `docs/benchmarks.md`; run one with `python bench/NAME.py`."""
