/* SPDX-License-Identifier: MIT */
/*
 * Runs an AVR firmware in libsimavr and joins its UART0 to the host. Ends with stdin.
 *
 *   simavr_bridge [-p] [-b BOOT.hex] MCU HZ FIRMWARE.elf
 *       the line on stdin and stdout, at full speed; with -p on a pseudo-terminal whose name is printed: opening that
 *       resets the chip, as the DTR line does on an Arduino. With -b the chip starts in a boot loader, and the firmware
 *       may be '-': none yet. SIGUSR1 is the board's reset button
 *   simavr_bridge MCU HZ FIRMWARE.elf ADDRESS
 *       prints the cycles of the first call of the function at that byte address, from its first instruction to its
 *       return
 */
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>
#include <simavr/sim_regbit.h>

#include "image.h"
#include "line.h"

enum {
    SLICE_CYCLES = 4000,          /* between two looks at the line: a quarter of a millisecond at 16 MHz */
    QUIET_CYCLES = 1000000,       /* a line without traffic for so long lets the host's processor rest */
    LONGEST_CALL_CYCLES = 2000000000,
    BUFFER_BYTES = 4096,
    EXIT_ENDED = 3,
    EXIT_CRASHED = 4
};

static avr_t *avr;
static avr_irq_t *uart_input;
static int is_line_full;
static uint8_t received[BUFFER_BYTES];
static size_t received_bytes, received_used;
static uint8_t sent[BUFFER_BYTES];
static size_t sent_bytes;
static avr_cycle_count_t last_traffic;
static int has_boot_loader;
static volatile sig_atomic_t is_reset_pressed;

static void log_to_stderr(avr_t *core, const int level, const char *format, va_list arguments)
{
    (void)core;
    if (level <= LOG_WARNING) {
        vfprintf(stderr, format, arguments);
    }
}

static void flush_sent(void)
{
    line_send(sent, sent_bytes);
    sent_bytes = 0;
}

static void on_uart_output(struct avr_irq_t *irq, uint32_t value, void *unused)
{
    (void)irq;
    (void)unused;
    if (sent_bytes == sizeof sent) {
        flush_sent();
    }
    sent[sent_bytes++] = (uint8_t)value;
    last_traffic = avr->cycle;
}

static void on_line_free(struct avr_irq_t *irq, uint32_t value, void *unused)
{
    (void)irq;
    (void)unused;
    if (value) {
        is_line_full = 0;
    }
}

static void on_line_full(struct avr_irq_t *irq, uint32_t value, void *unused)
{
    (void)irq;
    (void)unused;
    if (value) {
        is_line_full = 1;
    }
}

static void join_uart(void)
{
    uint32_t no_flags = 0; /* no sleep when the firmware polls, no echo to the console */
    avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &no_flags);
    uart_input = avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUTPUT), on_uart_output, NULL);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUT_XON), on_line_free, NULL);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUT_XOFF), on_line_full, NULL);
    is_line_full = 1; /* until the firmware has readied its UART and first looks for a byte */
}

static void run_slice(avr_cycle_count_t cycles)
{
    const avr_cycle_count_t end = avr->cycle + cycles;
    while (avr->cycle < end) {
        const int state = avr_run(avr);
        if (state == cpu_Done || state == cpu_Crashed) {
            flush_sent();
            fprintf(stderr, "the firmware %s at byte address 0x%04x\n",
                    state == cpu_Done ? "ended (sleep with interrupts off)" : "crashed", (unsigned)avr->pc);
            exit(state == cpu_Done ? EXIT_ENDED : EXIT_CRASHED);
        }
        if (has_boot_loader && avr->pc == 0 && avr->flash[0] == 0xFF && avr->flash[1] == 0xFF) {
            avr->pc = avr->reset_pc; /* a chip runs through its empty flash up to the boot loader */
        }
        while (!is_line_full && received_used < received_bytes) {
            avr_raise_irq(uart_input, received[received_used++]);
            last_traffic = avr->cycle;
        }
    }
}

