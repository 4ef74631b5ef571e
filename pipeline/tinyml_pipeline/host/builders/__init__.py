"""What makes a firmware of sources: a compiler alone, or one of Arduino's tools."""
