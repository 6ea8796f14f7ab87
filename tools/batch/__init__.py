"""Many files at once: counts or retouches them with worker processes here or on a Ray cluster, one row per file."""
