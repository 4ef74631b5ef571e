"""A network as data for drawing: its layers before and after quantization, as dot and as Cypher."""
