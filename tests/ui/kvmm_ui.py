# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""Drives the real program through AT-SPI and the keyboard, and speaks TAP.

A flow is a function that takes an App; the runner starts the program anew for each. Nothing here sleeps for a fixed
time: wait() polls a condition until a deadline, and a failed flow prints the tree of what was on screen and keeps a
picture of it.

Environment: KVMM_PROGRAM (the program), KVMM_UI_SHOTS (folder for pictures), KVMM_UI_PRELOAD (optional library that
ends the program when a blocking libvirt call is made on its main thread), GSETTINGS_SCHEMA_DIR.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

TIMEOUT = 60.0 * float(os.environ.get("MESON_TEST_TIMEOUT_MULTIPLIER", "1"))


# What can be pressed, what is likelier meant first.
BUTTONS = ("push button", "toggle button", "menu item", "page tab", "radio menu item", "check menu item")


def skip_all(reason):
    print(f"1..0 # SKIP {reason}")
    sys.exit(0)


try:
    import gi

    gi.require_version("Atspi", "2.0")
    from gi.repository import Atspi, GLib
except (ImportError, ValueError) as error:
    skip_all(f"python3-gi with Atspi is not installed: {error}")
for tool in ("Xvfb", "dbus-run-session", "xdotool", "import"):
    if not shutil.which(tool):
        skip_all(f"{tool} is not installed")


