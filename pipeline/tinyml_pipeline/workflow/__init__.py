"""The road as straight-line code, one module a verb; the only place that chains stages and writes artifacts."""
