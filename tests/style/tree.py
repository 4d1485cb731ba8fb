# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""The files of the project, and what every check has in common."""

import functools
import os
import pathlib
import subprocess


class Skip(Exception):
    """The check cannot run here; the text says why."""


class Tree:
    """The tracked files below a root, or all files of a tree without git."""

    def __init__(self, root):
        self.root = pathlib.Path(root).resolve()
        self.problems = []

    @functools.cached_property
    def files(self):
        command = ["git", "-c", "safe.directory=*", "-C", str(self.root), "ls-files", "-z"]
        if (self.root / ".git").exists():
            try:
                out = subprocess.run(command, check=True, capture_output=True).stdout
                names = out.decode().split("\0")
                return sorted(n for n in names if n and (self.root / n).is_file())
            except (OSError, subprocess.CalledProcessError):
                pass
        return sorted(self._walk())

    def _walk(self):
        for folder, folders, names in os.walk(self.root):
            # A build folder inside the tree holds generated sources.
            if "meson-private" in folders or "meson-info" in folders:
                folders[:] = []
                continue
            folders[:] = [f for f in folders if not f.startswith(".")]
            for name in names:
                yield str((pathlib.Path(folder) / name).relative_to(self.root))

    def find(self, *endings, under=""):
        return [f for f in self.files if f.endswith(endings) and f.startswith(under)]

    @functools.lru_cache(maxsize=None)
    def read(self, name):
        return (self.root / name).read_text(encoding="utf-8", errors="replace")

    def lines(self, name):
        return self.read(name).split("\n")

    def problem(self, name, line, text):
        """Remembers what is wrong, where an editor can jump to it."""
        self.problems.append(f"{name}:{line}: {text}")
