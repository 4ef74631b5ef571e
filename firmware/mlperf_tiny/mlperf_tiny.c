/* SPDX-License-Identifier: MIT */
#include "mlperf_tiny.h"

#include <stddef.h>
#include <string.h>

#include "machine.h"
#include "mlperf_tiny_config.h"
#include "model_io.h"

#if defined(__AVR__)
#include <avr/pgmspace.h>
#define IN_FLASH PROGMEM
#define READ_FLASH(address) ((char)pgm_read_byte(address))
#else
#define IN_FLASH
#define READ_FLASH(address) (*(address))
#endif

#if MACHINE_UNIT == 1
#define MICROSECONDS(units) ((units) * 1000000u / MACHINE_CLOCK_HZ)
#elif MACHINE_UNIT == 2 /* an emulator's time: so long takes each instruction, which no real chip does */
#define MICROSECONDS(units) ((units) * NANOSECONDS_PER_INSTRUCTION / 1000u)
#else
#define MICROSECONDS(units) (units)
#endif

enum { INPUTS = MODEL_IO_INPUT_BYTES, OUTPUTS = MODEL_IO_OUTPUT_BYTES };
enum { COMMAND_BYTES = 80, DEFAULT_WARMUPS = 10, DIGITS = 10, BYTES_IN_A_LINE = 8, MOST_LOOPS = 1000000 };

#if MLPERF_TINY_FORM == MLPERF_TINY_FLOAT32
static float loaded[INPUTS]; /* what the runner sends; anomalies are measured against it */
enum { LOADED_BYTES = (int)sizeof loaded };
#else
enum { LOADED_BYTES = INPUTS };
#endif

static int8_t inputs[INPUTS];
static int8_t outputs[OUTPUTS];
static uint32_t expected_bytes, loaded_bytes;
static char command[COMMAND_BYTES + 1];
static uint8_t command_bytes;
static uint64_t units; /* of the machine's counter, which wraps */
static uint32_t last_count;

static void say_flash(const char *text)
{
    for (char letter; (letter = READ_FLASH(text)) != '\0'; text++) {
        machine_send((uint8_t)letter);
    }
}

#define SAY(text)                                                                                                      \
    do {                                                                                                               \
        static const char said[] IN_FLASH = text;                                                                      \
        say_flash(said);                                                                                               \
    } while (0)
#define SAY_LINE(text) SAY(text "\r\n")

static void say_word(const char *text)
{
    while (*text != '\0') {
        machine_send((uint8_t)*text++);
    }
}

static void say_number(uint32_t number, uint8_t least_digits)
{
    char text[DIGITS + 1];
    uint8_t at = DIGITS;

    text[at] = '\0';
    do {
        text[--at] = (char)('0' + number % 10u);
        number /= 10u;
    } while (number != 0u || DIGITS - at < least_digits);
    say_word(&text[at]);
}

/* With three decimals. */
static void say_real(float real)
{
    const float most = 4000000.0f;
    float size = real < 0.0f ? -real : real;

    if (!(size < most)) {
        size = most;
    }
    const uint32_t thousandths = (uint32_t)(size * 1000.0f + 0.5f);
    if (real < 0.0f && thousandths != 0u) {
        machine_send('-');
    }
    say_number(thousandths / 1000u, 1);
    machine_send('.');
    say_number(thousandths % 1000u, 3);
}

static void count_on(void)
{
    const uint32_t now = machine_count();
    units += machine_in_units(now - last_count);
    last_count = now;
}

static void say_timestamp(void)
{
    count_on();
    SAY("m-lap-us-");
    say_number((uint32_t)MICROSECONDS(units), 1);
    SAY_LINE("");
}

static void store(uint32_t place, uint8_t byte)
{
#if MLPERF_TINY_FORM == MLPERF_TINY_FLOAT32
    memcpy((uint8_t *)loaded + place, &byte, 1);
#else
    inputs[place] = (int8_t)(byte ^ (MLPERF_TINY_FORM == MLPERF_TINY_UINT8 ? 0x80u : 0u));
#endif
}

static uint8_t stored(uint32_t place)
{
#if MLPERF_TINY_FORM == MLPERF_TINY_FLOAT32
    return ((const uint8_t *)loaded)[place];
#else
    return (uint8_t)((uint8_t)inputs[place] ^ (MLPERF_TINY_FORM == MLPERF_TINY_UINT8 ? 0x80u : 0u));
#endif
}

static float real_output(uint32_t place)
{
    return dequantize_s8(outputs[place], MLPERF_TINY_OUTPUT_SCALE, MLPERF_TINY_OUTPUT_ZERO_POINT);
}

