/* SPDX-License-Identifier: MIT */
#include "protocol.h"

#include <stddef.h>

#include "machine.h"
#include "measure.h"
#include "model_io.h"

#ifndef PROTOCOL_BATCH
#define PROTOCOL_BATCH 1
#endif
#ifndef PROTOCOL_LINE_BUFFER
#define PROTOCOL_LINE_BUFFER 0
#endif

#if defined(__AVR__)
#include <avr/pgmspace.h>
#define IN_FLASH PROGMEM
#define READ_FLASH(address) pgm_read_byte(address)
#else
#define IN_FLASH
#define READ_FLASH(address) (*(address))
#endif

#define BYTE_OF(value, shift) (uint8_t)(((uint32_t)(value) >> (shift)) & 0xFFu)
#define LITTLE_ENDIAN_16(value) BYTE_OF(value, 0), BYTE_OF(value, 8)
#define LITTLE_ENDIAN_32(value) BYTE_OF(value, 0), BYTE_OF(value, 8), BYTE_OF(value, 16), BYTE_OF(value, 24)

enum { PROTOCOL_VERSION = 1 };
enum { TYPE_GREET = 1, TYPE_INVOKE = 2, TYPE_STACK = 3, TYPE_LAYERS = 4, TYPE_ERROR = 0x7F, TYPE_ANSWER = 0x80 };
enum { ERROR_DAMAGED = 1, ERROR_UNKNOWN_TYPE = 2, ERROR_WRONG_LENGTH = 3, ERROR_FAULT = 4 };
enum { HEADER_BYTES = 3, CHECK_BYTES = 4, COUNTS_BYTES = 8, COBS_LONGEST_BLOCK = 0xFF };

static const uint8_t greeting[] IN_FLASH = {
    PROTOCOL_VERSION,
    MACHINE_UNIT,
    LITTLE_ENDIAN_16(PROTOCOL_BATCH),
    LITTLE_ENDIAN_16(PROTOCOL_LINE_BUFFER),
    LITTLE_ENDIAN_32(MODEL_IO_INPUT_BYTES),
    LITTLE_ENDIAN_32(MODEL_IO_OUTPUT_BYTES),
    LITTLE_ENDIAN_32(MACHINE_CLOCK_HZ),
    MODEL_IO_SHA256
};

enum {
    REQUEST_BYTES = HEADER_BYTES + MODEL_IO_INPUT_BYTES * PROTOCOL_BATCH + CHECK_BYTES,
    RESULT_BYTES = MODEL_IO_OUTPUT_BYTES * PROTOCOL_BATCH + COUNTS_BYTES,
#ifdef MODEL_IO_LAYERS
    LAYERS_BYTES = 4 * MODEL_IO_LAYERS,
#else
    LAYERS_BYTES = 0,
#endif
    LONGER_BYTES = RESULT_BYTES > LAYERS_BYTES ? RESULT_BYTES : LAYERS_BYTES,
    PAYLOAD_BYTES = LONGER_BYTES > (int)sizeof greeting ? LONGER_BYTES : (int)sizeof greeting,
    ANSWER_BYTES = HEADER_BYTES + PAYLOAD_BYTES + CHECK_BYTES
};

static uint8_t request[REQUEST_BYTES];
static uint8_t answer[ANSWER_BYTES];

static struct {
    size_t length;       /* of what is decoded in request[]; REQUEST_BYTES + 1: more than fits */
    uint8_t block_left;  /* COBS: plain bytes before the next code byte */
    uint8_t block_code;  /* COBS: the latest code byte; 0 before the first */
    uint8_t in_frame;
} receiver;

static void put_32(uint8_t *to, uint32_t value)
{
    for (uint8_t i = 0; i < 4; i++) {
        to[i] = (uint8_t)(value >> (8u * i));
    }
}

/* CRC-16/CCITT-FALSE, then a Fletcher sum: two that miss different damage (PROTOCOL.md says why both). */
static void put_check(uint8_t *check, const uint8_t *data, size_t length)
{
    uint16_t crc = 0xFFFFu;
    uint8_t sum = 0;
    uint8_t sum_of_sums = 0;

    for (size_t i = 0; i < length; i++) {
        uint8_t folded = (uint8_t)((crc >> 8) ^ data[i]);
        folded = (uint8_t)(folded ^ (folded >> 4));
        crc = (uint16_t)((crc << 8) ^ ((uint16_t)folded << 12) ^ ((uint16_t)folded << 5) ^ folded);
        sum = (uint8_t)(sum + data[i]);
        sum_of_sums = (uint8_t)(sum_of_sums + sum);
    }
    check[0] = (uint8_t)crc;
    check[1] = (uint8_t)(crc >> 8);
    check[2] = sum;
    check[3] = sum_of_sums;
}

static void send_cobs(const uint8_t *data, size_t length)
{
    size_t start = 0;
    size_t end;

    machine_send(0);
    do {
        end = start;
        while (end < length && data[end] != 0 && end - start < COBS_LONGEST_BLOCK - 1) {
            end++;
        }
        machine_send((uint8_t)(end - start + 1));
        uint8_t is_full = end - start == COBS_LONGEST_BLOCK - 1;
        while (start < end) {
            machine_send(data[start++]);
        }
        if (is_full) {
            if (end == length) {
                break;
            }
        } else {
            start++; /* the zero that this block stands for, or one past the end */
        }
    } while (start <= length);
    machine_send(0);
}

