# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""Checks that need only the text of the files: size, licence, words, translations, icons."""

import pathlib
import re

from check_includes import LAYERS
from tree import Skip

MAX_FILE_LINES = 1000
MAX_FUNCTION_LINES = 100

LICENSED = (".c", ".h", ".py", ".sh", ".ui", ".css")
TRANSLATED = re.compile(r"(?<![\w\"])(?:_|N_|C_|NC_|Q_|ngettext|dngettext|g_dngettext|g_dpgettext2?) ?\(\s*\"")
TRANSLATED_UI = re.compile(r"translatable=['\"](yes|true|1)['\"]")
TRANSLATED_DATA = {
    ".desktop.in": re.compile(r"^(Name|Comment|Keywords|GenericName)=", re.M),
    ".metainfo.xml.in": re.compile(r"<summary>"),
    ".gschema.xml": re.compile(r"gettext-domain="),
    ".gschema.xml.in": re.compile(r"gettext-domain="),
}
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
ICON = re.compile(r'"([a-z0-9][a-z0-9+.-]*-symbolic)"')
ICON_UI = re.compile(r">([a-z0-9][a-z0-9+.-]*-symbolic)<")
THEMES = ("/usr/share/icons/Adwaita", "/usr/share/icons/hicolor")


def check_size(tree):
    names = tree.find(".c")
    for name in names:
        lines = tree.lines(name)
        if len(lines) - 1 > MAX_FILE_LINES:
            tree.problem(name, len(lines) - 1, f"longer than {MAX_FILE_LINES} lines; split it by noun")
        start = None
        for number, line in enumerate(lines, 1):
            if line == "{" and number > 1 and lines[number - 2].rstrip().endswith(")"):
                start = number
            elif line.startswith("}") and start is not None:
                if number - start - 1 > MAX_FUNCTION_LINES:
                    length = number - start - 1
                    tree.problem(name, start, f"a function of {length} lines; {MAX_FUNCTION_LINES} is the end")
                start = None
    return f"{len(names)} files are within {MAX_FILE_LINES} lines, functions within {MAX_FUNCTION_LINES}"


def check_license(tree):
    names = [n for n in tree.find(*LICENSED) if not n.endswith("__init__.py")]
    for name in names:
        head = tree.lines(name)[:4]
        if not any("SPDX-License-Identifier: MIT" in line for line in head):
            tree.problem(name, 1, "no SPDX line: SPDX-License-Identifier: MIT")
        elif name.endswith((".c", ".h")) and "Copyright (c)" not in "".join(head):
            tree.problem(name, 2, "no copyright line")
    return f"{len(names)} files name their licence"


def check_words(tree):
    names = tree.find(".c", ".h", ".ui", ".css", "meson.build")
    for name in names:
        for number, line in enumerate(tree.lines(name), 1):
            match = UNFINISHED.search(line)
            if match:
                tree.problem(name, number, f"{match[1]}: finish it, or write it down as an issue")
    return f"{len(names)} files are finished"


def wants_translation(tree, name):
    for ending, pattern in TRANSLATED_DATA.items():
        if name.endswith(ending):
            return bool(pattern.search(tree.read(name)))
    if name.startswith("src/") and name.endswith((".c", ".h")):
        return bool(TRANSLATED.search(tree.read(name)))
    return name.startswith("src/") and name.endswith(".ui") and bool(TRANSLATED_UI.search(tree.read(name)))


def check_potfiles(tree):
    listed = {}
    for number, line in enumerate(tree.lines("po/POTFILES.in"), 1):
        entry = line.strip()
        if not entry or entry.startswith("#"):
            continue
        if entry in listed:
            tree.problem("po/POTFILES.in", number, f"{entry} stands here twice")
        elif not (tree.root / entry).is_file():
            tree.problem("po/POTFILES.in", number, f"{entry} does not exist")
        listed[entry] = number
    for name in tree.files:
        if wants_translation(tree, name) and name not in listed:
            tree.problem(name, 1, "has text for people but is not in po/POTFILES.in")
    for entry, number in listed.items():
        if (tree.root / entry).is_file() and not wants_translation(tree, entry):
            tree.problem("po/POTFILES.in", number, f"{entry} has nothing to translate")
    return f"{len(listed)} files are translated"


def fix_potfiles(tree):
    """Writes po/POTFILES.in anew: every file with text for people, in the order of the layers."""
    layers = ["data", *(f"src/{layer}" for layer in LAYERS), "src"]

    def rank(name):
        folder = next(i for i, layer in enumerate(layers) if name.startswith(layer + "/"))
        return folder, name

    names = sorted((n for n in tree.files if wants_translation(tree, n)), key=rank)
    head = "# Files with text for people, in the order of the layers. Written by tests/style/check.py --fix.\n"
    (tree.root / "po/POTFILES.in").write_text(head + "".join(f"{n}\n" for n in names))
    return f"{len(names)} files are translated"


def check_icons(tree):
    """A name without a picture shows the broken-image icon, on no machine but the user's."""
    known = {pathlib.PurePath(n).stem for n in tree.find("-symbolic.svg")}
    themes = [pathlib.Path(t) for t in THEMES if pathlib.Path(t).is_dir()]
    if not any(t.name == "Adwaita" for t in themes):
        raise Skip("the Adwaita icon theme is not installed")
    for theme in themes:
        known.update(p.stem for p in theme.rglob("*-symbolic.svg"))
    count = 0
    for name in tree.find(".c", ".ui", under="src/"):
        pattern = ICON_UI if name.endswith(".ui") else ICON
        for number, line in enumerate(tree.lines(name), 1):
            for icon in pattern.findall(line):
                count += 1
                if icon not in known:
                    tree.problem(name, number, f"no theme has the icon {icon}")
    return f"{count} icon names have a picture"
