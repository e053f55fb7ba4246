# SPDX-License-Identifier: MIT
"""The headers and sources of the typed commands, a pair for each group."""
import os
import re
import textwrap

from words import Command

HERE = os.path.dirname(os.path.abspath(__file__))
INT_SHAPES = ("ok", "ok?", "flag", "int", "int?", "double", "double?", "text", "text?")
KINDS = {"list": "LIST", "list?": "LIST_OR_NIL", "map": "MAP", "any": "ANY"}


class Function:
    def __init__(self, line, commands):
        head, self.doc = (s.strip() for s in line.split(" -- ", 1))
        left, right = head.split(" : ")
        self.name, _, given = (s.strip() for s in left.partition(" = "))
        shape, *directives = (s.strip() for s in right.split(";"))
        self.shape, _, self.result = shape.partition(" ")
        given = given or self.guess(commands)
        parsed = {}
        for directive in directives:
            word, *names = directive.split()
            parsed[word] = names
        self.info = commands[given]
        self.command = Command(self.name, given.split(), self.info["arguments"],
                               parsed)
        self.wire_name = given

    def guess(self, commands):
        upper = self.name.upper()
        return upper if upper in commands else upper.replace("_", " ", 1)

    # --- The prototype

    @property
    def is_reply(self):
        return self.shape in KINDS

    def array_count(self, name):
        arrays = [p for p in self.command.params if p[0] == "values"]
        return "n" if len(arrays) == 1 else "n_" + name

    def parameters(self):
        out = ["dredis *client"]
        for p in self.command.params:
            if p[0] == "values":
                out.append(f"const diesel_value *{p[1]}")
                out.append(f"size_t {self.array_count(p[1])}")
            elif p[0] == "parallel":
                out += [f"const diesel_value *{p[1]}",
                        f"const diesel_value *{p[2]}", "size_t n"]
            else:
                out.append(f"{p[0]} {p[1]}")
        if self.command.fields:
            out.append(f"const dredis_{self.name}_options *options")
        kind = self.shape.rstrip("?")
        if kind == "int":
            out.append(f"int64_t *{self.result}")
        elif kind == "double":
            out.append(f"double *{self.result}")
        elif kind == "text":
            out += [f"char **{self.result or 'value'}", "size_t *len"]
        out.append("diesel_error *err")
        return out

    def prototype(self):
        returns = "dredis_reply *" if self.is_reply else "int "
        return wrap(f"{returns}dredis_{self.name}(", self.parameters(), ")")

    def leading(self):
        """Parameters that the macro names: those before the first array."""
        out = []
        for p in self.command.params:
            if p[0] in ("values", "parallel"):
                break
            out.append((p[0], p[1]))
        while out and out[-1][0] != "diesel_value":
            out.pop()
        return out

    def macro(self):
        lead = self.leading()
        if not lead:
            return ""
        names = ", ".join(["client", *(n for _, n in lead), "..."])
        given = ["(client)"] + [f"DIESEL_VALUE({n})" if t == "diesel_value"
                                else f"({n})" for t, n in lead] + ["__VA_ARGS__"]
        lines = [f"#define dredis_{self.name}({names})"]
        lines += wrap(f"    (dredis_{self.name})(", given, ")", 76).split("\n")
        return "".join(f"{line:<79}\\\n" for line in lines[:-1]) + lines[-1] + "\n"

    # --- The texts of the header

    def comment(self, note=""):
        text = f"{self.wire_name} (since {self.info['since']}). {self.doc}{note}"
        return block_comment(text)

    def options(self):
        if not self.command.fields:
            return ""
        rows = []
        width = 0
        for c_type, name, remark in self.command.fields:
            star = c_type.endswith("*")
            decl = f"    {c_type}{'' if star else ' '}{name};"
            rows.append((decl, remark))
            width = max(width, len(decl))
        body = "".join(field_line(d, r, width) for d, r in rows)
        return (f"typedef struct dredis_{self.name}_options {{\n{body}}} "
                f"dredis_{self.name}_options;\n\n")

    def header(self):
        return (self.comment() + self.options() + self.prototype() +
                "\n    __attribute__((warn_unused_result));\n\n")

    # --- The body

    def is_plain(self):
        return all(s[0] in ("word", "value", "int", "double", "enum")
                   for s in self.command.steps)

    def plain_item(self, step):
        return {
            "word": lambda: f"WORD(\"{step[1]}\")",
            "value": lambda: step[1],
            "int": lambda: f"diesel_int({step[1]})",
            "double": lambda: f"diesel_double({step[1]})",
            "enum": lambda: f"dredis__{step[1]}_word({step[2]})",
        }[step[0]]()

    def ask(self, args, n):
        kind = self.shape.rstrip("?")
        tail = {"int": [self.result], "double": [self.result],
                "text": [self.result or "value", "len"]}.get(kind, [])
        verb = {"ok": "ok", "ok?": "done", "flag": "flag", "int": "int",
                "int?": "int_or_nil", "double": "double",
                "double?": "double_or_nil", "text": "text",
                "text?": "text_or_nil"}.get(self.shape, "reply")
        if self.is_reply:
            tail = ["DREDIS__" + KINDS[self.shape]]
        return f"dredis__ask_{verb}(", ["client", args, n, *tail, "err"]

    def body(self):
        if self.is_plain():
            items = [self.plain_item(s) for s in self.command.steps]
            call, given = self.ask("args", "COUNT(args)")
            return (wrap("    const diesel_value args[] = {", items, "};") + "\n" +
                    wrap("    return " + call, given, ");") + "\n")
        lines = ["    dredis__words w;\n", "    dredis__words_begin(&w);\n"]
        open_options = False
        for step in self.command.steps:
            is_option = step[0].startswith("opt_") or step[0] == "trim"
            if is_option and not open_options:
                lines.append("    if (options != NULL) {\n")
            if open_options and not is_option:
                lines.append("    }\n")
            open_options = is_option
            lines.append(self.statement(step, "        " if is_option else "    "))
        if open_options:
            lines.append("    }\n")
        call, given = self.ask("w.args", "w.n")
        kind = "dredis_reply *" if self.is_reply else "int "
        name = "reply" if self.is_reply else "result"
        lines.append(wrap(f"    {kind}{name} = " + call, given, ");") + "\n")
        lines += ["    dredis__words_end(&w);\n", f"    return {name};\n"]
        return tidy("".join(lines))

    def statement(self, step, indent):
        kind, *a = step
        if kind in ("word", "value", "int", "double", "enum"):
            return f"{indent}dredis__put(&w, {self.plain_put(step)});\n"
        if kind == "array":
            return f"{indent}dredis__put_all(&w, {a[0]}, {self.array_count(a[0])});\n"
        if kind == "count":
            n = self.array_count(a[0]) + (f" / {a[1]}" if a[1] > 1 else "")
            return f"{indent}dredis__put(&w, diesel_uint({n}));\n"
        if kind == "parallel":
            return (f"{indent}dredis__put_all(&w, {a[0]}, n);\n"
                    f"{indent}dredis__put_all(&w, {a[1]}, n);\n")
        if kind == "trim":
            given = ["&w", "options->maxlen", "options->minid", "options->nearly",
                     "options->limit"]
            return wrap(indent + "dredis__put_trim(", given, ");") + "\n"
        if kind == "opt_group":
            given = ["&w", f"\"{a[0]}\""] + [f"options->{n}" for n in a[1]]
            return wrap(indent + "dredis__put_range(", given, ");") + "\n"
        token = f"\"{a[1]}\"" if a[1] else "NULL"
        given = ["&w", token, f"options->{a[0]}"]
        if kind in ("opt_array", "opt_each"):
            given.append(f"options->n_{a[0]}")
        return wrap(f"{indent}dredis__{kind}(", given, ");") + "\n"

    def plain_put(self, step):
        if step[0] == "word":
            return f"WORD_OF(\"{step[1]}\")"
        return self.plain_item(step)

    def source(self):
        return self.prototype() + "\n{\n" + self.body() + "}\n\n"


