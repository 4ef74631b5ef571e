/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "line.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

enum { UNREAD_MILLISECONDS = 200 }; /* how long a terminal that is full may stay so before bytes are lost */

static int terminal = -1;
static int is_open;

static void make_raw(void)
{
    struct termios settings;
    if (tcgetattr(terminal, &settings) == 0) {
        cfmakeraw(&settings);
        (void)tcsetattr(terminal, TCSANOW, &settings);
    }
}

int line_use_terminal(void)
{
    terminal = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (terminal < 0 || grantpt(terminal) != 0 || unlockpt(terminal) != 0) {
        return 0;
    }
    /* Linux says that the other side is closed only once it has been open. */
    const int other_side = open(ptsname(terminal), O_RDWR | O_NOCTTY);
    if (other_side < 0) {
        return 0;
    }
    close(other_side);
    printf("%s\n", ptsname(terminal));
    fflush(stdout);
    return 1;
}

int line_is_terminal(void)
{
    return terminal >= 0;
}

void line_send(const uint8_t *data, size_t bytes)
{
    const int line = terminal >= 0 ? terminal : STDOUT_FILENO;
    struct pollfd output = {.fd = line, .events = POLLOUT};

    while (bytes > 0 && (terminal < 0 || is_open)) {
        const ssize_t written = write(line, data, bytes);
        if (written > 0) {
            data += written;
            bytes -= (size_t)written;
        } else if (errno == EAGAIN && poll(&output, 1, UNREAD_MILLISECONDS) == 0) {
            return;
        } else if (errno != EAGAIN && errno != EINTR) {
            if (terminal < 0) {
                exit(0); /* nobody reads any more */
            }
            return;
        }
    }
}

enum line_event line_wait(int milliseconds, uint8_t *data, size_t room, size_t *bytes)
{
    /* A terminal that nobody has open reports that at once, always: it is only looked at, and the wait is on stdin. */
    struct pollfd inputs[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = terminal, .events = POLLIN}};
    const int count = terminal >= 0 ? 2 : 1;
    ssize_t got = -1;

    *bytes = 0;
    if (terminal >= 0 && !is_open) {
        (void)poll(inputs, 1, milliseconds);
        milliseconds = 0;
    }
    if (poll(inputs, (nfds_t)count, milliseconds) <= 0 && (terminal < 0 || is_open)) {
        return LINE_IDLE;
    }
    if (inputs[0].revents != 0) {
        got = read(STDIN_FILENO, data, room);
        if (got == 0 || (got < 0 && errno != EINTR)) {
            return LINE_IS_OVER;
        }
        if (terminal < 0) {
            *bytes = got > 0 ? (size_t)got : 0;
            return *bytes > 0 ? LINE_HAS_DATA : LINE_IDLE;
        }
    }
    if (terminal >= 0) {
        const int was_open = is_open;
        is_open = (inputs[1].revents & POLLHUP) == 0;
        if (is_open && !was_open) {
            make_raw();
            return LINE_WAS_OPENED;
        }
        if (is_open && (inputs[1].revents & POLLIN) != 0) {
            got = read(terminal, data, room);
            *bytes = got > 0 ? (size_t)got : 0;
            return *bytes > 0 ? LINE_HAS_DATA : LINE_IDLE;
        }
    }
    return LINE_IDLE;
}
