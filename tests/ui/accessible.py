# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""What a program shows of itself on the accessibility bus, read many objects at a time.

libatspi asks one thing of one object and waits for the answer: four calls for each of some 500 objects, for each look
at a window. Here the calls for a whole level of the tree are on their way at once. Nothing is remembered: each method
of a Node asks anew.

Format: AT-SPI 2, https://gitlab.gnome.org/GNOME/at-spi2-core/-/tree/main/xml
"""

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, Gio, GLib  # noqa: E402  (Atspi for its names of roles and states alone)

A11Y = "org.a11y.atspi."
NULL = "/org/a11y/atspi/null"
DEADLINE_MS = 60_000
# As deep as a window can be; whatever is deeper is a circle.
DEEPEST = 60


class Bus:
    """The accessibility bus of this session."""

    def __init__(self):
        session = Gio.bus_get_sync(Gio.BusType.SESSION)
        (address,) = session.call_sync(
            "org.a11y.Bus", "/org/a11y/bus", "org.a11y.Bus", "GetAddress", None, None, Gio.DBusCallFlags.NONE, -1
        ).unpack()
        self.connection = Gio.DBusConnection.new_for_address_sync(
            address,
            Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION,
            None,
            None,
        )

    def gather(self, calls):
        """The answers to (owner, path, interface, method, arguments) each, as tuples; None where there was none."""
        answers = [None] * len(calls)
        left = [len(calls)]

        def done(connection, result, index):
            try:
                answers[index] = connection.call_finish(result).unpack()
            except GLib.Error:
                pass  # the object has just gone, or does not know the call
            left[0] -= 1

        for index, (owner, path, interface, method, arguments) in enumerate(calls):
            self.connection.call(
                owner, path, interface, method, arguments, None, Gio.DBusCallFlags.NONE, DEADLINE_MS, None, done, index
            )
        while left[0]:
            GLib.MainContext.default().iteration(True)
        return answers

    def call(self, owner, path, interface, method, arguments=None):
        """The answer to one call. Raises GLib.Error."""
        return self.connection.call_sync(
            owner, path, interface, method, arguments, None, Gio.DBusCallFlags.NONE, DEADLINE_MS
        ).unpack()


BUS = Bus()


def applications():
    """(process id, Node) of every program there."""
    registry = Node(("org.a11y.atspi.Registry", "/org/a11y/atspi/accessible/root"))
    found = registry.children()
    answers = BUS.gather(
        [
            (
                "org.freedesktop.DBus",
                "/org/freedesktop/DBus",
                "org.freedesktop.DBus",
                "GetConnectionUnixProcessID",
                GLib.Variant("(s)", (node.owner,)),
            )
            for node in found
        ]
    )
    return [(answer[0], node) for answer, node in zip(answers, found) if answer]


def _is_visible(states):
    return bool(states[0] >> int(Atspi.StateType.VISIBLE) & 1)


class Node:
    """One accessible object."""

    def __init__(self, reference):
        self.owner, self.path = reference

    def __eq__(self, other):
        return (self.owner, self.path) == (other.owner, other.path)

    def __hash__(self):
        return hash((self.owner, self.path))

    def question(self, interface, method, arguments=None):
        return (self.owner, self.path, A11Y + interface, method, arguments)

    def property_question(self, interface, name):
        return (
            self.owner,
            self.path,
            "org.freedesktop.DBus.Properties",
            "Get",
            GLib.Variant("(ss)", (A11Y + interface, name)),
        )

    def call(self, interface, method, arguments=None):
        return BUS.call(*self.question(interface, method, arguments))

    def get_name(self):
        return BUS.call(*self.property_question("Accessible", "Name"))[0]

    def get_role_name(self):
        return Atspi.role_get_name(Atspi.Role(self.call("Accessible", "GetRole")[0]))

    def has_state(self, state):
        (states,) = self.call("Accessible", "GetState")
        return bool(states[int(state) // 32] >> (int(state) % 32) & 1)

    def children(self):
        """All of them, whether visible or not."""
        return [Node(child) for child in self.call("Accessible", "GetChildren")[0] if child[1] != NULL]

    def visible_children(self):
        found = self.children()
        states = BUS.gather([child.question("Accessible", "GetState") for child in found])
        return [child for child, answer in zip(found, states) if answer and _is_visible(answer[0])]

    def n_actions(self):
        try:
            return BUS.call(*self.property_question("Action", "NActions"))[0]
        except GLib.Error:
            return 0  # the object has none

    def do_action(self, index):
        self.call("Action", "DoAction", GLib.Variant("(i)", (index,)))

    def extents(self):
        """x, y, width, height in the window, in pixels."""
        return self.call("Component", "GetExtents", GLib.Variant("(u)", (int(Atspi.CoordType.WINDOW),)))[0]

    def set_text(self, text):
        return self.call("EditableText", "SetTextContents", GLib.Variant("(s)", (text,)))[0]

    def select_child(self, index):
        return self.call("Selection", "SelectChild", GLib.Variant("(i)", (index,)))[0]


def texts_of(nodes):
    """What each says: (text, else the name; the name)."""
    names = BUS.gather([node.property_question("Accessible", "Name") for node in nodes])
    counts = BUS.gather([node.property_question("Text", "CharacterCount") for node in nodes])
    texts = [None] * len(nodes)
    asked = [index for index, count in enumerate(counts) if count and count[0] > 0]
    answers = BUS.gather(
        [nodes[i].question("Text", "GetText", GLib.Variant("(ii)", (0, counts[i][0]))) for i in asked]
    )
    for index, answer in zip(asked, answers):
        texts[index] = answer[0] if answer else None
    names = [name[0] if name else "" for name in names]
    return [(text or name, name) for text, name in zip(texts, names)]


class Branch:
    """A node as it was at one moment: its role, its states and its visible children."""

    def __init__(self, node):
        self.node = node
        self.role = ""
        self.states = [0, 0]
        self.branches = []

    def walk(self, depth=0):
        """(branch, depth) of all below and this, from top to bottom."""
        yield self, depth
        for branch in self.branches:
            yield from branch.walk(depth + 1)

    def has_state(self, state):
        return bool(self.states[int(state) // 32] >> (int(state) % 32) & 1)


def look(tops, whole=False):
    """The visible tree below each of tops. Not the rows of a big list, but of one that is itself a top, or if whole."""
    trees = [Branch(top) for top in tops]
    level = [(tree, None) for tree in trees]
    for depth in range(DEEPEST):
        if not level:
            break
        answers = BUS.gather(
            [
                branch.node.question("Accessible", method)
                for branch, _ in level
                for method in ("GetRole", "GetState", "GetChildren")
            ]
        )
        below = []
        for index, (branch, parent) in enumerate(level):
            role, states, found = answers[3 * index : 3 * index + 3]
            if not role or not states or (parent is not None and not _is_visible(states[0])):
                continue
            branch.role = Atspi.role_get_name(Atspi.Role(role[0]))
            branch.states = states[0]
            if parent is not None:
                parent.branches.append(branch)
            if found and (whole or depth == 0 or branch.role != "tree table"):
                below += [(Branch(Node(child)), branch) for child in found[0] if child[1] != NULL]
        level = below
    return trees
