# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""Who may include whom: the table of the layers."""

import re

# A layer may include itself and what stands before it.
LAYERS = ["util", "xml", "virt", "agent", "model", "console", "ui", "cli", "app"]

# Though they stand before it: the command line has no window.
FORBIDDEN = {"cli": {"console", "ui"}}

MAIN = "src/main.c"

# Headers of libraries → the layers that may know the library. What is not listed is free for all.
LIBRARIES = [
    (r"libvirt/", {"virt", MAIN}, "libvirt"),
    (r"libxml/", {"xml"}, "libxml2"),
    (r"json-glib/", {"agent", "cli"}, "json-glib"),
    (r"(gtk|gdk|gsk|pango|graphene|gtksourceview|vte)([/-]|\.h)", {"console", "ui", "app"}, "GTK"),
    (r"adwaita\.h|adw[-/]", {"console", "ui", "app"}, "libadwaita"),
    (r"(gvnc|spice|libspice)", {"console"}, "the display protocols"),
]

# The agent in the guest stands on nothing but the C library.
GUEST_FORBIDDEN = re.compile(r"(glib|gio|gobject|json-glib|libvirt|libxml|gtk)")

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


def includes(tree, name):
    for number, line in enumerate(tree.lines(name), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match[1] == '"', match[2]


def check_layer(tree, name, layer, number, header):
    folder, slash, _ = header.partition("/")
    if not slash or folder not in LAYERS or layer == MAIN:
        return
    if LAYERS.index(folder) > LAYERS.index(layer):
        tree.problem(name, number, f"{layer} stands above {folder} and may not include {header}")
    elif folder in FORBIDDEN.get(layer, ()):
        tree.problem(name, number, f"{layer} may not include {header}: it must work without {folder}")


def check_library(tree, name, layer, number, header):
    for pattern, allowed, library in LIBRARIES:
        if re.match(pattern, header) and layer not in allowed:
            where = ", ".join(sorted(f if f.startswith("src/") else f"src/{f}" for f in allowed))
            tree.problem(name, number, f"<{header}>: only {where} may use {library}")


def check_source(tree, name, layer):
    found = list(includes(tree, name))
    if name.endswith(".c") and (not found or found[0][2] != "config.h"):
        tree.problem(name, found[0][0] if found else 1, 'the first include must be "config.h"')
    for number, is_quoted, header in found:
        if not is_quoted:
            check_library(tree, name, layer, number, header)
            continue
        check_layer(tree, name, layer, number, header)
        if header.startswith("protocol/") and layer != "agent":
            tree.problem(name, number, f"only src/agent may include {header}")
        if ".." in header:
            tree.problem(name, number, f"{header}: include from src/, not by a relative path")


def check(tree):
    for name in tree.find(".c", ".h", under="src/"):
        parts = name.split("/")
        if name == MAIN or (len(parts) > 2 and parts[1] in LAYERS):
            check_source(tree, name, MAIN if name == MAIN else parts[1])
        else:
            tree.problem(name, 1, "stands in no layer: " + ", ".join(LAYERS))
    for name in tree.find(".c", ".h", under="guest-agent/"):
        for number, is_quoted, header in includes(tree, name):
            if GUEST_FORBIDDEN.match(header) or header.split("/")[0] in LAYERS:
                tree.problem(name, number, f"{header}: the guest's side stands on the C library alone")
    return "includes follow the layers"
