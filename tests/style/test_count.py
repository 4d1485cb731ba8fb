#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""The sum that script/test ends with, and which programs that failed it tries again."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).parents[2] / "script/lib/count-tests.py"


def run(*arguments):
    return subprocess.run([sys.executable, "-B", SCRIPT, *arguments], stdout=subprocess.PIPE, text=True, check=True).stdout


class CountTest(unittest.TestCase):
    def setUp(self):
        # pylint: disable=consider-using-with
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def log(self, name, *tests):
        path = pathlib.Path(self.folder.name) / name
        path.write_text("".join(json.dumps(dict(zip(("name", "result", "stdout", "stderr"), test))) + "\n" for test in tests),
                        encoding="utf-8")
        return path

    def test_sum(self):
        log = self.log("log", ("p:unit / a", "OK", "1..3\nok 1\nok 2 # SKIP why\n    not ok 1 inner\nok 3\n", ""),
                       ("p:unit / b", "FAIL", "ok 1\nnot ok 2\nnot ok 3 # TODO later\n", ""),
                       ("p:unit / died", "ERROR", "ok 1\n", "Aborted"), ("p:style / c", "OK", "no TAP", ""),
                       ("p:style / d", "SKIP", "", ""))
        self.assertEqual(run(log), "6 2 2\n")
        self.assertEqual(run(pathlib.Path(self.folder.name) / "none"), "0 0 0\n")

    def test_the_second_try_counts(self):
        first = self.log("first", ("p:ui / a", "FAIL", "ok 1\nnot ok 2\n", ""), ("p:ui / b", "OK", "ok 1\n", ""))
        second = self.log("second", ("p:ui / a", "OK", "ok 1\nok 2\n", ""))
        self.assertEqual(run(first, second), "3 0 0\n")
        self.assertEqual(run(second, first), "2 1 0\n")

    def test_who_is_tried_again(self):
        log = self.log("log", ("p:ui / window", "FAIL", "", ""), ("p:unit / busy", "FAIL", "", ""), ("p:guest / fine", "OK", "", ""),
                       ("p:cli+emulated / clone", "TIMEOUT", "", ""), ("p:model / m", "ERROR", "", ""),
                       ("p:ui / memory", "ERROR", "", "==1==ERROR: AddressSanitizer: heap-use-after-free"),
                       ("p:console / leak", "ERROR", "==1==ERROR: LeakSanitizer: detected", ""),
                       ("p:remote / undefined", "ERROR", "", "a.c:1:2: runtime error: shift"))
        self.assertEqual(run("--again", log).split(), ["window", "clone"])


if __name__ == "__main__":
    unittest.main()
