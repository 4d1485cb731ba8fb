# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""The console page on real machines: QEMU with nothing but its firmware, under a private libvirtd."""

import contextlib
import os
import shutil
import subprocess

import kvmm_ui
from kvmm_ui import Atspi, Failure, Skip, has_state, wait

if "KVMM_LIBVIRT_URI" not in os.environ:
    kvmm_ui.skip_all("there is no private libvirt (script/lib/private-libvirt.sh)")
try:
    import libvirt
except ImportError as error:
    kvmm_ui.skip_all(f"python3-libvirt is not installed: {error}")
if not shutil.which("qemu-system-x86_64"):
    kvmm_ui.skip_all("qemu-system-x86_64 is not installed")

URI = os.environ["KVMM_LIBVIRT_URI"]
libvirt.registerErrorHandler(lambda *_: None, None)

VNC = "<graphics type='vnc' {}><listen type='none'/></graphics>"
SPICE = "<graphics type='spice'><listen type='none'/></graphics>"
TABLET = "<input type='tablet' bus='usb'/>"


def control(word):
    with open(os.environ["KVMM_LIBVIRT_CONTROL"], "w", encoding="ascii") as pipe:
        pipe.write(word + "\n")


def connect():
    """libvirtd may just have been started."""

    def try_it():
        try:
            return libvirt.open(URI)
        except libvirt.libvirtError:
            return None

    return wait(try_it, "libvirt")


class Machine:
    """A machine that has no disk: its firmware says so on the screen, and reboots on a key."""

    def __init__(self, name="screen", devices=VNC.format("") + TABLET, start=True,
                 video="<model type='vga'/>"):
        self.name = name
        connection = connect()
        domain = connection.defineXML(
            f"<domain type='qemu'><name>{name}</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>"
            "<os><type arch='x86_64' machine='pc'>hvm</type><boot dev='hd'/></os><features><acpi/></features>"
            f"<devices><video>{video}</video>{devices}</devices></domain>"
        )
        if start:
            domain.create()
        connection.close()

    def call(self, function):
        connection = connect()
        try:
            return function(connection.lookupByName(self.name))
        finally:
            connection.close()

    def monitor(self, command):
        import libvirt_qemu

        return self.call(lambda domain: libvirt_qemu.qemuMonitorCommand(domain, command, 1))

    def remove(self):
        def remove(domain):
            if domain.isActive():
                domain.destroy()
            domain.undefine()

        try:
            self.call(remove)
        except libvirt.libvirtError:
            pass


def machine(flow, *arguments, **options):
    """A machine that goes with the flow."""
    made = Machine(*arguments, **options)
    flow.machines_made = getattr(flow, "machines_made", []) + [made]
    return made


def with_machines(function):
    """A flow whose machines are removed after it."""

    def flow(context):
        try:
            function(context)
        except Failure:
            # Before its machines go, which would be what is to be seen.
            for app in context.apps:
                app.shot(f"failed-{context.name}-machine")
            raise
        finally:
            for made in getattr(context, "machines_made", []):
                made.remove()

    flow.__name__ = function.__name__
    return flow


def open_console(flow, name="screen", env=None, home=None):
    app = flow.start("--connect", URI, env=env, home=home)
    wait(lambda: name in app.names(), f"{name} in the list")
    app.select(name)
    app.key("Return")
    window = app.wait_window(name)
    app.key("alt+1")
    wait(lambda: is_selected(app, window, "Console"), "the page Console")
    return app, window


def is_selected(app, window, title):
    return any(has_state(tab, Atspi.StateType.SELECTED) for tab in app.nodes("page tab", f"^{title}$", window))


def shows(app, name, window):
    """Whether a text is on the screen: what is not is hidden from assistive technologies too."""
    return app.has("label", name, window)


def wait_shown(app, name, window):
    app.wait_for("label", name, window)


def picture_of(app, node):
    """How many colours the middle of a node has on the screen: a picture that is blank has one."""
    x, y, width, height = node.extents()
    crop = f"{width}x{height}+{x}+{y}"
    picture = subprocess.run(["import", "-window", "root", "-crop", crop, "png:-"], capture_output=True, check=False)
    count = subprocess.run(
        ["identify", "-format", "%k", "png:-"], input=picture.stdout, capture_output=True, check=False
    )
    return int(count.stdout or 0)


def wait_picture(app, window, name="screen"):
    """The widget is there when the connection is; text of the firmware comes a little later."""
    node = app.find(None, f"^Screen of {name}$", window)
    wait(lambda: picture_of(app, node) > 1, "a picture that is not blank")
    return node


@with_machines
def shows_the_screen_of_the_firmware(flow):
    machine(flow)
    app, window = open_console(flow)
    wait_picture(app, window)
    app.shot("console-bios")


@with_machines
def says_that_it_is_off_and_starts(flow):
    machine(flow, start=False)
    app, window = open_console(flow)
    wait_shown(app, "^“screen” Does Not Run$", window)
    app.shot("console-off")
    app.press(app.nodes("push button", "^_?Start$", window)[-1])
    wait_picture(app, window)


