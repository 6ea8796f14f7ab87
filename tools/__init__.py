"""Training, data, rendering, evaluation and benchmarks, one package each: ``python -m tools.PACKAGE.NAME``."""