def tidy(text):
    """One statement needs no braces."""
    return re.sub(r"(    if \(options != NULL\)) \{\n(        [^\n]*;\n)    \}\n",
                  r"\1\n\2", text)


def wrap(head, items, tail, width=80):
    """head item, item, ... tail, broken before `width`, aligned behind the head; if
    one does not fit there, all stand on lines of their own behind 8 spaces."""
    given = [x + "," for x in items[:-1]] + [items[-1] + tail]
    indent = " " * len(head)
    lines, line = [], head
    if len(head) + max(map(len, given)) > width:
        indent = " " * (len(head) - len(head.lstrip()) + 4)
        lines, line = [head], indent
    for text in given:
        gap = "" if line in (head, indent) else " "
        if len(line) + len(gap) + len(text) > width and gap:
            lines.append(line)
            line, gap = indent, ""
        line += gap + text
    return "\n".join([*lines, line])


def block_comment(text):
    lines = textwrap.wrap(text, 74)
    if len(lines) == 1:
        return f"/* {lines[0]} */\n"
    return "/* " + "\n * ".join(lines) + " */\n"


def field_line(decl, remark, width):
    room = 80 - width - 7
    lines = textwrap.wrap(remark, max(room, 20)) or [""]
    pad = " " * (width - len(decl))
    if len(lines) == 1:
        return f"{decl}{pad} /* {lines[0]} */\n"
    rest = "".join("\n" + " " * (width + 4) + line for line in lines[1:])
    return f"{decl}{pad} /* {lines[0]}{rest} */\n"


