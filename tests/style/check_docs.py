# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""What the documents say that the program says."""

import re

from tree import Skip

PAGE = "docs/troubleshooting.md"
STRING = r'"((?:[^"\\\n]|\\.)*)"'
# Strings that C joins, with nothing but white space between.
LITERAL = re.compile(STRING + r"(?:\s*" + STRING + r")*")
QUOTE = re.compile(r"\*\*(“.*?”)\*\*")
# A word in capitals stands for a name; so do the dots between two parts.
PLACEHOLDER = re.compile(r"\b[A-Z]+\b|…")
# Words in capitals that are no names.
WORDS = ("QEMU", "KVM", "CD", "KVMMANAGER_AGENT", "ISO")
SHORTEST = 3


def messages(tree):
    """Every string of the sources, as it is printed but for its formats."""
    found = []
    for name in tree.find(".c", under="src/"):
        for literal in LITERAL.finditer(tree.read(name)):
            text = "".join(re.findall(STRING, literal[0]))
            found.append(text.replace("\\n", " ").replace('\\"', '"'))
    return found


def parts(quote):
    """What stands between the names of a quoted message."""
    for word in WORDS:
        quote = quote.replace(word, word.lower())
    return [part.strip() for part in PLACEHOLDER.split(quote) if len(part.strip()) >= SHORTEST]


def says(message, wanted):
    """Whether the message has all the parts, in this order."""
    for word in WORDS:
        message = message.replace(word, word.lower())
    position = 0
    for part in wanted:
        position = message.find(part, position)
        if position < 0:
            return False
        position += len(part)
    return True


def check_troubleshooting(tree):
    if PAGE not in tree.files:
        raise Skip(f"there is no {PAGE}")
    known = messages(tree)
    count = 0
    for number, line in enumerate(tree.lines(PAGE), 1):
        for quote in QUOTE.findall(line):
            wanted = parts(quote[1:-1])
            if not wanted:
                continue
            count += 1
            if not any(says(message, wanted) for message in known):
                tree.problem(PAGE, number, f"the program does not say {quote}")
    return f"{count} quoted messages are the program's"
