#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""Counts the cases in Meson's testlog.json.

usage: count-tests.py LOG [SECOND-LOG]   prints the numbers of passed, failed and skipped cases; of a program that is
                                         in both logs the second counts
       count-tests.py --again LOG        prints the names of the programs that may have a second try
"""

import json
import re
import sys

BAD = {"FAIL", "ERROR", "TIMEOUT", "INTERRUPT", "UNEXPECTEDPASS"}
# Of the outermost level only: the cases of a subtest are summed up by its own line.
CASE = re.compile(r"^(not )?ok\b(.*)$")
SKIP = re.compile(r"#\s*skip", re.IGNORECASE)
TODO = re.compile(r"#\s*todo", re.IGNORECASE)

# What emulated machines and windows do depends on how busy the computer is; what the others do does not.
TRIED_AGAIN = {"guest", "emulated", "remote", "package", "console", "cli", "ui"}
# A fault of memory, or one that the compiler calls undefined, is one however seldom it shows.
NEVER_AGAIN = re.compile(r"ERROR: (Address|Leak|Thread)Sanitizer|runtime error: ")


def may_be_tried_again(test):
    suites, _, _ = test["name"].partition(" / ")
    suites = set(suites.partition(":")[2].split("+"))
    text = (test.get("stdout") or "") + (test.get("stderr") or "")
    return test["result"] in BAD and bool(suites & TRIED_AGAIN) and not NEVER_AGAIN.search(text)


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


def read(path):
    """The test programs of a log by name; none when there is no log."""
    try:
        with open(path, encoding="utf-8", errors="replace") as log:
            return {test["name"]: test for test in map(json.loads, log)}
    except FileNotFoundError:
        return {}


def main():
    if sys.argv[1] == "--again":
        for name, test in read(sys.argv[2]).items():
            if may_be_tried_again(test):
                print(name.rpartition(" / ")[2])
        return
    tests = {}
    for path in sys.argv[1:]:
        tests.update(read(path))
    print(*(sum(counts) for counts in zip((0, 0, 0), *map(count, tests.values()))))


if __name__ == "__main__":
    main()
