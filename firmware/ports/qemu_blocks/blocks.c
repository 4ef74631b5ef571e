/* SPDX-License-Identifier: MIT */
/*
 * A plugin of QEMU's translator: which blocks of code each layer of one inference runs, and how often.
 *
 *   qemu-system-arm ... -plugin blocks.so,entry=ADDRESS,layer=ADDRESS,out=FILE
 *
 * A block is a row of instructions without a branch in between. At `entry`, the model's function, everything starts
 * anew; at `layer`, which the model calls after each layer, FILE gets what ran since, a line a block:
 *
 *   START INSTRUCTIONS EXECUTIONS LEFT      (START in hexadecimal)
 *   layer
 *
 * LEFT counts the executions after which the next block was not the one behind it: the taken branches. QEMU's header
 * is not among Debian's packages; these declarations are those of its documentation, and hold from version 4.2 on.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void (*tb_translated)(qemu_plugin_id_t, struct qemu_plugin_tb *);
typedef void (*tb_executed)(unsigned int, void *);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, tb_translated);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *, tb_executed, int flags, void *);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *);
int qemu_plugin_install(qemu_plugin_id_t, const void *, int, char **);

int qemu_plugin_version = QEMU_PLUGIN_VERSION;

struct block {
    uint64_t start, end, executions, left;
    size_t instructions;
    struct block *next;
};

static struct block *blocks;
static struct block *latest;
static uint64_t entry_address, layer_address;
static FILE *out; /* written from `entry` on */
static bool is_inference;

static void write_layer(void)
{
    for (struct block *block = blocks; block != NULL; block = block->next) {
        if (block->executions > 0) {
            fprintf(out, "%" PRIx64 " %zu %" PRIu64 " %" PRIu64 "\n", block->start, block->instructions,
                    block->executions, block->left);
        }
    }
    fputs("layer\n", out);
    fflush(out); /* whoever reads it ends QEMU by a signal */
}

static void forget(void)
{
    for (struct block *block = blocks; block != NULL; block = block->next) {
        block->executions = block->left = 0;
    }
}

static void on_execution(unsigned int cpu, void *given)
{
    struct block *block = given;

    (void)cpu;
    if (latest != NULL && latest->end != block->start) {
        latest->left++;
    }
    if (block->start == entry_address) {
        rewind(out);
        is_inference = ftruncate(fileno(out), 0) == 0;
        forget();
    } else if (block->start == layer_address && is_inference) {
        write_layer();
        forget();
    }
    block->executions++;
    latest = block;
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *translated)
{
    struct block *block = calloc(1, sizeof *block);

    (void)id;
    if (block == NULL) {
        abort();
    }
    block->instructions = qemu_plugin_tb_n_insns(translated);
    struct qemu_plugin_insn *last = qemu_plugin_tb_get_insn(translated, block->instructions - 1);
    block->start = qemu_plugin_tb_vaddr(translated);
    block->end = qemu_plugin_insn_vaddr(last) + qemu_plugin_insn_size(last);
    block->next = blocks;
    blocks = block;
    qemu_plugin_register_vcpu_tb_exec_cb(translated, on_execution, 0, block);
}

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int count, char **arguments)
{
    (void)info;
    for (int i = 0; i < count; i++) {
        char *value = strchr(arguments[i], '=');
        if (value == NULL) {
            return 1;
        }
        *value++ = '\0';
        if (strcmp(arguments[i], "entry") == 0) {
            entry_address = strtoull(value, NULL, 0);
        } else if (strcmp(arguments[i], "layer") == 0) {
            layer_address = strtoull(value, NULL, 0);
        } else if (strcmp(arguments[i], "out") == 0) {
            out = fopen(value, "w");
        }
    }
    if (out == NULL) {
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    return 0;
}
