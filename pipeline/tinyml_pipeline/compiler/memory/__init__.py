"""Where every activation, scratch buffer and state lies: live ranges, and one plan in bytes."""
