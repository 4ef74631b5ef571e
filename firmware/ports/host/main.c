/* SPDX-License-Identifier: MIT */
/*
 * The same firmware as a program on the host: its line is stdin and stdout.
 */
#include <stdio.h>
#include <unistd.h>
#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#endif

#include "machine.h"
#include "protocol.h"

enum { BUFFER_BYTES = 65536 };

static uint8_t sent[BUFFER_BYTES];
static size_t sent_bytes;

static void flush_sent(void)
{
    size_t done = 0;
    while (done < sent_bytes) {
        const ssize_t written = write(STDOUT_FILENO, &sent[done], sent_bytes - done);
        if (written <= 0) {
            _exit(1);
        }
        done += (size_t)written;
    }
    sent_bytes = 0;
}

void machine_send(uint8_t byte)
{
    if (sent_bytes == sizeof sent) {
        flush_sent();
    }
    sent[sent_bytes++] = byte;
}

uint32_t machine_count(void)
{
    return 0;
}

uint32_t machine_in_units(uint32_t difference)
{
    return difference;
}

int main(void)
{
    static uint8_t received[BUFFER_BYTES];
    ssize_t bytes;

#ifdef _WIN32 /* else every 10 on the line becomes 13, 10 */
    (void)_setmode(STDIN_FILENO, _O_BINARY);
    (void)_setmode(STDOUT_FILENO, _O_BINARY);
#endif
    while ((bytes = read(STDIN_FILENO, received, sizeof received)) > 0) {
        for (ssize_t i = 0; i < bytes; i++) {
            (void)protocol_receive(received[i]);
        }
        flush_sent();
    }
    return 0;
}
