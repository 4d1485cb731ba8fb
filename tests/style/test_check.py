#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""A check that cannot fail proves nothing: each is shown a good tree, then one that breaks its rule."""

import contextlib
import io
import pathlib
import tempfile
import unittest

import check
import check_format
import check_text
from tree import Skip

HEAD = "/* SPDX-License-Identifier: MIT */\n/* Copyright (c) 2026 KVM Manager contributors */\n\n"
SOURCE = HEAD + '#include "config.h"\n\n#include "ui/kvmm-pane.h"\n\nG_DEFINE_FINAL_TYPE (KvmmPane, kvmm_pane, T)\n'
CLASS_INIT = """
static void
kvmm_pane_class_init (KvmmPaneClass *klass)
{
  gtk_widget_class_set_template_from_resource (widget_class, "/ui/kvmm-pane.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmPane, entry);
  gtk_widget_class_bind_template_callback (widget_class, entry_changed_cb);
}
"""
LAYOUT = """<?xml version="1.0" encoding="UTF-8"?>
<!-- SPDX-License-Identifier: MIT -->
<interface>
  <template class="KvmmPane" parent="AdwBin">
    <child>
      <object class="GtkEntry" id="entry">
        <property name="tooltip-text" translatable="yes">Name</property>
        <signal name="changed" handler="entry_changed_cb"/>
      </object>
    </child>
  </template>
</interface>
"""

GOOD = {
    ".clang-format": (pathlib.Path(__file__).parents[2] / ".clang-format").read_text(),
    "src/main.c": HEAD + '#include "config.h"\n\n#include <libvirt/libvirt.h>\n\n#include "app/kvmm-application.h"\n',
    "src/util/kvmm-text.c": HEAD + '#include "config.h"\n\n#include <glib.h>\n\n#include "util/kvmm-text.h"\n',
    "src/ui/kvmm-pane.h": HEAD + "#pragma once\n\n#include <gtk/gtk.h>\n\n#include \"util/kvmm-text.h\"\n",
    "src/ui/kvmm-pane.c": SOURCE + CLASS_INIT,
    "src/ui/kvmm-pane.ui": LAYOUT,
    "src/ui/kvmm.gresource.xml": "<gresources><gresource><file>kvmm-pane.ui</file></gresource></gresources>\n",
    "guest-agent/daemon/kvma-main.c": HEAD + '#include <stdio.h>\n\n#include "protocol/kvma-frame.h"\n',
    "po/POTFILES.in": "# files\nsrc/ui/kvmm-pane.ui\n",
}


