/*
 * Runs an AVR firmware in libsimavr at full speed and joins its UART0 to stdin and stdout. Ends with stdin.
 *
 *   simavr_bridge MCU HZ FIRMWARE.elf            the line on stdin and stdout
 *   simavr_bridge MCU HZ FIRMWARE.elf ADDRESS    prints the cycles of the first call of the function at that byte
 *                                                address, from its first instruction to its return
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>

enum {
    SLICE_CYCLES = 4000,          /* between two looks at stdin: a quarter of a millisecond at 16 MHz */
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

static void log_to_stderr(avr_t *core, const int level, const char *format, va_list arguments)
{
    (void)core;
    if (level <= LOG_WARNING) {
        vfprintf(stderr, format, arguments);
    }
}

static void flush_sent(void)
{
    size_t done = 0;
    while (done < sent_bytes) {
        const ssize_t written = write(STDOUT_FILENO, &sent[done], sent_bytes - done);
        if (written < 0 && errno != EINTR) {
            exit(0); /* nobody reads any more */
        }
        done += written > 0 ? (size_t)written : 0;
    }
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
        while (!is_line_full && received_used < received_bytes) {
            avr_raise_irq(uart_input, received[received_used++]);
            last_traffic = avr->cycle;
        }
    }
}

static int run_line(void)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};

    for (;;) {
        run_slice(SLICE_CYCLES);
        if (sent_bytes > 0) {
            flush_sent();
        }
        if (received_used < received_bytes) {
            continue;
        }
        const int is_quiet = avr->cycle - last_traffic > QUIET_CYCLES;
        if (is_quiet) {
            run_slice(QUIET_CYCLES);
        }
        if (poll(&input, 1, is_quiet ? 1 : 0) > 0) {
            const ssize_t bytes = read(STDIN_FILENO, received, sizeof received);
            if (bytes == 0 || (bytes < 0 && errno != EINTR)) {
                return 0;
            }
            received_bytes = bytes > 0 ? (size_t)bytes : 0;
            received_used = 0;
        }
    }
}

/* Every loadable segment whose load address is in flash: code, constants, and what start-up code copies to RAM. */
static int load_firmware(const char *path)
{
    static uint8_t file[1 << 20];
    FILE *stream = fopen(path, "rb");
    const size_t size = stream != NULL ? fread(file, 1, sizeof file, stream) : 0;
    const Elf32_Ehdr *header = (const Elf32_Ehdr *)file;

    if (stream != NULL) {
        fclose(stream);
    }
    if (size < sizeof *header || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_machine != EM_AVR
        || header->e_phoff + (size_t)header->e_phnum * sizeof(Elf32_Phdr) > size) {
        return 0;
    }
    const Elf32_Phdr *segments = (const Elf32_Phdr *)&file[header->e_phoff];
    for (int i = 0; i < header->e_phnum; i++) {
        const Elf32_Phdr *segment = &segments[i];
        if (segment->p_type != PT_LOAD || segment->p_filesz == 0) {
            continue;
        }
        if ((size_t)segment->p_offset + segment->p_filesz > size
            || (size_t)segment->p_paddr + segment->p_filesz > (size_t)avr->flashend + 1) {
            return 0;
        }
        memcpy(&avr->flash[segment->p_paddr], &file[segment->p_offset], segment->p_filesz);
    }
    return 1;
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

int main(int count, char **arguments)
{
    if (count != 4 && count != 5) {
        fprintf(stderr, "usage: simavr_bridge MCU HZ FIRMWARE.elf [ADDRESS]\n");
        return 2;
    }
    avr_global_logger_set(log_to_stderr);
    avr = avr_make_mcu_by_name(arguments[1]);
    if (avr == NULL) {
        fprintf(stderr, "libsimavr knows no %s\n", arguments[1]);
        return 1;
    }
    avr_init(avr);
    avr->frequency = (uint32_t)strtoul(arguments[2], NULL, 10);
    avr->codeend = avr->flashend;
    if (!load_firmware(arguments[3])) {
        fprintf(stderr, "%s is no firmware that fits an %s\n", arguments[3], arguments[1]);
        return 1;
    }
    join_uart();
    return count == 5 ? count_call((uint32_t)strtoul(arguments[4], NULL, 0)) : run_line();
}
