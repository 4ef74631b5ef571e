"""ST's Nucleo-64 with an STM32F446RE."""

from __future__ import annotations

from tinyml_pipeline.boards.board import Arduino, Board, PlatformIO, Port, Probe
from tinyml_pipeline.boards.machines import arm_toolchain

_CORE = "https://github.com/stm32duino/BoardManagerFiles/raw/main/package_stmicroelectronics_index.json"

BOARD = Board(
    name="nucleo-f446re",
    display="ST Nucleo-F446RE",
    core="Cortex-M4F",
    clock_hz=180_000_000,
    flash_bytes=512 * 1024,
    ram_bytes=128 * 1024,
    source="ST STM32F446xC/E data sheet DS10693; 180 MHz as the variant of the Arduino core 2.9.0 sets it",
    toolchain=arm_toolchain("-mcpu=cortex-m4"),
    compiler_target="cortex-m4",
    optimize="speed",
    port=Port(
        startup="cortex_m",
        machine="stm32f446",
        flash_origin=0x08000000,
        ram_origin=0x20000000,
        reached_by="at the USB socket of its ST-LINK",
    ),
    counter="cycles",
    batch_bytes=1024,
    line_buffer=1,  # its USART has no FIFO
    arduino=Arduino(
        "STMicroelectronics:stm32:Nucleo_64:pnum=NUCLEO_F446RE",
        "STMicroelectronics:stm32 (2.9.0)",
        _CORE,
        counts_cycles=True,
    ),
    platformio=PlatformIO("ststm32", "nucleo_f446re"),
    flashing=Probe("stm32f446retx", "board/st_nucleo_f4.cfg"),
)
