#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""usage: check.py ROOT CHECK…
       check.py --fix ROOT     writes po/POTFILES.in anew

Exit status: 0 good, 1 with one line for each problem, 77 when a check cannot run here.
"""

import sys

import check_docs
import check_format
import check_includes
import check_text
import check_ui
from tree import Skip, Tree

CHECKS = {
    "includes": check_includes.check,
    "format": check_format.check,
    "ui": check_ui.check,
    "size": check_text.check_size,
    "license": check_text.check_license,
    "words": check_text.check_words,
    "potfiles": check_text.check_potfiles,
    "icons": check_text.check_icons,
    "troubleshooting": check_docs.check_troubleshooting,
}


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "--fix":
        print(check_text.fix_potfiles(Tree(arguments[1])))
        return 0
    if len(arguments) < 2 or any(name not in CHECKS for name in arguments[1:]):
        print(f"{__doc__}Checks: {' '.join(CHECKS)}", file=sys.stderr)
        return 2
    tree = Tree(arguments[0])
    for name in arguments[1:]:
        try:
            summary = CHECKS[name](tree)
        except Skip as reason:
            print(f"skipped: {reason}")
            return 77
        if tree.problems:
            print("\n".join(tree.problems))
            print(f"{name}: {len(tree.problems)} problems")
            return 1
        print(f"{name}: {summary}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
