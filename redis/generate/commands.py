#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the typed commands, their tables in the manual, the table of all commands.

    commands.py            writes the files
    commands.py --check    says which files are not what would be written

commands.json says what the server knows (see snapshot.py), functions.txt which
functions there shall be and what they reply; words.py knows how C calls it.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import functions  # noqa: E402
import pages  # noqa: E402
import snapshot  # noqa: E402
import table  # noqa: E402

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def files():
    """The path and the text of each generated file."""
    commands = snapshot.load()
    yield "redis/command_table.c", table.write(commands)
    yield from functions.files(commands)
    yield from pages.files(commands)


def is_stale(path, text):
    try:
        with open(os.path.join(TOP, path), encoding="utf-8") as file:
            return file.read() != text
    except FileNotFoundError:
        return True


def main():
    stale = [(path, text) for path, text in files() if is_stale(path, text)]
    for path, text in stale:
        print(path)
        if "--check" not in sys.argv:
            with open(os.path.join(TOP, path), "w", encoding="utf-8") as file:
                file.write(text)
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
