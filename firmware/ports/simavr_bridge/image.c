/* SPDX-License-Identifier: MIT */
#include "image.h"

#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int load_elf(avr_t *avr, const char *path)
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
    /* Code, constants, and what start-up code copies to RAM. */
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

enum {
    HEX_DATA = 0,
    HEX_END = 1,
    HEX_DATA_MOST = 255,
    EMPTY = 0xFF,
    /* Debian's build of Optiboot is 20 bytes longer than its section of the chip; the simulated chip has room for it. */
    BOOT_LOADER_BEYOND = 256
};

/* One line of Intel's hex format: ':', count, address, type, data, check, all as hexadecimal digits. */
static int read_record(const char *line, uint8_t *data, unsigned *count, unsigned *address, unsigned *type)
{
    unsigned check, sum;

    if (sscanf(line, ":%2x%4x%2x", count, address, type) != 3) {
        return 0;
    }
    sum = *count + (*address >> 8) + *address + *type;
    for (unsigned i = 0; i < *count; i++) {
        unsigned byte;
        if (sscanf(&line[9 + 2 * i], "%2x", &byte) != 1) {
            return 0;
        }
        data[i] = (uint8_t)byte;
        sum += byte;
    }
    return sscanf(&line[9 + 2 * *count], "%2x", &check) == 1 && ((sum + check) & 0xFFu) == 0;
}

static int is_room_for(avr_t *avr, size_t end)
{
    if (end > (size_t)avr->flashend + 1 + BOOT_LOADER_BEYOND) {
        return 0;
    }
    if (end > (size_t)avr->flashend + 1) {
        const size_t size = (size_t)avr->flashend + 1 + BOOT_LOADER_BEYOND;
        uint8_t *larger = realloc(avr->flash, size + 4); /* libsimavr, too, keeps four bytes behind the end */
        if (larger == NULL) {
            return 0;
        }
        memset(&larger[avr->flashend + 1], EMPTY, size + 4 - avr->flashend - 1);
        avr->flash = larger;
        avr->flashend = avr->codeend = (uint32_t)size - 1;
    }
    return 1;
}

long load_boot_loader(avr_t *avr, const char *path)
{
    char line[2 * HEX_DATA_MOST + 16];
    uint8_t data[HEX_DATA_MOST];
    unsigned count, address, type = HEX_DATA;
    FILE *stream = fopen(path, "r");
    long lowest = -1;

    while (stream != NULL && type != HEX_END && fgets(line, sizeof line, stream) != NULL) {
        if (!read_record(line, data, &count, &address, &type)
            || (type == HEX_DATA && !is_room_for(avr, (size_t)address + count))) {
            lowest = -1;
            break;
        }
        if (type == HEX_DATA && count > 0) {
            /* In that build the version's word, which comes last, lies where there is code: that goes first. */
            for (unsigned i = 0; i < count; i++) {
                uint8_t *byte = &avr->flash[address + i];
                *byte = *byte == EMPTY ? data[i] : *byte;
            }
            lowest = lowest < 0 || (long)address < lowest ? (long)address : lowest;
        }
    }
    if (stream != NULL) {
        fclose(stream);
    }
    return lowest;
}
