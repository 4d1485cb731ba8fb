# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""Layout files: well-formed, listed as resources, and in step with the classes that use them.

GTK 4.8 cannot validate the template of a class it does not know, so for those this compares the file with
the source; other files go through gtk4-builder-tool when there is a display.
"""

import os
import posixpath
import re
import subprocess
import xml.sax

DEFINE = re.compile(r"G_DEFINE_(?:FINAL_|ABSTRACT_)?TYPE(?:_WITH_CODE|_WITH_PRIVATE|_EXTENDED)?\s*\(\s*(\w+)")
CHILD = re.compile(r"bind_template_child(?:_private|_internal|_internal_private)?\s*\(\s*\w+,\s*\w+,\s*(\w+)")
CHILD_FULL = re.compile(r'bind_template_child_full\s*\(\s*\w+,\s*"([^"]+)"')
CALLBACK = re.compile(r"bind_template_callback\s*\(\s*\w+,\s*(\w+)")
CALLBACK_FULL = re.compile(r'bind_template_callback_full\s*\(\s*\w+,\s*"([^"]+)"')
BY_NAME = re.compile(r'gtk_builder_get_object\s*\(\s*[^,]+,\s*"([^"]+)"')
REFERENCES = ("bind-source", "object", "target", "ref", "source")


def types_of(tree):
    names = set()
    for name in tree.find(".c", under="src/"):
        names.update(DEFINE.findall(tree.read(name)))
    return names


def sources_of(tree, name):
    """The .c files that know this layout: named like it, split off from that, or naming it."""
    stem = name[: -len(".ui")]
    base = posixpath.basename(name)
    folder = posixpath.dirname(name) + "/"
    for source in tree.find(".c", under=folder):
        if source == stem + ".c" or source.startswith(stem + "-") or base in tree.read(source):
            yield source


class Layout(xml.sax.ContentHandler):
    """What one .ui file names, the templates of list items inside it included."""

    def __init__(self, tree, name, text, first_line=1):
        super().__init__()
        self.tree, self.name, self.first_line = tree, name, first_line
        self.template, self.is_good = None, True
        self.ids, self.handlers, self.classes, self.references = {}, {}, {}, set()
        self.text, self.bytes_line = "", None
        try:
            xml.sax.parseString(text.encode(), self)
        except xml.sax.SAXParseException as error:
            tree.problem(name, self.line(error), f"not well-formed: {error.getMessage()}")
            self.is_good = False

    def line(self, locator=None):
        return self.first_line - 1 + ((locator or self._locator).getLineNumber() or 1)

    def startElement(self, tag, attributes):
        line = self.line()
        self.text = ""
        self.bytes_line = line if tag == "property" and attributes.get("name") == "bytes" else None
        if tag == "template":
            self.template = self.template or attributes.get("class")
        for key in ("class", "type", "parent"):
            if key in attributes and tag in ("template", "object", "lookup", "closure"):
                self.classes.setdefault(attributes[key], line)
        if "id" in attributes:
            self.ids.setdefault(attributes["id"], line)
        if tag == "signal" and "handler" in attributes:
            self.handlers.setdefault(attributes["handler"], line)
        if tag == "closure" and "function" in attributes:
            self.handlers.setdefault(attributes["function"], line)
        self.references.update(attributes[key] for key in REFERENCES if key in attributes)

    def characters(self, content):
        self.text += content

    def endElement(self, tag):
        text = self.text.strip()
        blank_lines = self.text[: len(self.text) - len(self.text.lstrip())].count("\n")
        self.text = ""
        if self.bytes_line is not None and text.startswith("<"):
            nested = Layout(self.tree, self.name, text, self.bytes_line + blank_lines)
            self.is_good = self.is_good and nested.is_good
            self.handlers.update(nested.handlers)
            self.classes.update(nested.classes)
        else:
            self.references.add(text)
        self.bytes_line = None


def check_bindings(tree, layout):
    """Both ways: what the layout names is bound, and what is bound is in the layout."""
    sources = list(sources_of(tree, layout.name))
    own = layout.name[: -len(".ui")] + ".c"
    base = posixpath.basename(layout.name)
    if not sources:
        tree.problem(layout.name, 1, "no .c file uses this layout")
        return
    text = "\n".join(tree.read(s) for s in sources)
    callbacks = set(CALLBACK.findall(text)) | set(CALLBACK_FULL.findall(text))
    words = set(re.findall(r"[\w-]+", text))

    for handler, line in layout.handlers.items():
        if handler not in callbacks and not is_exported(tree, handler):
            tree.problem(layout.name, line, f"handler {handler} is bound in none of {', '.join(sources)}")
    for identifier, line in layout.ids.items():
        if identifier not in words and identifier not in layout.references:
            tree.problem(layout.name, line, f"id {identifier} is used neither in {sources[0]} nor here")
    for number, text in enumerate(tree.lines(own), 1) if own in sources else ():
        if text.lstrip().startswith("#"):
            continue
        for child in CHILD.findall(text) + CHILD_FULL.findall(text):
            if child not in layout.ids:
                tree.problem(own, number, f"binds {child}, which {base} does not have")
        for callback in CALLBACK.findall(text) + CALLBACK_FULL.findall(text):
            if callback not in layout.handlers:
                tree.problem(own, number, f"binds {callback}, which {base} never calls")


def is_exported(tree, function):
    """A closure of a list item may also be a function that the whole program can see."""
    header = re.compile(rf"\b{re.escape(function)} \(")
    return any(header.search(tree.read(n)) for n in tree.find(".h", under="src/"))


def check_resources(tree, layouts):
    listed = set()
    for name in tree.find(".gresource.xml"):
        folder = posixpath.dirname(name)
        for file in re.findall(r"<file[^>]*>([^<]+)</file>", tree.read(name)):
            listed.add(posixpath.join(folder, file))
            if not (tree.root / folder / file).exists():
                tree.problem(name, 1, f"lists {file}, which does not exist")
    for name in layouts:
        if name not in listed:
            tree.problem(name, 1, "no .gresource.xml lists this file")


def validate(tree, name):
    """Runs GTK's own check; what it knows nothing about is not its business."""
    try:
        result = subprocess.run(["gtk4-builder-tool", "validate", str(tree.root / name)],
                                capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"# {name}: not validated: {error}")
        return
    if result.returncode != 0:
        tree.problem(name, 1, f"gtk4-builder-tool: {result.stderr.strip() or result.stdout.strip()}")


def check(tree):
    types = types_of(tree)
    names = tree.find(".ui", under="src/")
    has_display = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    for name in names:
        layout = Layout(tree, name, tree.read(name))
        if not layout.is_good:
            continue
        for cls, line in layout.classes.items():
            if cls.startswith("Kvmm") and cls not in types:
                tree.problem(name, line, f"class {cls} is defined in no source")
        if layout.template:
            check_bindings(tree, layout)
        elif has_display and not any(c.startswith("Kvmm") for c in layout.classes):
            validate(tree, name)
        else:
            reason = "it uses classes of this program" if has_display else "there is no display"
            print(f"# {name}: gtk4-builder-tool skipped, {reason}")
    check_resources(tree, names)
    return f"{len(names)} layouts fit their classes"
