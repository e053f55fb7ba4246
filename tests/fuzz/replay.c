/* SPDX-License-Identifier: MIT */
/*
 * A main() for fuzz entry points where there is no libFuzzer, for `make check`:
 *
 *     fuzz_NAME [-n COUNT] [FILE...]
 *
 * Feeds the entry point with each file, by default all of
 * $top_srcdir/tests/fuzz/corpus/NAME, and with COUNT mutations of them (100,000,
 * or what a slow entry point puts into fuzz_mutations). These are the same in every
 * run, so that a failure comes again. To really search, build the entry point with
 * clang instead:
 *
 *     clang -g -fsanitize=fuzzer,address,undefined -I. -Icore -Imongo \
 *         tests/fuzz/fuzz_NAME.c SOURCES... -o fuzz && ./fuzz CORPUS-FOLDER
 */
#include <glob.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
extern const unsigned long fuzz_mutations __attribute__((weak));

enum { MAX_INPUT = 65536 };

struct input {
    uint8_t *bytes;
    size_t size;
};

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* Numbers that look random and are the same in every run (xorshift). */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* In memory of its own, so that a sanitizer sees every read beyond it. */
static void feed(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    if (copy == NULL)
        die("malloc");
    memcpy(copy, bytes, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static struct input read_file(const char *path)
{
    struct input input = {malloc(MAX_INPUT), 0};
    FILE *file = fopen(path, "rb");
    if (file == NULL || input.bytes == NULL)
        die(path);
    input.size = fread(input.bytes, 1, MAX_INPUT, file);
    fclose(file);
    return input;
}

/* Changes one thing about the `size` bytes, of which there is room for one more
 * than MAX_INPUT; returns the new size. */
static size_t mutate(uint8_t *bytes, size_t size, uint64_t *state)
{
    static const uint8_t odd[] = {0x00, 0x01, 0x04, 0x05, 0x0A, 0x0D,
                                  0x20, 0x7F, 0x80, 0xFE, 0xFF};
    if (size == 0)
        return size;
    size_t at = next_random(state) % size;
    switch (next_random(state) % 6) {
    case 0:
        bytes[at] ^= (uint8_t)(1u << next_random(state) % 8);
        return size;
    case 1:
        bytes[at] = odd[next_random(state) % sizeof odd];
        return size;
    case 2:
        bytes[at] = (uint8_t)next_random(state);
        return size;
    case 3:
        bytes[at] = (uint8_t)(bytes[at] + next_random(state) % 9 - 4);
        return size;
    case 4: /* one byte less */
        memmove(bytes + at, bytes + at + 1, size - at - 1);
        return size - 1;
    default: /* one byte more */
        if (size == MAX_INPUT)
            return size;
        memmove(bytes + at + 1, bytes + at, size - at);
        return size + 1;
    }
}

static void feed_mutations(const struct input *inputs, size_t count,
                           unsigned long mutations)
{
    uint64_t state = 88172645463325252u;
    uint8_t *bytes = malloc(MAX_INPUT);
    if (bytes == NULL)
        die("malloc");
    for (unsigned long i = 0; i < mutations; i++) {
        const struct input *input = &inputs[i % count];
        size_t size = input->size;
        memcpy(bytes, input->bytes, size);
        for (uint64_t n = 1 + next_random(&state) % 4; n > 0; n--)
            size = mutate(bytes, size, &state);
        feed(bytes, size);
    }
    free(bytes);
}

/* The files of the entry point's corpus; its name is behind "fuzz_" in ours. */
static void find_corpus(const char *program, glob_t *found)
{
    const char *top = getenv("top_srcdir");
    const char *name = strstr(program, "fuzz_");
    char pattern[4096];
    if (name == NULL)
        name = program;
    for (const char *next; (next = strstr(name + 1, "fuzz_")) != NULL;)
        name = next;
    snprintf(pattern, sizeof pattern, "%s/tests/fuzz/corpus/%s/*",
             top != NULL ? top : ".", name + strlen("fuzz_"));
    if (glob(pattern, 0, NULL, found) != 0) {
        fprintf(stderr, "no files: %s\n", pattern);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    unsigned long mutations = &fuzz_mutations != NULL ? fuzz_mutations : 100000;
    int option;
    while ((option = getopt(argc, argv, "n:")) != -1) {
        if (option != 'n') {
            fprintf(stderr, "usage: %s [-n COUNT] [FILE...]\n", argv[0]);
            return 2;
        }
        mutations = strtoul(optarg, NULL, 10);
    }
    glob_t found = {.gl_pathc = (size_t)(argc - optind),
                    .gl_pathv = argv + optind};
    if (found.gl_pathc == 0)
        find_corpus(argv[0], &found);

    size_t count = found.gl_pathc;
    struct input *inputs = calloc(count, sizeof *inputs);
    if (inputs == NULL)
        die("calloc");
    for (size_t i = 0; i < count; i++) {
        inputs[i] = read_file(found.gl_pathv[i]);
        feed(inputs[i].bytes, inputs[i].size);
    }
    feed_mutations(inputs, count, mutations);
    for (size_t i = 0; i < count; i++)
        free(inputs[i].bytes);
    free(inputs);
    if (argc == optind)
        globfree(&found);
    return 0;
}
