"""Which instructions each layer of one inference runs in QEMU, and how often: what cycles are estimated from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tinyml_pipeline import tools
from tinyml_pipeline.boards.board import Board, QemuMachine
from tinyml_pipeline.errors import DeviceError
from tinyml_pipeline.host.device.instruction_cycles import CycleTable, Instruction
from tinyml_pipeline.host.device.own_tools import build_tool
from tinyml_pipeline.places import FIRMWARE

_SOURCES = FIRMWARE / "ports" / "qemu_blocks"
_SYMBOL = re.compile(r"^([0-9a-f]+) ([0-9a-f]+) [Tt] (\w+)$", re.MULTILINE)
_LINE = re.compile(r"^ *([0-9a-f]+):\t([a-z][^\t\n]*)(?:\t([^\t\n]*))?", re.MULTILINE)
_NEWER_PLUGINS_FROM = 9
"""QEMU's release from which on plugins of version 1 are refused."""


@dataclass(frozen=True)
class Block:
    """Instructions in a row, which ran `executions` times; `taken` times what ran next was not what is behind them."""

    start: int
    instructions: int
    executions: int
    taken: int


@dataclass(frozen=True)
class Tracer:
    """A QEMU plugin for one firmware: its option, the file that it writes, and the function that each layer ends in."""

    option: str
    out: Path
    layer_done: str


def make_tracer(machine: QemuMachine, board: Board, elf: Path, prefix: str, *, out: Path, cache_dir: Path) -> Tracer:
    """For a firmware with PREFIX_PROFILE, the model's prefix. Raises ToolMissingError and ToolFailedError."""
    said = tools.run([machine.program, "--version"], timeout_s=30).stdout
    release = re.search(rb"version (\d+)\.", said)
    version = 2 if release and int(release[1]) >= _NEWER_PLUGINS_FROM else 1
    plugin = build_tool(
        _SOURCES,
        cache_dir,
        [f"-DQEMU_PLUGIN_VERSION={version}", "-fPIC", "-shared"],
        purpose="build the plugin that counts instructions in QEMU",
    )
    found, layer_done = _symbols(board, elf), f"{prefix}_layer_done"
    entry, layer = (found[name].start for name in (f"{prefix}_invoke", layer_done))
    return Tracer(f"{plugin},entry={entry:#x},layer={layer:#x},out={out}", out, layer_done)


def layer_cycles(tracer: Tracer, board: Board, elf: Path, table: CycleTable) -> tuple[int, ...]:
    """Estimated cycles of each layer of the latest inference; DeviceError where the trace is not of this firmware."""
    prefix = board.toolchain.prefix if board.toolchain else ""
    listing = tools.run([f"{prefix}objdump", "-d", "--no-show-raw-insn", elf], timeout_s=60).stdout.decode()
    rows = _Rows(listing)
    # These run between the layers and belong to none.
    measuring = [span for name, span in _symbols(board, elf).items() if name in (tracer.layer_done, "machine_count")]
    cycles = []
    for layer in parse_layers(tracer.out.read_text(encoding="ascii")):
        own = [block for block in layer if not any(block.start in span for span in measuring)]
        cycles.append(sum(table.cycles(rows.of(block), block.executions, block.taken) for block in own))
    return tuple(cycles)


def parse_layers(trace: str) -> list[list[Block]]:
    """What firmware/ports/qemu_blocks/blocks.c wrote: the blocks of each layer."""
    layers: list[list[Block]] = [[]]
    for line in trace.splitlines():
        if line == "layer":
            layers.append([])
        else:
            start, *counts = line.split()
            layers[-1].append(Block(int(start, 16), *map(int, counts)))
    return layers[:-1]


class _Rows:
    """The instructions of an elf, in the order of their addresses."""

    def __init__(self, listing: str) -> None:
        self._instructions: list[Instruction] = []
        self._position: dict[int, int] = {}
        for address, mnemonic, operands in _LINE.findall(listing):
            self._position[int(address, 16)] = len(self._instructions)
            self._instructions.append(Instruction(re.sub(r"\.[nw]$", "", mnemonic.strip()), operands or ""))

    def of(self, block: Block) -> Sequence[Instruction]:
        first = self._position.get(block.start)
        if first is None:
            raise DeviceError(f"what ran at {block.start:#x} is not in the firmware's disassembly.")
        return self._instructions[first : first + block.instructions]


def _symbols(board: Board, elf: Path) -> Mapping[str, range]:
    """The addresses of each function of a firmware."""
    prefix = board.toolchain.prefix if board.toolchain else ""
    text = tools.run([f"{prefix}nm", "-S", elf], timeout_s=30).stdout.decode()
    return {name: range(int(start, 16), int(start, 16) + int(size, 16)) for start, size, name in _SYMBOL.findall(text)}