def run_in_session():
    """Runs this script again on a display, a session bus and an accessibility bus of its own.

    Not with xvfb-run -a, which can give two runs at once the same display; and in a home of its own, since the
    accessibility bus has its socket there.
    """
    home = tempfile.mkdtemp(prefix="kvmm-ui-session.")
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x1024x24", "-nolisten", "tcp", "-noreset"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as file:
            number = file.readline().strip()
        if not number:
            skip_all("Xvfb does not start")
        environment = dict(
            os.environ,
            DISPLAY=f":{number}",
            KVMM_UI_SESSION=home,
            HOME=home,
            XDG_RUNTIME_DIR=home,
            XDG_CACHE_HOME=f"{home}/cache",
            XDG_CONFIG_HOME=f"{home}/config",
            XDG_DATA_HOME=f"{home}/data",
        )
        for name in ("WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "NO_AT_BRIDGE", "AT_SPI_BUS_ADDRESS"):
            environment.pop(name, None)
        with subprocess.Popen(
            ["dbus-run-session", "--", sys.executable, *sys.argv],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            errors="replace",
        ) as session:
            for line in session.stdout:
                # The daemons of the session write there, too.
                is_tap = re.match(r"1\.\.|ok |not ok |#", line)
                print(line if is_tap else f"# {line}", end="", flush=True)
        return session.returncode
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(home, ignore_errors=True)


if "KVMM_UI_SESSION" not in os.environ:
    sys.exit(run_in_session())

# It needs the session's bus.
from accessible import applications, look, texts_of  # noqa: E402  pylint: disable=wrong-import-position


class Failure(Exception):
    """Something was not on screen in time."""


class Skip(Exception):
    """A flow needs what is not installed; the others do not."""


def wait(condition, what, timeout=None):
    """Polls until condition() is true and returns its value."""
    end = time.monotonic() + (timeout or TIMEOUT)
    while True:
        try:
            value = condition()
        except GLib.Error:
            value = None  # the object has just gone
        if value:
            return value
        if time.monotonic() > end:
            raise Failure(f"not in time: {what}")
        time.sleep(0.03)


def children(node):
    return node.visible_children()


def walk(node):
    """Every visible node below and including node. Not the rows of a big list: 200 rows of 15 nodes take seconds."""
    return [branch.node for tree in look([node]) for branch, _ in tree.walk()]


def text_of(node):
    """What a node says: its text, else its name."""
    return texts_of([node])[0][0]


def has_state(node, state):
    return node.has_state(state)


class App:
    """One run of the program in a home of its own."""

    def __init__(self, *arguments, home=None, env=None):
        self.home = home or tempfile.mkdtemp(prefix="kvmm-ui.")
        self.keep_home = home is not None
        os.makedirs(self.home, exist_ok=True)
        self.arguments = arguments
        self.log = open(os.path.join(self.home, "log"), "a+", encoding="utf-8")
        full = dict(os.environ)
        full.update(
            HOME=self.home,
            XDG_CONFIG_HOME=self.home + "/config",
            XDG_CACHE_HOME=self.home + "/cache",
            XDG_DATA_HOME=self.home + "/data",
            GSETTINGS_BACKEND="keyfile",
            GTK_A11Y="atspi",
            GSK_RENDERER="cairo",
            LC_ALL="C.UTF-8",
            G_DEBUG="fatal-criticals",
        )
        full.pop("NO_AT_BRIDGE", None)
        full.pop("WAYLAND_DISPLAY", None)
        full["ASAN_OPTIONS"] = "detect_leaks=0:abort_on_error=1"  # GTK's and fontconfig's are not ours
        if os.environ.get("KVMM_UI_PRELOAD"):
            full["LD_PRELOAD"] = os.environ["KVMM_UI_PRELOAD"]
        full.update(env or {})
        self.process = subprocess.Popen(
            [os.environ["KVMM_PROGRAM"], *arguments], env=full, stdout=self.log, stderr=self.log
        )
        try:
            self.root = wait(self._find_root, "the program in the accessibility registry")
            self.frame = wait(lambda: self.window("KVM Manager"), "the main window")
            self.focus("KVM Manager")
        except Failure:
            self.stop()
            raise

    def _find_root(self):
        if self.process.poll() is not None:
            raise Failure(f"the program ended with {self.process.returncode}:\n{self.read_log()}")
        for process, node in applications():
            if process == self.process.pid:
                return node
        return None

    def read_log(self):
        self.log.flush()
        with open(os.path.join(self.home, "log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self):
        """Ends the program; complains if it had crashed."""
        code = self.process.poll()
        if code is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(TIMEOUT)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        log = self.read_log()
        self.log.close()
        if not self.keep_home:
            shutil.rmtree(self.home, ignore_errors=True)
        if code is not None and code != 0:
            raise Failure(f"the program ended with {code}:\n{log}")

    # ---- looking

    def windows(self):
        return self.root.visible_children()

    def window(self, title):
        """The window of that title, or None."""
        windows = self.windows()
        for child, (_, name) in zip(windows, texts_of(windows)):
            if re.fullmatch(title, name):
                return child
        return None

    def branches(self, roles=None, name=None, root=None):
        """What is on screen in one of these roles, and whose text or name matches the regular expression."""
        trees = look([root] if root is not None else self.windows())
        found = [branch for tree in trees for branch, _ in tree.walk() if not roles or branch.role in roles]
        if name is None:
            return found
        texts = texts_of([branch.node for branch in found])
        return [branch for branch, both in zip(found, texts) if any(re.search(name, text) for text in both)]

    def nodes(self, role=None, name=None, root=None):
        """All nodes of a role whose text matches the regular expression name."""
        return [branch.node for branch in self.branches([role] if role else None, name, root)]

    def find(self, role, name, root=None):
        """Waits for the first such node."""
        return wait(lambda: (self.nodes(role, name, root) or [None])[0], f"{role} {name!r}")

    def has(self, role, name, root=None):
        return bool(self.nodes(role, name, root))

    def wait_for(self, role, name, root=None):
        wait(lambda: self.has(role, name, root), f"{role} {name!r}")

    def wait_gone(self, role, name, root=None):
        wait(lambda: not self.has(role, name, root), f"{role} {name!r} gone")

    def wait_window(self, title):
        window = wait(lambda: self.window(title), f"window {title!r}")
        self.focus(title)
        return window

    def wait_window_gone(self, title):
        wait(lambda: not self.window(title), f"window {title!r} gone")
        self.focus("KVM Manager")

    def row_nodes(self):
        tables = self.nodes("tree table", "^Virtual machines$", self.frame)
        lists = [n for n in children(tables[0]) if n.get_role_name() == "list"] if tables else []
        return list(children(lists[0])) if lists else []

    def rows(self):
        """The realized rows of the list of machines: lists of the cells' texts, top to bottom."""
        rows = [[b.node for b, _ in tree.walk() if b.role == "label"] for tree in look(self.row_nodes())]
        names = iter([name for _, name in texts_of([label for row in rows for label in row])])
        return [[next(names) for _ in row] for row in rows if row]

    def names(self):
        return [name.split(",")[0] for _, name in texts_of(self.row_nodes())]

    def state(self, name):
        for row in self.rows():
            if row[0] == name:
                return row[1]
        return None

    def wait_names(self, names):
        wait(lambda: self.names() == names, f"rows {names}, not {self.names()}")

    def wait_state(self, name, state):
        wait(lambda: self.state(name) == state, f"{name} {state}, not {self.state(name)}")

    def wait_sensitive(self, node, sensitive=True):
        wait(
            lambda: has_state(node, Atspi.StateType.SENSITIVE) == sensitive,
            f"{node.get_name()!r} {'' if sensitive else 'in'}sensitive",
        )

    # ---- doing

    def focus(self, title):
        """Gives a window the keyboard; there is no window manager to do it."""

        def try_it():
            out = subprocess.run(
                ["xdotool", "search", "--onlyvisible", "--name", f"^{title}$"],
                capture_output=True,
                text=True,
                check=False,
            ).stdout.split()
            if not out:
                return False
            return subprocess.run(["xdotool", "windowfocus", out[-1]], check=False).returncode == 0

        wait(try_it, f"X window {title!r}")
        wait(lambda: self.is_active(title), f"window {title!r} active")
        self.focused = title

    def is_active(self, title):
        """GTK 4.8 gives ACTIVE to windows, not to dialogs: the X server is asked."""
        out = subprocess.run(
            ["xdotool", "getwindowfocus", "getwindowname"], capture_output=True, text=True, check=False
        )
        return re.fullmatch(title, out.stdout.strip()) is not None

    def click(self, node, button=1):
        """A click of the mouse in the middle of a node; without a window manager all windows are at 0, 0."""
        boxes = [None, None]

        def is_at_rest():
            boxes[:] = [boxes[1], node.extents()]
            x, y, width, _ = boxes[1]
            return boxes[0] == boxes[1] and width > 0 and x >= 0 and y >= 0

        wait(is_at_rest, f"{node.get_name()!r} at rest")
        x, y, width, height = boxes[1]
        where = [str(x + width // 2), str(y + height // 2)]
        subprocess.run(["xdotool", "mousemove", *where, "click", str(button)], check=True)

    def tab_to(self, node):
        """Moves the focus there with the keyboard alone."""
        for _ in range(60):
            if has_state(node, Atspi.StateType.FOCUSED):
                return
            self.key("Tab")
        raise Failure(f"{node.get_name()!r} cannot be reached with Tab")

    def key(self, *keys):
        self.keep_focus()
        subprocess.run(["xdotool", "key", "--clearmodifiers", *keys], check=True)

    def keep_focus(self):
        """The X server takes the focus away when the window that had it goes."""
        if self.window(self.focused) is not None and not self.is_active(self.focused):
            self.focus(self.focused)

    def type(self, text):
        self.keep_focus()
        subprocess.run(["xdotool", "type", text], check=True)

    def press(self, node):
        """Does what a click does; a menu button leaves that to the button inside it."""
        for inner in walk(node):
            if inner.get_role_name() != "panel" and inner.n_actions() > 0:
                inner.do_action(0)
                return
        raise Failure(f"{node.get_name()!r} cannot be pressed")

    def press_button(self, name, root=None, index=0):
        """Presses the first such button; menus keep what is in all their submenus in the tree, hence index."""

        def find():
            branches = self.branches(BUTTONS, name, root)
            for role in BUTTONS:
                nodes = [branch.node for branch in branches if branch.role == role]
                if nodes:
                    return nodes[index]
            return None

        self.press(wait(find, f"button {name!r}"))

    def set_text(self, entry, text):
        if not entry.set_text(text):
            raise Failure(f"{entry.get_name()!r} takes no text")

    def select(self, name):
        """Selects one machine with the keyboard alone."""
        names = self.names()
        if name not in names:
            raise Failure(f"{name} is not in the list")
        wait(self.focused_row, "the focus in the list")
        self.key("Home")
        wait(lambda: self.focused_row() == names[0], f"the focus on {names[0]}")
        for _ in range(names.index(name)):
            self.key("Down")
        wait(lambda: self.focused_row() == name, f"focus on {name}, not {self.focused_row()}")

    def focused_row(self):
        for node in self.row_nodes():
            if has_state(node, Atspi.StateType.FOCUSED):
                return node.get_name().split(",")[0]
        return None

    def shot(self, name):
        folder = os.environ.get("KVMM_UI_SHOTS")
        if folder:
            os.makedirs(folder, exist_ok=True)
            subprocess.run(["import", "-window", "root", f"{folder}/{name}.png"], check=False)

    def dump(self):
        lines = []
        for tree in look(self.windows(), whole=True):
            branches = list(tree.walk())
            for (branch, depth), (text, _) in zip(branches, texts_of([branch.node for branch, _ in branches])):
                marks = "".join(
                    f" {word}"
                    for word, state in (("focused", Atspi.StateType.FOCUSED), ("active", Atspi.StateType.ACTIVE))
                    if branch.has_state(state)
                )
                if not branch.has_state(Atspi.StateType.SENSITIVE):
                    marks += " insensitive"
                lines.append(f"{'  ' * depth}{branch.role} {text!r}{marks}")
        return "\n".join(lines)


def write_machines(path, machines):
    """Writes a file for the test driver: (name, runs, MiB) each."""
    namespace = "http://libvirt.org/schemas/domain/test/1.0"
    with open(path, "w", encoding="utf-8") as file:
        file.write(
            "<node><cpu><mhz>3000</mhz><model>i986</model><active>4</active><nodes>1</nodes>"
            "<sockets>1</sockets><cores>4</cores><threads>1</threads></cpu><memory>16777216</memory>\n"
        )
        for i, (name, runs, mib) in enumerate(machines):
            off = "" if runs else "<test:runstate>5</test:runstate>"
            file.write(
                f"<domain type='test' xmlns:test='{namespace}'><name>{name}</name>"
                f"<uuid>b0000000-0000-0000-0000-{i:012x}</uuid><memory unit='MiB'>{mib}</memory>"
                f"<vcpu>2</vcpu><os><type arch='x86_64'>hvm</type></os>{off}</domain>\n"
            )
        file.write("</node>\n")


def run(flows):
    """Runs flows and prints TAP. A flow is (name, function); the function makes its own App with start()."""
    wanted = sys.argv[1:]
    flows = [f for f in flows if not wanted or f.__name__ in wanted]
    print(f"1..{len(flows)}", flush=True)
    failed = 0
    for number, flow in enumerate(flows, 1):
        name = flow.__name__.replace("_", "-")
        try:
            with Flow(name) as context:
                flow(context)
            print(f"ok {number} {name}", flush=True)
        except Skip as reason:
            print(f"ok {number} {name} # SKIP {reason}", flush=True)
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print(f"not ok {number} {name}", flush=True)
            # Of a case that fails Meson shows the error stream only.
            print(f"{name}: {traceback.format_exc()}", file=sys.stderr, flush=True)
    sys.exit(1 if failed else 0)


class Flow:
    """What one flow uses: programs that end with it, a folder that goes with it."""

    def __init__(self, name):
        self.name = name
        self.folder = tempfile.mkdtemp(prefix="kvmm-ui-flow.")
        self.apps = []

    def __enter__(self):
        return self

    def start(self, *arguments, **options):
        app = App(*arguments, **options)
        self.apps.append(app)
        return app

    def stop(self, app):
        self.apps.remove(app)
        app.stop()

    def machines(self, *machines):
        """A URI of the test driver with these machines: (name, runs, MiB)."""
        path = f"{self.folder}/machines.xml"
        write_machines(path, machines)
        return f"test:///{path}"

    def __exit__(self, kind, value, trace):
        if kind is not None:
            for app in self.apps:
                app.shot(f"failed-{self.name}")
                with contextlib.suppress(Exception):
                    print("# " + app.dump().replace("\n", "\n# "))
                with contextlib.suppress(Exception):
                    print("# " + app.read_log().replace("\n", "\n# "))
        error = None
        for app in self.apps:
            try:
                app.stop()
            except Failure as failure:
                error = failure
        shutil.rmtree(self.folder, ignore_errors=True)
        if error is not None and kind is None:
            raise error
        return False