static void say_results(void)
{
    SAY("m-results-[");
#ifdef MLPERF_TINY_ANOMALY
    float sum = 0.0f;
    for (uint32_t i = 0; i < OUTPUTS; i++) {
        const float difference = real_output(i) - loaded[i];
        sum += difference * difference;
    }
    say_real(sum / (float)OUTPUTS);
#else
    for (uint32_t i = 0; i < OUTPUTS; i++) {
        if (i > 0) {
            machine_send(',');
        }
        say_real(real_output(i));
    }
#endif
    SAY_LINE("]");
}

static void infer_times(uint32_t times)
{
    for (uint32_t i = 0; i < times; i++) {
        MODEL_IO_CALL(MODEL_IO_INVOKE, inputs, outputs);
        count_on();
    }
}

static void infer(uint32_t times, uint32_t warmups)
{
    if (loaded_bytes != LOADED_BYTES) {
        SAY("e-[The input has ");
        say_number(loaded_bytes, 1);
        SAY(" bytes, the model takes ");
        say_number(LOADED_BYTES, 1);
        SAY_LINE("]");
        return;
    }
#if MLPERF_TINY_FORM == MLPERF_TINY_FLOAT32
    for (uint32_t i = 0; i < INPUTS; i++) {
        inputs[i] = quantize_s8(loaded[i], MLPERF_TINY_INPUT_SCALE, MLPERF_TINY_INPUT_ZERO_POINT);
    }
#endif
    SAY("m-warmup-start-");
    say_number(warmups, 1);
    SAY_LINE("");
    infer_times(warmups);
    SAY_LINE("m-warmup-done");
    SAY("m-infer-start-");
    say_number(times, 1);
    SAY_LINE("");
    say_timestamp();
    infer_times(times);
    say_timestamp();
    SAY_LINE("m-infer-done");
    say_results();
}

/* The next word of the command from `*at` on, ended by a zero; NULL if there is none. */
static char *next_word(char **at)
{
    char *start = *at;

    while (*start == ' ') {
        start++;
    }
    if (*start == '\0') {
        return NULL;
    }
    char *end = start;
    while (*end != ' ' && *end != '\0') {
        end++;
    }
    *at = *end == '\0' ? end : end + 1;
    *end = '\0';
    return start;
}

/* A number in decimal digits, or MOST_LOOPS + 1 where the word is none or more than MOST_LOOPS. */
static uint32_t number_of(const char *word)
{
    uint32_t number = 0;

    for (; *word >= '0' && *word <= '9' && number <= MOST_LOOPS; word++) {
        number = number * 10u + (uint32_t)(*word - '0');
    }
    return *word == '\0' && number <= MOST_LOOPS ? number : MOST_LOOPS + 1u;
}

static uint8_t hex_digit(char letter)
{
    if (letter >= '0' && letter <= '9') {
        return (uint8_t)(letter - '0');
    }
    const char lower = (char)(letter | 0x20);
    return lower >= 'a' && lower <= 'f' ? (uint8_t)(lower - 'a' + 10) : 0xFFu;
}

static void begin_load(const char *word)
{
    const uint32_t bytes = word == NULL ? 0 : number_of(word);

    loaded_bytes = 0;
    expected_bytes = 0;
    if (bytes == 0 || bytes > LOADED_BYTES) {
        SAY("e-[Command 'db load' requires the number of bytes: 1 to ");
        say_number(LOADED_BYTES, 1);
        SAY_LINE("]");
    } else {
        expected_bytes = bytes;
        SAY("m-[Expecting ");
        say_number(bytes, 1);
        SAY_LINE(" bytes]");
    }
}

static void load(const char *hex)
{
    size_t digits = 0;

    while (hex[digits] != '\0') {
        digits++;
    }
    if (digits % 2 != 0) {
        SAY_LINE("e-[Insufficient number of hex digits]");
        return;
    }
    for (size_t i = 0; i < digits; i++) {
        if (hex_digit(hex[i]) > 0xFu) {
            SAY("e-[Invalid hex digit '");
            machine_send((uint8_t)hex[i]);
            SAY_LINE("']");
            return;
        }
    }
    if (loaded_bytes >= expected_bytes) {
        SAY_LINE("e-[No bytes are expected; begin with 'db load N']");
        return;
    }
    for (size_t i = 0; i < digits && loaded_bytes < expected_bytes; i += 2) {
        store(loaded_bytes++, (uint8_t)(hex_digit(hex[i]) << 4 | hex_digit(hex[i + 1])));
    }
    if (loaded_bytes == expected_bytes) {
        SAY_LINE("m-load-done");
    }
}