/* What the reset line does: the chip starts again, and finds out from MCUSR that this was the reason. */
static void reset_chip(void)
{
    avr_reset(avr);
    avr_regbit_set(avr, avr->reset_flags.extrf);
    received_used = received_bytes = sent_bytes = 0;
    is_line_full = 1;
    last_traffic = avr->cycle;
}

static void on_reset_button(int signal_number)
{
    (void)signal_number;
    is_reset_pressed = 1;
}

static int run_line(void)
{
    /* On a terminal a quiet chip keeps the time of the world, because a boot loader waits for the host by its clock. */
    const avr_cycle_count_t quiet_slice = line_is_terminal() ? avr->frequency / 1000 : QUIET_CYCLES;

    signal(SIGUSR1, on_reset_button);
    for (;;) {
        run_slice(SLICE_CYCLES);
        if (is_reset_pressed) {
            is_reset_pressed = 0;
            reset_chip();
            fprintf(stderr, "reset by its button\n");
        }
        if (sent_bytes > 0) {
            flush_sent();
        }
        if (received_used < received_bytes) {
            continue;
        }
        const int is_quiet = avr->cycle - last_traffic > QUIET_CYCLES;
        if (is_quiet) {
            run_slice(quiet_slice);
        }
        switch (line_wait(is_quiet ? 1 : 0, received, sizeof received, &received_bytes)) {
        case LINE_IS_OVER:
            return 0;
        case LINE_WAS_OPENED:
            reset_chip();
            break;
        default:
            received_used = 0;
        }
    }
}

static uint32_t stack_pointer(void)
{
    return (uint32_t)avr->data[R_SPL] | (uint32_t)avr->data[R_SPH] << 8;
}

static int count_call(uint32_t address)
{
    avr->run_cycle_limit = 1; /* one instruction at a time */
    while (avr->pc != address) {
        run_slice(1);
        if (avr->cycle > LONGEST_CALL_CYCLES) {
            fprintf(stderr, "the function at 0x%04x was not called\n", (unsigned)address);
            return 1;
        }
    }
    const avr_cycle_count_t start = avr->cycle;
    const uint32_t caller_stack = stack_pointer() + 2;
    while (stack_pointer() < caller_stack && avr->cycle - start < LONGEST_CALL_CYCLES) {
        run_slice(1);
    }
    printf("%llu\n", (unsigned long long)(avr->cycle - start));
    return 0;
}

static int complain(const char *what, const char *of)
{
    fprintf(stderr, "%s %s\n", of, what);
    return 1;
}

int main(int count, char **arguments)
{
    const char *boot_loader = NULL;
    int option, is_terminal = 0;

    while ((option = getopt(count, arguments, "pb:")) != -1) {
        is_terminal |= option == 'p';
        boot_loader = option == 'b' ? optarg : boot_loader;
    }
    const int left = count - optind;
    char **const names = &arguments[optind];
    if (left != 3 && left != 4) {
        fprintf(stderr, "usage: simavr_bridge [-p] [-b BOOT.hex] MCU HZ FIRMWARE.elf|- [ADDRESS]\n");
        return 2;
    }
    avr_global_logger_set(log_to_stderr);
    avr = avr_make_mcu_by_name(names[0]);
    if (avr == NULL) {
        return complain("is not a chip that libsimavr knows", names[0]);
    }
    avr_init(avr);
    avr->frequency = (uint32_t)strtoul(names[1], NULL, 10);
    avr->codeend = avr->flashend;
    if (strcmp(names[2], "-") != 0 && !load_elf(avr, names[2])) {
        return complain("is not a firmware that fits this chip", names[2]);
    }
    if (boot_loader != NULL) {
        const long start = load_boot_loader(avr, boot_loader);
        if (start < 0) {
            return complain("is not a boot loader that fits this chip", boot_loader);
        }
        has_boot_loader = 1;
        avr->pc = avr->reset_pc = (avr_flashaddr_t)start;
    }
    join_uart();
    if (left == 4) {
        return count_call((uint32_t)strtoul(names[3], NULL, 0));
    }
    if (is_terminal && !line_use_terminal()) {
        return complain("has no pseudo-terminal left", "this computer");
    }
    return run_line();
}