HEADER = """/* SPDX-License-Identifier: MIT */
/*
{about}
 *
 * What the functions take and give is told in <diesel/redis_commands.h>. Written
 * by redis/generate/commands.py; it is not edited.
 */
#ifndef DIESEL_REDIS_{upper}_H
#define DIESEL_REDIS_{upper}_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/redis_choices.h>
#include <diesel/redis_client.h>

#ifdef __cplusplus
extern "C" {{
#endif

{functions}{macros}#ifdef __cplusplus
}}
#endif
#endif
"""

MACROS = """#if !defined(__cplusplus) && !defined(DREDIS_FUNCTIONS_ONLY)
{macros}#endif

"""

SOURCE = """/* SPDX-License-Identifier: MIT */
/*
{about}
 *
 * Each function puts its arguments in their places and reads the reply as a C
 * value. Written by redis/generate/commands.py; it is not edited.
 */
#define DREDIS_FUNCTIONS_ONLY
#include <diesel/redis_{group}.h>

#include "typed_internal.h"

{functions}"""


def groups(commands):
    """[name, about, functions] of each group."""
    out = []
    with open(os.path.join(HERE, "functions.txt"), encoding="utf-8") as file:
        for line in file:
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            if line.startswith("["):
                name, about = line[1:].split("] ", 1)
                out.append((name, about, []))
            else:
                out[-1][2].append(Function(line, commands))
    return out


def files(commands):
    for name, about, functions in groups(commands):
        lines = "\n".join(" * " + x for x in textwrap.wrap(about, 76))
        macros = "".join(f.macro() for f in functions)
        yield f"redis/diesel/redis_{name}.h", HEADER.format(
            about=lines, upper=name.upper(),
            functions="".join(f.header() for f in functions),
            macros=MACROS.format(macros=macros) if macros else "")
        yield f"redis/commands/{name}.c", SOURCE.format(
            about=lines, group=name,
            functions="".join(f.source() for f in functions)).rstrip("\n") + "\n"
