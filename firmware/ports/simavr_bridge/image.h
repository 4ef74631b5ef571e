/* SPDX-License-Identifier: MIT */
/*
 * Firmware files into the flash of a simulated AVR.
 */
#ifndef IMAGE_H
#define IMAGE_H

#include <simavr/sim_avr.h>

/* Every loadable segment of an elf whose load address is in flash; false where the file is none that fits. */
int load_elf(avr_t *avr, const char *path);

/* A boot loader in Intel's hex format; its lowest address, or -1 where the file is none that fits. */
long load_boot_loader(avr_t *avr, const char *path);

#endif
