"""This computer: the same firmware as a process, for tests and for a first comparison."""

from __future__ import annotations

from tinyml_pipeline.boards.board import Board, Port, Toolchain

BOARD = Board(
    name="host",
    display="this computer",
    core="host",
    clock_hz=0,
    flash_bytes=1 << 40,
    ram_bytes=1 << 40,
    source="no limit that matters",
    toolchain=Toolchain("", "gcc", libraries=()),
    compiler_target="portable",
    optimize="speed",
    port=Port(startup="host", machine="host"),
    batch_bytes=4096,
    line_buffer=16384,
)