@with_machines
def stopping_shows_that_it_is_off(flow):
    made = machine(flow)
    app, window = open_console(flow)
    wait_picture(app, window)
    made.call(lambda domain: domain.destroy())
    wait_shown(app, "^“screen” Does Not Run$", window)
    made.call(lambda domain: domain.create())
    wait_picture(app, window)


def wait_focused(app, window, name="screen"):
    """The keyboard is in the picture."""
    wait_shown(app, "keys go to the guest|Keys go to the guest", window)


@with_machines
def shortcuts_of_the_program_are_the_guests(flow):
    """That the keys arrive is proven with a server of the tests' own (tests/console)."""
    machine(flow)
    app, window = open_console(flow)
    wait_picture(app, window)
    wait_focused(app, window)
    for key in ("ctrl+w", "F10", "ctrl+f", "alt+2"):
        app.key(key)
    wait_focused(app, window)
    if app.window("screen") is None or not is_selected(app, window, "Console"):
        raise Failure("the program took a key of the guest")


@with_machines
def keys_can_be_sent_from_the_menu(flow):
    machine(flow)
    app, window = open_console(flow)
    wait_picture(app, window)
    wait_focused(app, window)
    app.press(app.nodes("push button", "^Send Keys$", window)[-1])
    app.find("menu item", r"^Ctrl\+Alt\+Delete$", window)
    app.shot("console-send-keys")
    app.press_button(r"^Ctrl\+Alt\+Delete$", window)
    if app.has("label", "could not be sent"):
        raise Failure("it was not sent")


@with_machines
def text_that_cannot_be_typed_is_named(flow):
    machine(flow)
    app, window = open_console(flow)
    wait_picture(app, window)
    wait_focused(app, window)
    app.press(app.nodes("push button", "^Send Keys$", window)[-1])
    app.press_button("^_?Type Text…$", window)
    dialog = app.wait_window("Type Text")
    text = app.find("text", "^Text to type$", dialog)
    app.set_text(text, "a☃")
    app.wait_for("label", "^Not on this keyboard: ☃", dialog)
    app.shot("console-type-text")


@with_machines
def a_restart_keeps_the_screen(flow):
    made = machine(flow)
    app, window = open_console(flow)
    wait_picture(app, window)
    made.call(lambda domain: domain.reset())
    wait_picture(app, window)
    if shows(app, "Does Not Run|Cannot Be Shown", window):
        raise Failure("the screen went")


@with_machines
def outlives_the_end_of_libvirtd(flow):
    """The screen needs no libvirt once it is open; a new daemon finds the same machine."""
    machine(flow)
    app, window = open_console(flow)
    wait_picture(app, window)
    control("kill")
    try:
        wait_shown(app, "^The connection to .* is lost", window)
        wait_picture(app, window)
        app.shot("console-libvirt-lost")
    finally:
        control("start")
    wait(lambda: not shows(app, "^The connection to .* is lost", window), "the connection")
    wait_picture(app, window)


@with_machines
def has_a_window_of_its_own(flow):
    machine(flow)
    app, window = open_console(flow)
    wait_picture(app, window)
    app.press(app.nodes("push button", "^Console Menu$", window)[-1])
    app.press_button("Open in _?Own Window", window)
    other = app.wait_window("screen – Console")
    wait_picture(app, other)
    app.shot("console-window")
    wait_shown(app, "^In a Window of Its Own$", window)
    app.press(app.find("push button", "Bring It Back$", window))
    app.focus("screen")
    wait_picture(app, window)


@with_machines
def the_bar_adds_a_tablet(flow):
    made = machine(flow, devices=VNC.format(""))
    app, window = open_console(flow)
    wait_picture(app, window)
    wait_shown(app, "^The guest does not follow the pointer", window)
    app.shot("console-tablet")
    app.press(app.find("push button", "Add Tablet$", window))
    wait_shown(app, "^Tablet added$", window)
    for flags in (0, libvirt.VIR_DOMAIN_XML_INACTIVE):
        xml = made.call(lambda domain: domain.XMLDesc(flags))
        if xml.count("<input type='tablet' bus='usb'") != 1:
            raise Failure(f"there is no tablet, or more than one:\n{xml}")
    wait(lambda: not shows(app, "^The guest does not follow the pointer", window), "the bar goes")
    # The screen went on.
    wait_picture(app, window)


def open_screens(app, window):
    app.press(app.nodes("push button", "^Console Menu$", window)[-1])
    app.find(None, "Screens of the Guest$", window)


