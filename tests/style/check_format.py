# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""clang-format decides, version 14: another one formats otherwise."""

import concurrent.futures
import os
import re
import subprocess

from tree import Skip

VERSION = "14"


def find_formatter():
    seen = []
    for command in (os.environ.get("CLANG_FORMAT"), f"clang-format-{VERSION}", "clang-format"):
        if not command:
            continue
        try:
            out = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        match = re.search(r"version (\d+)", out.stdout)
        if match and match[1] == VERSION:
            return command
        seen.append(out.stdout.strip())
    found = f" (found: {', '.join(seen)})" if seen else ""
    raise Skip(f"clang-format {VERSION} is not installed{found}")


def run(arguments):
    return subprocess.run(arguments, capture_output=True, text=True, check=False).stderr


def check(tree):
    command = find_formatter()
    names = tree.find(".c", ".h")
    jobs = os.cpu_count() or 1
    parts = [names[i::jobs] for i in range(jobs)]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        base = [command, "--dry-run", "-Werror", "--ferror-limit=1", "--style=file"]
        runs = [pool.submit(run, base + [str(tree.root / n) for n in part]) for part in parts if part]
        text = "\n".join(r.result() for r in runs)
    seen = set()
    for match in re.finditer(r"^(.+?):(\d+):\d+: error: ", text, re.M):
        name = os.path.relpath(match[1], tree.root)
        if name not in seen:
            seen.add(name)
            tree.problem(name, match[2], f"not as {command} writes it; run: {command} -i {name}")
    if text.strip() and not seen:
        tree.problem(".clang-format", 1, text.strip())
    return f"{len(names)} files are formatted"
