"""What several boards share: compilers, and the emulated machines that differ in little more than their core."""

from __future__ import annotations

from tinyml_pipeline.boards.board import Board, Optimize, Port, QemuMachine, Toolchain

MEBIBYTE = 1 << 20
_MPS2_CLOCK_HZ = 25_000_000


def arm_toolchain(*flags: str, float_abi: str = "soft") -> Toolchain:
    """GCC for Cortex-M; integer registers pass floats, so that start-up need not switch a float unit on.

    For a compiler to use the vectors of a Cortex-M55, even those of integers, `float_abi` must not be "soft".
    """
    return Toolchain("arm-none-eabi-", "gcc-arm-none-eabi", (*flags, "-mthumb", f"-mfloat-abi={float_abi}"))


def avr_toolchain(mcu: str) -> Toolchain:
    """GCC for an AVR at 16 MHz, with avr-libc."""
    return Toolchain(
        "avr-",
        "gcc-avr",
        (f"-mmcu={mcu}",),
        defines=("F_CPU=16000000UL",),
        libraries=("-lgcc", "-lc", "-lgcc"),
        headers_package="avr-libc",
    )


RISCV_TOOLCHAIN = Toolchain("riscv64-unknown-elf-", "gcc-riscv64-unknown-elf", ("-march=rv32imc", "-mabi=ilp32"))
"""GCC for the core of an ESP32-C3."""


def mps2_board(
    name: str,
    display: str,
    core: str,
    machine: str,
    cpu: str,
    compiler_target: str,
    optimize: Optimize,
    *,
    source: str,
    float_abi: str = "soft",
    clock_hz: int = _MPS2_CLOCK_HZ,
    flash_origin: int = 0x00000000,
    flash_bytes: int = 4 * MEBIBYTE,
    ram_origin: int = 0x20000000,
    ram_bytes: int = 4 * MEBIBYTE,
    uart_base: int = 0x40004000,
    timer_base: int = 0x40000000,
    defines: tuple[str, ...] = (),
) -> Board:
    """One of ARM's MPS2 and MPS3 boards in QEMU; the defaults are those of AN385, AN386 and AN500."""
    return Board(
        name=name,
        display=display,
        core=core,
        clock_hz=clock_hz,
        flash_bytes=flash_bytes,
        ram_bytes=ram_bytes,
        source=source,
        toolchain=arm_toolchain(f"-mcpu={cpu}", float_abi=float_abi),
        compiler_target=compiler_target,
        optimize=optimize,
        port=Port(
            startup="cortex_m",
            machine="mps2",
            flash_origin=flash_origin,
            ram_origin=ram_origin,
            defines=(f"UART0_BASE={uart_base:#x}u", f"TIMER0_BASE={timer_base:#x}u", f"TIMER_HZ={clock_hz}u", *defines),
        ),
        emulator=QemuMachine("qemu-system-arm", "qemu-system-arm", machine, icount_shift=10),
        counter="instructions",
        batch_bytes=4096,
        line_buffer=4096,
    )