class CheckTest(unittest.TestCase):
    def run_check(self, name, changes):
        with tempfile.TemporaryDirectory() as folder:
            for path, text in {**GOOD, **changes}.items():
                file = pathlib.Path(folder) / path
                if text is None:
                    continue
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                status = check.main([folder, name])
            return status, out.getvalue()

    def assert_fails(self, name, changes, expected):
        status, out = self.run_check(name, changes)
        self.assertEqual(status, 1, out)
        self.assertIn(expected, out)

    def include(self, path, *headers):
        first = '#include "config.h"\n' if path.startswith("src/") else ""
        return {path: HEAD + first + "".join(f"#include {h}\n" for h in headers)}

    def test_good_tree_passes(self):
        for name in check.CHECKS:
            with self.subTest(name):
                status, out = self.run_check(name, {})
                self.assertIn(status, (0, 77), out)

    def test_usage(self):
        with contextlib.redirect_stderr(io.StringIO()):
            self.assertEqual(check.main(["."]), 2)
            self.assertEqual(check.main([".", "unheard-of"]), 2)

    def test_upward_include(self):
        for low, high in (("util", "xml"), ("virt", "model"), ("agent", "ui"), ("model", "app")):
            changes = self.include(f"src/{low}/a.c", f'"{high}/kvmm-b.h"')
            self.assert_fails("includes", changes, f"{low} stands above {high}")

    def test_command_line_without_window(self):
        self.assert_fails("includes", self.include("src/cli/a.c", '"ui/kvmm-b.h"'), "without ui")

    def test_library_in_the_wrong_layer(self):
        for layer, header in (
            ("model", "<libvirt/libvirt.h>"),
            ("virt", "<libxml/tree.h>"),
            ("model", "<json-glib/json-glib.h>"),
            ("cli", "<gtk/gtk.h>"),
            ("model", "<gdk/gdk.h>"),
            ("cli", "<adwaita.h>"),
            ("ui", "<libvirt/libvirt.h>"),
        ):
            self.assert_fails("includes", self.include(f"src/{layer}/a.c", header), header)

    def test_config_comes_first(self):
        self.assert_fails("includes", {"src/util/a.c": HEAD + "#include <glib.h>\n"}, "config.h")
        self.assert_fails("includes", {"src/util/a.c": HEAD}, "config.h")

    def test_source_outside_a_layer(self):
        self.assert_fails("includes", self.include("src/misc/a.c"), "stands in no layer")

    def test_relative_include(self):
        self.assert_fails("includes", self.include("src/xml/a.c", '"../util/b.h"'), "relative path")

    def test_protocol_is_for_the_agent(self):
        self.assert_fails("includes", self.include("src/ui/a.c", '"protocol/b.h"'), "src/agent")

    def test_guest_stands_alone(self):
        for header in ("<glib.h>", '"util/kvmm-lane.h"', "<libvirt/libvirt.h>"):
            self.assert_fails("includes", self.include("guest-agent/daemon/a.c", header), "guest's side")

    def test_format(self):
        try:
            check_format.find_formatter()
        except Skip as reason:
            self.skipTest(str(reason))
        self.assert_fails("format", {"src/util/a.c": HEAD + "int  a ;\n"}, "src/util/a.c:")

    def test_layout_not_well_formed(self):
        self.assert_fails("ui", {"src/ui/kvmm-pane.ui": LAYOUT.replace("</child>", "")}, "not well-formed")

    def test_nested_template_not_well_formed(self):
        nested = '<property name="bytes"><![CDATA[\n<interface>\n<object></interface>]]></property><child>'
        self.assert_fails("ui", {"src/ui/kvmm-pane.ui": LAYOUT.replace("<child>", nested)}, "kvmm-pane.ui:7")

    def test_unknown_class(self):
        changes = {"src/ui/kvmm-pane.ui": LAYOUT.replace("GtkEntry", "KvmmEntry")}
        self.assert_fails("ui", changes, "kvmm-pane.ui:6: class KvmmEntry is defined in no source")

    def test_unknown_template_class(self):
        self.assert_fails("ui", {"src/ui/kvmm-pane.ui": LAYOUT.replace("KvmmPane", "KvmmPanes")}, "KvmmPanes")

    def test_unbound_handler(self):
        changes = {"src/ui/kvmm-pane.ui": LAYOUT.replace("entry_changed_cb", "entry_edited_cb")}
        self.assert_fails("ui", changes, "handler entry_edited_cb")
        self.assert_fails("ui", changes, "binds entry_changed_cb")

    def test_unused_id(self):
        changes = {"src/ui/kvmm-pane.ui": LAYOUT.replace('id="entry"', 'id="name_entry"')}
        self.assert_fails("ui", changes, "id name_entry")
        self.assert_fails("ui", changes, "binds entry")

    def test_layout_without_source(self):
        changes = {"src/ui/kvmm-pane.c": None, "src/ui/kvmm-other.c": SOURCE}
        self.assert_fails("ui", changes, "no .c file uses this layout")

    def test_layout_not_listed(self):
        self.assert_fails("ui", {"src/ui/kvmm.gresource.xml": "<gresources/>"}, "no .gresource.xml")
        extra = GOOD["src/ui/kvmm.gresource.xml"].replace("</file>", "</file><file>gone.ui</file>")
        self.assert_fails("ui", {"src/ui/kvmm.gresource.xml": extra}, "lists gone.ui")

    def test_long_file(self):
        at_limit = "\n" * check_text.MAX_FILE_LINES
        self.assertEqual(self.run_check("size", {"src/util/a.c": at_limit})[0], 0)
        self.assert_fails("size", {"src/util/a.c": at_limit + "\n"}, "longer than")

    def test_long_function(self):
        def function(lines):
            return "int\nf (void)\n{\n" + "  g ();\n" * lines + "}\n"

        limit = check_text.MAX_FUNCTION_LINES
        self.assertEqual(self.run_check("size", {"src/util/a.c": function(limit)})[0], 0)
        self.assert_fails("size", {"src/util/a.c": function(limit + 1)}, f"{limit + 1} lines")

    def test_license(self):
        self.assert_fails("license", {"src/util/a.c": "int a;\n"}, "no SPDX line")
        self.assert_fails("license", {"src/ui/a.ui": "<interface/>\n"}, "no SPDX line")
        self.assert_fails("license", {"src/util/a.c": "/* SPDX-License-Identifier: MIT */\n"}, "no copyright")

    def test_words(self):
        self.assert_fails("words", {"src/util/a.c": HEAD + "/* FIX" + "ME later */\n"}, "a.c:4: FIX" + "ME")

    def test_potfiles_missing(self):
        for text in ('f (_ ("a"));', 'g (ngettext ("a", "b", n));', 'x = { N_ ("a") };', 'C_ ("a", "b");'):
            self.assert_fails("potfiles", {"src/util/a.c": HEAD + text + "\n"}, "src/util/a.c:1")
        self.assert_fails("potfiles", {"po/POTFILES.in": ""}, "src/ui/kvmm-pane.ui:1")
        self.assert_fails("potfiles", {"data/a.desktop.in": "[Desktop Entry]\nName=A\n"}, "data/a.desktop.in")

    def test_potfiles_dead(self):
        entries = GOOD["po/POTFILES.in"]
        self.assert_fails("potfiles", {"po/POTFILES.in": entries + "src/ui/gone.c\n"}, "does not exist")
        self.assert_fails("potfiles", {"po/POTFILES.in": entries * 2}, "twice")
        self.assert_fails("potfiles", {"po/POTFILES.in": entries + "src/main.c\n"}, "nothing to translate")

    def test_icons(self):
        status, out = self.run_check("icons", {})
        if status == 77:
            self.skipTest(out.strip())
        changes = {"src/ui/kvmm-pane.c": SOURCE + CLASS_INIT + 'char *a = "no-such-picture-symbolic";\n'}
        self.assert_fails("icons", changes, "no-such-picture-symbolic")

    def test_troubleshooting(self):
        page = "**“No drive of “MACHINE” holds it.”**\n: Insert it.\n"
        source = {"src/util/a.c": HEAD + 'f (_ ("No drive of “%s” "\n      "holds it."));\n'}
        status, out = self.run_check("troubleshooting", {"docs/troubleshooting.md": page, **source})
        self.assertEqual(status, 0, out)
        self.assertIn("1 quoted", out)
        for other in (page.replace("holds it", "has it"), page.replace("No drive of “MACHINE”", "“MACHINE” No drive of")):
            self.assert_fails("troubleshooting", {"docs/troubleshooting.md": other, **source}, "troubleshooting.md:1")


if __name__ == "__main__":
    unittest.main()
