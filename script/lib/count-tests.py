#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""Counts the cases in Meson's testlog.json: prints the numbers of passed, failed and skipped ones."""

import json
import re
import sys

BAD = {"FAIL", "ERROR", "TIMEOUT", "INTERRUPT", "UNEXPECTEDPASS"}
# Of the outermost level only: the cases of a subtest are summed up by its own line.
CASE = re.compile(r"^(not )?ok\b(.*)$")
SKIP = re.compile(r"#\s*skip", re.IGNORECASE)
TODO = re.compile(r"#\s*todo", re.IGNORECASE)


def count(test):
    """The (passed, failed, skipped) of one test program."""
    passed = failed = skipped = 0
    for line in (test.get("stdout") or "").splitlines():
        match = CASE.match(line)
        if not match:
            continue
        if SKIP.search(match[2]):
            skipped += 1
        elif match[1] and not TODO.search(match[2]):
            failed += 1
        else:
            passed += 1
    if passed + failed + skipped == 0:
        skipped = test["result"] == "SKIP"
        passed = test["result"] in ("OK", "EXPECTEDFAIL")
    # A program that died has failed, however many cases it had passed by then.
    if test["result"] in BAD and failed == 0:
        failed = 1
    return passed, failed, skipped


def main():
    sums = (0, 0, 0)
    try:
        with open(sys.argv[1], encoding="utf-8", errors="replace") as log:
            for line in log:
                sums = tuple(map(sum, zip(sums, count(json.loads(line)))))
    except FileNotFoundError:
        pass
    print(*map(int, sums))


if __name__ == "__main__":
    main()