@with_machines
def a_further_screen_has_a_window_of_its_own(flow):
    made = machine(flow, devices=SPICE + TABLET, video="<model type='virtio' heads='2'/>")
    app, window = open_console(flow)
    wait_picture(app, window)
    open_screens(app, window)
    app.find(None, "^Screen 1$", window)
    app.shot("console-screens")
    app.press_button("^Screen 2$", window)
    other = app.wait_window("screen – Screen 2")
    # QEMU writes that the guest has not switched it on.
    node = app.find(None, "^Screen 2 of screen$", other)
    wait(lambda: picture_of(app, node) > 1, "a picture of the second screen")
    app.shot("console-screen-2")
    # Chosen once more it is closed, and the first one goes on.
    app.focus("screen")
    open_screens(app, window)
    app.press_button("^Screen 2$", window)
    wait(lambda: app.window("screen – Screen 2") is None, "the window is closed")
    wait_picture(app, window)
    # With the machine all go.
    open_screens(app, window)
    app.press_button("^Screen 2$", window)
    app.wait_window("screen – Screen 2")
    made.call(lambda domain: domain.destroy())
    wait(lambda: app.window("screen – Screen 2") is None, "the window goes with the machine")


@with_machines
def serial_lines_are_a_choice(flow):
    machine(flow, devices=VNC.format("") + "<serial type='pty'><target port='0'/></serial>")
    app, window = open_console(flow)
    wait_picture(app, window)
    app.press(app.nodes("push button", r"^Screen \(VNC\)$", window)[-1])
    app.press_button("^Serial Lines$", window)
    # The terminal itself has no role that could be asked for.
    app.wait_for("label", "^Serial 1: Connected$", window)
    app.shot("console-serial")


def run_x(*words):
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout


@contextlib.contextmanager
def window_manager():
    """Windows are placed, decorated and made full screen by somebody, as on a desktop."""
    for tool in ("openbox", "xprop"):
        if not shutil.which(tool):
            raise Skip(f"{tool} is not installed")
    # Without the settings of whoever runs this.
    process = subprocess.Popen(["openbox", "--sm-disable"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait(lambda: "window id" in run_x("xprop", "-root", "_NET_SUPPORTING_WM_CHECK"), "the window manager")
        yield
    finally:
        process.terminate()
        process.wait()


def geometry_of(title):
    """Place and size of the X window of that title; (0, 0, 0, 0) while there is none."""
    words = run_x("xdotool", "search", "--onlyvisible", "--name", f"^{title}$", "getwindowgeometry", "--shell")
    found = dict(line.split("=") for line in words.splitlines() if "=" in line)
    return tuple(int(found.get(name, 0)) for name in ("X", "Y", "WIDTH", "HEIGHT"))


def wait_at_rest(title):
    """Where it is once the window manager is done with it."""
    places = [None, None]

    def is_at_rest():
        places[:] = [places[1], geometry_of(title)]
        return places[0] == places[1] and places[1][2] > 0

    wait(is_at_rest, f"{title} at rest")
    return places[1]


def move_pointer(x, y):
    """Always a movement, also when the pointer is there."""
    subprocess.run(["xdotool", "mousemove", str(x), str(y + 3), "mousemove", str(x), str(y)], check=True)
    return False


@with_machines
def full_screen_under_a_window_manager(flow):
    machine(flow)
    with window_manager():
        app, window = open_console(flow)
        app.find(None, "^Screen of screen$", window)
        before = wait_at_rest("screen")
        leave = ("push button", "^Leave Full Screen$", window)
        if app.has(*leave) or before[2:] == (1280, 1024):
            raise Failure("it is in full screen already")
        # The keys that give the keyboard back to the program, whose F11 it is then.
        wait_focused(app, window)
        run_x("xdotool", "keydown", "Control_L", "keydown", "Alt_L", "keyup", "Alt_L", "keyup", "Control_L")
        wait(lambda: not shows(app, "keys go to the guest|Keys go to the guest", window), "the keyboard is given back")
        app.key("F11")
        wait(lambda: geometry_of("screen") == (0, 0, 1280, 1024), "the window covers the screen")
        wait_picture(app, window)
        app.wait_gone("push button", "^Console Menu$", window)
        # The bar comes when the pointer touches the upper edge, and goes when it is elsewhere.
        for name in ("bar", "bar-again"):
            wait(lambda: app.has(*leave) or move_pointer(640, 0), "the bar shows")
            app.shot(f"console-full-screen-{name}")
            wait(lambda: not app.has(*leave) or move_pointer(640, 600), "the bar hides")
        app.shot("console-full-screen")
        wait(lambda: app.has(*leave) or move_pointer(640, 0), "the bar shows")
        app.press(app.find(*leave))
        wait(lambda: geometry_of("screen") == before, f"the window as it was: {before}")
        app.wait_for("push button", "^Console Menu$", window)
        app.find(None, "^Screen of screen$", window)


if __name__ == "__main__":
    kvmm_ui.run(
        [
            shows_the_screen_of_the_firmware,
            says_that_it_is_off_and_starts,
            stopping_shows_that_it_is_off,
            shortcuts_of_the_program_are_the_guests,
            keys_can_be_sent_from_the_menu,
            text_that_cannot_be_typed_is_named,
            a_restart_keeps_the_screen,
            outlives_the_end_of_libvirtd,
            has_a_window_of_its_own,
            the_bar_adds_a_tablet,
            a_further_screen_has_a_window_of_its_own,
            serial_lines_are_a_choice,
            full_screen_under_a_window_manager,
        ]
    )