static void print_loaded(void)
{
    static const char hex[] IN_FLASH = "0123456789abcdef";

    for (uint32_t i = 0; i < loaded_bytes; i++) {
        const uint8_t byte = stored(i);
        if (i % BYTES_IN_A_LINE == 0) {
            SAY("m-buffer-");
        }
        machine_send((uint8_t)READ_FLASH(&hex[byte >> 4]));
        machine_send((uint8_t)READ_FLASH(&hex[byte & 0xFu]));
        if ((i + 1) % BYTES_IN_A_LINE == 0 || i + 1 == loaded_bytes) {
            SAY_LINE("");
        } else {
            machine_send('-');
        }
    }
}

static uint8_t is_same(const char *word, const char *text)
{
    while (*word != '\0' && *word == READ_FLASH(text)) {
        word++;
        text++;
    }
    return *word == READ_FLASH(text);
}

/* What the first word of a command may be, and the second after "db". */
#define WORD(name, text) static const char name[] IN_FLASH = text
WORD(word_name, "name");
WORD(word_timestamp, "timestamp");
WORD(word_profile, "profile");
WORD(word_help, "help");
WORD(word_db, "db");
WORD(word_load, "load");
WORD(word_print, "print");
WORD(word_infer, "infer");
WORD(word_results, "results");

static void buffer_command(char *rest)
{
    const char *word = next_word(&rest);

    if (word == NULL) {
        SAY_LINE("e-[Command 'db' requires a subcommand]");
    } else if (is_same(word, word_load)) {
        begin_load(next_word(&rest));
    } else if (is_same(word, word_print)) {
        print_loaded();
    } else {
        load(word);
    }
}

static void infer_command(char *rest)
{
    const char *times = next_word(&rest);
    const char *warmups = next_word(&rest);
    const uint32_t n = times == NULL ? 1 : number_of(times);
    const uint32_t w = warmups == NULL ? (uint32_t)DEFAULT_WARMUPS : number_of(warmups);

    if (n == 0 || n > MOST_LOOPS) {
        SAY_LINE("e-[Inference iterations must be 1 to 1000000]");
    } else if (w > MOST_LOOPS) {
        SAY_LINE("e-[Inference warmup must be 0 to 1000000]");
    } else {
        infer(n, w);
    }
}

static void help(void)
{
    SAY_LINE("name         : the name of the device");
    SAY_LINE("profile      : the model that it runs");
    SAY_LINE("timestamp    : the time in microseconds");
    SAY_LINE("db load N    : expect N bytes of input");
    SAY_LINE("db HH[HH]*   : bytes of the input, as hexadecimal digits");
    SAY_LINE("db print     : the input as it was loaded");
    SAY_LINE("infer N [W]  : N inferences after W to warm up (10)");
    SAY_LINE("results      : the outputs of the latest inference");
}

static void carry_out(void)
{
    char *rest = command;
    const char *word = next_word(&rest);

    if (word == NULL) {
        SAY_LINE("e-[Unknown command: ]");
    } else if (is_same(word, word_name)) {
        SAY_LINE("m-name-dut-[" MLPERF_TINY_NAME "]");
    } else if (is_same(word, word_timestamp)) {
        say_timestamp();
    } else if (is_same(word, word_profile)) {
        SAY_LINE("m-profile-[ULPMark for tinyML Firmware V0.0.1]"); /* the runner's name of this dialogue */
        SAY_LINE("m-model-[" MLPERF_TINY_MODEL "]");
    } else if (is_same(word, word_help)) {
        help();
    } else if (is_same(word, word_db)) {
        buffer_command(rest);
    } else if (is_same(word, word_infer)) {
        infer_command(rest);
    } else if (is_same(word, word_results)) {
        say_results();
    } else {
        SAY("e-[Unknown command: ");
        say_word(word);
        SAY_LINE("]");
    }
}

void mlperf_tiny_start(void)
{
    last_count = machine_count();
    SAY_LINE("m-timestamp-mode-performance");
    say_timestamp();
    SAY_LINE("m-init-done");
    SAY_LINE("m-ready");
}

void mlperf_tiny_receive(uint8_t byte)
{
    if (byte == '%') {
        if (command_bytes > COMMAND_BYTES) {
            SAY_LINE("e-[A command has at most 80 characters]");
        } else {
            command[command_bytes] = '\0';
            carry_out();
        }
        command_bytes = 0;
        SAY_LINE("m-ready");
    } else if (byte != '\r' && byte != '\n') { /* a person at a terminal presses Enter */
        if (command_bytes < COMMAND_BYTES) {
            command[command_bytes] = (char)byte;
        }
        command_bytes = (uint8_t)(command_bytes + (command_bytes <= COMMAND_BYTES));
    }
}
