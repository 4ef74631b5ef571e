"""What writes a firmware to a real board: one file a tool, each with the tool's command and its failures in words."""
