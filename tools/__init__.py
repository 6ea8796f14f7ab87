"""Training, data, rendering, evaluation and benchmarks, one package each: ``python -m tools.ROOM.NAME``."""
