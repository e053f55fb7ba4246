# SPDX-License-Identifier: MIT
"""The tables of calls in the manual's pages of the typed commands: the part below
"## Calls" of docs/redis_GROUP.md, up to the next heading. The rest of a page is
written by hand."""
import os
import re

import functions

TOP = os.path.dirname(os.path.dirname(functions.HERE))
GIVES = {"ok": "0", "ok?": "1 or 0", "flag": "1 or 0", "int": "0", "int?": "1 or 0",
         "double": "0", "double?": "1 or 0", "text": "0", "text?": "1 or 0",
         "list": "a reply", "list?": "a reply", "map": "a reply", "any": "a reply"}
HEAD = """## Calls

The client stands first and `diesel_error *err` last in each of them; options may be NULL. What is given, and how values and
lists of them are written, is told in [the typed commands](redis_commands.md).

| call | command, since | gives | |
| --- | --- | --- | --- |
"""


def name_of(parameter):
    """The last word, with & before what is written behind a pointer."""
    kind, name = re.fullmatch(r"(.*?)(\w+)", parameter).groups()
    is_output = kind.endswith("*") and not kind.startswith("const")
    return ("&" if is_output else "") + name


def row(function):
    names = [name_of(p) for p in function.parameters()[1:-1]]
    call = f"dredis_{function.name}({', '.join(names)})"
    doc = function.doc
    fields = [f"`{name}`" for _, name, _ in function.command.fields]
    if fields:
        doc += f" Options: {', '.join(fields)}."
    doc = doc.replace("|", "\\|")
    return (f"| `{call}` | {function.wire_name}, {function.info['since']} "
            f"| {GIVES[function.shape]} | {doc} |\n")


def files(commands):
    for name, _, members in functions.groups(commands):
        path = f"docs/redis_{name}.md"
        with open(os.path.join(TOP, path), encoding="utf-8") as file:
            before, rest = file.read().split("## Calls\n", 1)
        after = rest.partition("\n## ")
        yield path, (before + HEAD + "".join(row(f) for f in members) +
                     "".join(after[1:]))
