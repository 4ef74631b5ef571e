/* SPDX-License-Identifier: MIT */
/*
 * What Espressif's boot loader and tools read of an application (esp_app_desc_t). esptool fills in the elf's SHA-256.
 * There is no date, so that the same model gives the same bytes.
 */
#include <stdint.h>

struct app_description {
    uint32_t magic;
    uint32_t secure_version;
    uint32_t reserved_1[2];
    char version[32];
    char project_name[32];
    char time[16];
    char date[16];
    char idf_version[32];
    uint8_t elf_sha256[32];
    uint16_t least_efuse_block_revision;
    uint16_t most_efuse_block_revision;
    uint8_t mmu_page_size_log2;
    uint8_t reserved_3[3];
    uint32_t reserved_2[18];
};

__attribute__((section(".app_description"), used)) const struct app_description app_description = {
    .magic = 0xABCD5432u,
    .version = "1",
    .project_name = "tinyml-pipeline",
    .idf_version = "none",
    .most_efuse_block_revision = UINT16_MAX,
    .mmu_page_size_log2 = 16,
};
