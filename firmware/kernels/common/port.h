/* SPDX-License-Identifier: MIT */
/* Where constants live and how they are read: AVR keeps them in program memory, apart from data. */
#ifndef KERNELS_PORT_H
#define KERNELS_PORT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A kernel and the struct of its parameters have the same name, which C++ allows and g++ -Wshadow dislikes. */
#if defined(__cplusplus) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wshadow"
#endif

/* For a body that several functions share with different constants: each gets a copy that the compiler folds. */
#if defined(__GNUC__)
#define ALWAYS_INLINE static inline __attribute__((always_inline))
#else
#define ALWAYS_INLINE static inline
#endif

/* For a loop that needs every register: inlined, it would share them with its caller. */
#if defined(__GNUC__)
#define NEVER_INLINE static __attribute__((noinline, unused))
#else
#define NEVER_INLINE static
#endif

#if defined(__AVR__) && !defined(__clang__) /* clang cannot place data in program memory */
#include <avr/pgmspace.h>

#define FLASH PROGMEM

static inline int8_t flash_read_s8(const int8_t *address)
{
    return (int8_t)pgm_read_byte(address);
}

static inline int32_t flash_read_s32(const int32_t *address)
{
    return (int32_t)pgm_read_dword(address);
}

static inline void flash_copy(void *to, const void *from, size_t size)
{
    memcpy_P(to, from, size);
}

#else

#undef FLASH /* the headers of STM32 call a register block so */
#define FLASH

static inline int8_t flash_read_s8(const int8_t *address)
{
    return *address;
}

static inline int32_t flash_read_s32(const int32_t *address)
{
    return *address;
}

static inline void flash_copy(void *to, const void *from, size_t size)
{
    memcpy(to, from, size);
}

#endif

/* An element of an operand that is an activation (in RAM) or a constant (in flash). */
static inline int8_t operand_read_s8(const int8_t *address, uint8_t is_in_flash)
{
    return is_in_flash ? flash_read_s8(address) : *address;
}

#endif