static void send_answer(uint8_t type, size_t payload_bytes)
{
    const size_t length = HEADER_BYTES + payload_bytes;

    answer[0] = type;
    answer[1] = request[1];
    answer[2] = request[2];
    put_check(&answer[length], answer, length);
    send_cobs(answer, length + CHECK_BYTES);
}

static void send_error(uint8_t code)
{
    answer[HEADER_BYTES] = code;
    send_answer(TYPE_ERROR, 1);
}

static void answer_greet(void)
{
    for (uint8_t i = 0; i < sizeof greeting; i++) {
        answer[HEADER_BYTES + i] = READ_FLASH(&greeting[i]);
    }
    send_answer(TYPE_GREET | TYPE_ANSWER, sizeof greeting);
}

static void answer_invoke(size_t vectors)
{
    const int8_t *input = (const int8_t *)&request[HEADER_BYTES];
    int8_t *output = (int8_t *)&answer[HEADER_BYTES];
    uint32_t fewest = UINT32_MAX;
    uint32_t most = 0;

    for (; vectors > 0; vectors--) {
        const uint32_t count = measure_invoke(input, output);
        fewest = count < fewest ? count : fewest;
        most = count > most ? count : most;
        input += MODEL_IO_INPUT_BYTES;
        output += MODEL_IO_OUTPUT_BYTES;
    }
    uint8_t *counts = (uint8_t *)output;
    put_32(&counts[0], fewest);
    put_32(&counts[4], most);
    send_answer(TYPE_INVOKE | TYPE_ANSWER, (size_t)(&counts[COUNTS_BYTES] - &answer[HEADER_BYTES]));
}

#ifdef PROTOCOL_MEASURES_STACK
static void answer_stack(void)
{
    /* The output goes where the count then overwrites it: nobody asked for it. */
    const uint32_t bytes = measure_stack((const int8_t *)&request[HEADER_BYTES], (int8_t *)&answer[HEADER_BYTES]);

    put_32(&answer[HEADER_BYTES], bytes);
    send_answer(TYPE_STACK | TYPE_ANSWER, 4);
}
#endif

#ifdef MODEL_IO_LAYERS
static void answer_layers(void)
{
    static uint32_t counts[MODEL_IO_LAYERS];

    measure_layers((const int8_t *)&request[HEADER_BYTES], (int8_t *)&answer[HEADER_BYTES], counts);
    for (uint16_t layer = 0; layer < MODEL_IO_LAYERS; layer++) {
        put_32(&answer[HEADER_BYTES + 4u * layer], counts[layer]);
    }
    send_answer(TYPE_LAYERS | TYPE_ANSWER, LAYERS_BYTES);
}
#endif

static void handle_request(void)
{
    uint8_t check[CHECK_BYTES];
    const size_t length = receiver.length;

    if (length < HEADER_BYTES + CHECK_BYTES || length > REQUEST_BYTES || receiver.block_left != 0) {
        send_error(ERROR_DAMAGED);
        return;
    }
    const size_t checked = length - CHECK_BYTES;
    put_check(check, request, checked);
    for (uint8_t i = 0; i < CHECK_BYTES; i++) {
        if (check[i] != request[checked + i]) {
            send_error(ERROR_DAMAGED);
            return;
        }
    }
    const size_t payload_bytes = checked - HEADER_BYTES;
    const size_t vectors = payload_bytes / MODEL_IO_INPUT_BYTES;
    const uint8_t is_whole = payload_bytes % MODEL_IO_INPUT_BYTES == 0;

    if (request[0] == TYPE_GREET && payload_bytes == 0) {
        answer_greet();
    } else if (request[0] == TYPE_INVOKE && vectors > 0 && is_whole) {
        answer_invoke(vectors);
#ifdef PROTOCOL_MEASURES_STACK
    } else if (request[0] == TYPE_STACK && vectors == 1 && is_whole) {
        answer_stack();
    } else if (request[0] == TYPE_STACK) {
        send_error(ERROR_WRONG_LENGTH);
#endif
#ifdef MODEL_IO_LAYERS
    } else if (request[0] == TYPE_LAYERS && vectors == 1 && is_whole) {
        answer_layers();
    } else if (request[0] == TYPE_LAYERS) {
        send_error(ERROR_WRONG_LENGTH);
#endif
    } else if (request[0] == TYPE_GREET || request[0] == TYPE_INVOKE) {
        send_error(ERROR_WRONG_LENGTH);
    } else {
        send_error(ERROR_UNKNOWN_TYPE);
    }
}

static void store(uint8_t byte)
{
    if (receiver.length < REQUEST_BYTES) {
        request[receiver.length++] = byte;
    } else {
        receiver.length = REQUEST_BYTES + 1;
    }
}

uint8_t protocol_receive(uint8_t byte)
{
    if (byte == 0) {
        /* A zero starts a frame or, once something came, ends it; a row of zeros is still only a start. */
        const uint8_t is_end = receiver.in_frame && receiver.block_code != 0;
        if (is_end) {
            handle_request();
        }
        receiver.in_frame = !is_end;
        receiver.length = 0;
        receiver.block_left = 0;
        receiver.block_code = 0;
    } else if (!receiver.in_frame) {
        return 0;
    } else if (receiver.block_left > 0) {
        store(byte);
        receiver.block_left--;
    } else {
        if (receiver.block_code != 0 && receiver.block_code != COBS_LONGEST_BLOCK) {
            store(0);
        }
        receiver.block_code = byte;
        receiver.block_left = (uint8_t)(byte - 1);
    }
    return 1;
}

void protocol_report_fault(void)
{
    send_error(ERROR_FAULT);
}
