# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""What a machine has with its next start only, on its Hardware page. Runs beside script/lib/private-libvirt.sh, whose
QEMU keeps what runs and what is stored apart."""

import os
import subprocess

import kvmm_ui
from kvmm_ui import Atspi, Failure, has_state, wait

if "KVMM_LIBVIRT_URI" not in os.environ:
    kvmm_ui.skip_all("there is no private libvirt (script/lib/private-libvirt.sh)")

URI = os.environ["KVMM_LIBVIRT_URI"]
UUID = "b0000000-0000-0000-0000-000000000001"
GROUP = "^Pending Until Shutdown$"
CARD = "<interface type='{kind}'><mac address='52:54:00:00:00:01'/>{more}<model type='e1000'/></interface>"
WATCHDOG = "<watchdog model='i6300esb' action='reset'/>"


def virsh(*arguments, stdin=None):
    done = subprocess.run(["virsh", "-q", "-c", URI, *arguments], capture_output=True, text=True, check=False, input=stdin)
    if done.returncode != 0:
        raise Failure(f"virsh {arguments}: {done.stderr}")
    return done.stdout


def check(condition, what):
    if not condition:
        raise Failure(what)


def define(mib=64, vcpus=1, devices=""):
    virsh(
        "define",
        "/dev/stdin",
        stdin=f"<domain type='qemu'><name>web</name><uuid>{UUID}</uuid><memory unit='MiB'>{mib}</memory>"
        f"<vcpu>{vcpus}</vcpu><os><type arch='x86_64'>hvm</type></os><devices>{devices}</devices></domain>",
    )


def clean():
    for name in virsh("list", "--name").split():
        virsh("destroy", name)
    for name in virsh("list", "--all", "--name").split():
        virsh("undefine", name)


def begin(flow, settings="", **first):
    """The Hardware page of a machine that is there, but does not compute."""
    clean()
    define(**first)
    virsh("start", "--paused", "web")
    home = f"{flow.folder}/home"
    keyfile = f"{home}/config/glib-2.0/settings/keyfile"
    os.makedirs(os.path.dirname(keyfile), exist_ok=True)
    with open(keyfile, "w", encoding="utf-8") as file:
        file.write(f"[org/kvmmanager/KvmManager]\n{settings}")
    app = flow.start("--connect", URI, home=home)
    app.wait_names(["web"])
    app.wait_state("web", "Paused")
    app.select("web")
    app.key("Return")
    window = app.wait_window("web")
    app.key("alt+5")
    tab = app.find("page tab", "^Hardware$", window)
    wait(lambda: has_state(tab, Atspi.StateType.SELECTED), "the Hardware page")
    app.wait_for("list item", "^Processors", window)
    return app, window


def stored():
    return virsh("dumpxml", "--inactive", "web")


def pending():
    """As the command prints it."""
    command = [os.environ["KVMM_PROGRAM"], "--connect", URI, "pending", "web"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def changes_are_listed_and_discarded(flow):
    app, window = begin(flow)
    check(not app.has("label", GROUP, window) and not pending(), "something waits from the beginning")
    # The page hears of it from libvirt alone.
    define(mib=128, vcpus=3, devices=WATCHDOG)
    app.wait_for("label", GROUP, window)
    for row in ("^Processors: Processors$|^Processors: Maximum processors$", "^Memory: Maximum memory$", "^Watchdog"):
        app.wait_for("list item", row, window)
    app.wait_for("label", "^64 MiB → 128 MiB$", window)
    app.wait_for("label", "^1 → 3$", window)
    app.wait_for("label", "^Comes with the next start$", window)
    app.shot("pending")
    n_rows = len(pending())
    check(len(app.nodes("push button", "^Discard ", window)) == n_rows + 1, "a button for each, and one for all")
    app.press(app.find("push button", "^Discard Watchdog", window))
    app.wait_gone("label", "^Comes with the next start$", window)
    check("watchdog" not in stored() and "131072" in stored(), "only the watchdog goes")
    app.press(app.find("push button", "^Discard Processors: Maximum processors$", window))
    app.wait_gone("label", "^1 → 3$", window)
    check(">1</vcpu>" in stored(), "the processors are those of the machine that runs")
    app.press(app.find("push button", "^Discard _?All", window))
    app.wait_gone("label", GROUP, window)
    check("65536" in stored() and "131072" not in stored() and not pending(), f"something waits yet: {pending()}")
    check("131072" not in virsh("dumpxml", "web"), "the machine that runs is as it was")
    clean()


def what_cannot_be_discarded_is_told(flow):
    app, window = begin(flow, mib=64)
    define(mib=128)
    # What the machine has now would be less than its maximum.
    app.press(app.find("push button", "^Discard Memory: Maximum memory$", window))
    app.wait_for("status bar", "^The change could not be discarded: .*raise the maximum too$", window)
    app.shot("pending-refused")
    check("131072" in stored(), "the definition is as it was")
    wait(lambda: has_state(app.find("push button", "^Discard Memory: Maximum memory$", window), Atspi.StateType.SENSITIVE),
         "the button again")
    # When the machine stops, nothing waits any more.
    virsh("destroy", "web")
    app.wait_gone("label", GROUP, window)
    clean()


def is_readable_in_the_dark_and_narrow(flow):
    app, window = begin(flow, "color-scheme='dark'\n", devices=CARD.format(kind="user", more=""))
    define(mib=96, devices=WATCHDOG + CARD.format(kind="bridge", more="<source bridge='a-long-name-0'/>"))
    app.wait_for("list item", "^Network 52:54:00:00:00:01: Connection$", window)
    app.wait_for("label", "^user → bridge$", window)
    found = subprocess.run(["xdotool", "search", "--name", "^web$"], capture_output=True, text=True, check=True)
    subprocess.run(["xdotool", "windowsize", found.stdout.split()[-1], "360", "720"], check=True)
    wait(lambda: window.extents()[2] <= 372, "a window for a telephone")
    # Folded: what is behind the list is out of sight.
    wait(lambda: not any(has_state(node, Atspi.StateType.SHOWING) for node in app.nodes("push button", "^_?Edit", window)),
         "one pane alone")
    app.shot("pending-narrow-dark")
    # A card on no bridge cannot be defined field by field: all of it goes back at once.
    app.press(app.find("push button", "^Discard _?All", window))
    app.wait_gone("label", GROUP, window)
    check("bridge" not in stored() and "watchdog" not in stored(), stored())
    clean()


if __name__ == "__main__":
    kvmm_ui.run(
        [
            changes_are_listed_and_discarded,
            what_cannot_be_discarded_is_told,
            is_readable_in_the_dark_and_narrow,
        ]
    )
