# SPDX-License-Identifier: MIT
"""redis/command_table.c: what commands do to the data and where their keys stand."""

MOST_SPECS = 3  # DREDIS__MOST_KEY_SPECS

HEAD = """/* SPDX-License-Identifier: MIT */
/*
 * Every command: what it does and where its keys stand. Written by
 * redis/generate/commands.py from what a server says of itself (COMMAND); it is
 * not edited. Sorted by name; a subcommand stands behind its command and a space.
 */
#include "command_internal.h"

#define R DREDIS__COMMAND_READS
#define W DREDIS__COMMAND_WRITES
#define B DREDIS__COMMAND_BLOCKS
#define C DREDIS__COMMAND_CONTAINER

#define NOWHERE {DREDIS__KEYS_NONE, 0, 0, 0, 0, NULL}
/* The keys from an argument on: up to the argument `last`, counted from the first
 * one or, if negative, from the end; every `step`-th of them. */
#define AT(first, last, step)                                                  \\
    {DREDIS__KEYS_RANGE, first, last, step, 0, NULL}
/* The same behind a word that is looked for from an argument on or, if that is
 * negative, back from the end; over the first 1/limit of what follows it. */
#define AFTER(word, from, last, step, limit)                                   \\
    {DREDIS__KEYS_WORD, from, last, step, limit, word}
/* As many as the argument `count` says, which is followed by them. */
#define COUNTED(count, first, step)                                            \\
    {DREDIS__KEYS_COUNTED, count, first, step, 0, NULL}

const dredis__command_row dredis__command_rows[] = {
"""


def spec(key):
    if key["begin"] == "index" and key["find"] == "range":
        return f"AT({key['index']}, {key['lastkey']}, {key['keystep']})"
    if key["begin"] == "keyword" and key["find"] == "range":
        return (f"AFTER(\"{key['keyword']}\", {key['startfrom']}, "
                f"{key['lastkey']}, {key['keystep']}, {key['limit']})")
    if key["begin"] == "index" and key["find"] == "keynum":
        first = key["index"] + key["firstkey"]
        return f"COUNTED({key['index'] + key['keynumidx']}, {first}, {key['keystep']})"
    if "unknown" in (key["begin"], key["find"]):
        return None  # SORT's BY and GET patterns: nobody can say
    raise SystemExit(f"no such key positions are known: {key}")


def row(name, command):
    flags = [letter for letter, flag in
             (("R", "readonly"), ("W", "write"), ("B", "blocking"))
             if flag in command["flags"]]
    if command.get("container"):
        flags.append("C")
    specs = [s for s in map(spec, command["keys"]) if s]
    if len(specs) > MOST_SPECS:
        raise SystemExit(f"{name}: more than {MOST_SPECS} key positions")
    keys = ", {" + ", ".join(specs or ["NOWHERE"]) + "}"
    line = f"    {{\"{name}\", {' | '.join(flags) or '0'}{keys}}},"
    if len(line) > 80:
        line = line.replace(", {AT", ",\n     {AT", 1).replace(
            ", {AFTER", ",\n     {AFTER", 1).replace(", {COUNTED", ",\n     {COUNTED", 1)
    return line + "\n"


def write(commands):
    rows = [row(name, c) for name, c in commands.items()]
    return (HEAD + "".join(rows) + "};\n\nconst size_t dredis__command_count =\n"
            "    sizeof dredis__command_rows / sizeof dredis__command_rows[0];\n")
