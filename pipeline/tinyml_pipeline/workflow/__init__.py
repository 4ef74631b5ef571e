"""The commands as straight-line code, one module each; the only place that chains stages and writes artifacts."""
