# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""Discs are put into drives and taken out on the Hardware page, on real QEMU. Runs beside script/lib/private-libvirt.sh."""

import os
import re
import shutil
import subprocess

import kvmm_ui
from kvmm_ui import Atspi, Failure, has_state, text_of, wait

if "KVMM_LIBVIRT_URI" not in os.environ:
    kvmm_ui.skip_all("there is no private libvirt (script/lib/private-libvirt.sh)")
if not shutil.which("virsh") or not shutil.which("qemu-system-x86_64"):
    kvmm_ui.skip_all("virsh or qemu-system-x86_64 is not installed")

URI = os.environ["KVMM_LIBVIRT_URI"]
NAME = "discs"

MACHINE = """<domain type='qemu'><name>discs</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='pc'>hvm</type></os><features><acpi/></features><devices>
<disk type='file' device='cdrom'><target dev='hdc' bus='ide'/><readonly/></disk>
<disk type='file' device='floppy'><target dev='fda' bus='fdc'/></disk>
</devices></domain>"""


def virsh(*arguments):
    done = subprocess.run(["virsh", "-q", "-c", URI, *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"virsh {arguments}: {done.stderr}")
    return done.stdout


def stored():
    return virsh("dumpxml", "--inactive", NAME)


def live():
    return virsh("dumpxml", NAME)


def wait_matches(read, pattern, what):
    wait(lambda: re.search(pattern, read(), re.S), f"{what}: {pattern}")


def clean():
    if NAME in virsh("list", "--name").split():
        virsh("destroy", NAME)
    if NAME in virsh("list", "--all", "--name").split():
        virsh("undefine", NAME)
    if "images" in virsh("pool-list", "--name").split():
        virsh("pool-destroy", "images")


def make_disc(path):
    """An ISO 9660 without files: what a guest would call an empty disc."""
    image = bytearray(64 * 1024)
    image[32768:32775] = b"\x01CD001\x01"
    image[32768 + 40 : 32768 + 72] = b"TEST".ljust(32)
    with open(path, "wb") as file:
        file.write(image)


def open_hardware(flow, start=False, settings=""):
    clean()
    path = f"{flow.folder}/discs.xml"
    with open(path, "w", encoding="utf-8") as file:
        file.write(MACHINE)
    virsh("define", path)
    if start:
        # Paused: firmware that looks for something to boot resets IDE drives.
        virsh("start", "--paused", NAME)
    home = f"{flow.folder}/home"
    keyfile = f"{home}/config/glib-2.0/settings/keyfile"
    os.makedirs(os.path.dirname(keyfile), exist_ok=True)
    with open(keyfile, "w", encoding="utf-8") as file:
        file.write(f"[org/kvmmanager/KvmManager]\n{settings}")
    app = flow.start("--connect", URI, home=home)
    app.wait_names([NAME])
    app.select(NAME)
    app.key("Return")
    window = app.wait_window(NAME)
    app.key("alt+5")
    return app, window


def choose_device(app, window, title):
    app.wait_for("list item", title, window)
    devices = app.find("list", "^Devices$", window)
    names = [text_of(device) for device in devices.children()]
    devices.select_child(next(i for i, name in enumerate(names) if re.search(title, name)))


def insert(app, window):
    app.press_button("^_Insert Disc", window)
    dialog = app.wait_window("Insert Disc")
    wait(lambda: app.nodes("text", "^Path of the Image$", dialog), "the path")
    return dialog


def set_path(app, dialog, path):
    app.set_text(app.find("text", "^Path of the Image$", dialog), path)
    button = app.find("push button", "^_Insert( Insert)?$", dialog)
    wait(lambda: has_state(button, Atspi.StateType.SENSITIVE), "Insert")
    app.press(button)


def a_running_machine_takes_a_disc_and_gives_it_back(flow):
    disc = f"{flow.folder}/one & two.iso"
    make_disc(disc)
    app, window = open_hardware(flow, start=True)
    choose_device(app, window, "hdc")
    app.wait_for("push button", "^_Insert Disc", window)
    if app.has("push button", "^E_ject", window):
        raise Failure("an empty drive can be ejected")
    dialog = insert(app, window)
    app.wait_for("label", "^CD drive hdc, empty$", dialog)
    app.shot("disc-insert")
    set_path(app, dialog, disc)
    wait(lambda: not app.window("Insert Disc"), "the window gone")
    wait_matches(live, r"one &amp; two\.iso", "the running machine")
    wait_matches(stored, r"one &amp; two\.iso", "the stored definition")
    app.focus(NAME)
    app.wait_for("push button", "^E_ject", window)
    app.shot("disc-inserted")
    app.press_button("^E_ject", window)
    wait(lambda: "one &amp; two" not in live() + stored(), "an empty drive")
    app.wait_gone("push button", "^E_ject", window)


def an_image_of_a_pool_is_chosen(flow):
    folder = f"{flow.folder}/images"
    os.makedirs(folder)
    make_disc(f"{folder}/debian.iso")
    make_disc(f"{folder}/fedora.iso")
    make_disc(f"{folder}/not-a-disc.qcow2")
    app, window = open_hardware(flow)
    virsh("pool-create-as", "images", "dir", "--target", folder)
    choose_device(app, window, "hdc")
    dialog = insert(app, window)
    app.wait_for("list item", "^debian.iso", dialog)
    images = app.find("list", "^Images in Storage Pools$", dialog)
    names = [text_of(row) for row in images.children()]
    if len([name for name in names if "not-a-disc" in name]) > 0:
        raise Failure(f"a disk is offered as a disc: {names}")
    app.wait_for("label", "^images, 64 KiB$", dialog)
    images.select_child(next(i for i, name in enumerate(names) if name.startswith("fedora.iso")))
    path = app.find("text", "^Path of the Image$", dialog)
    wait(lambda: text_of(path) == f"{folder}/fedora.iso" or path.get_text() == f"{folder}/fedora.iso", "the path of the image")
    app.shot("disc-pool")
    app.press_button("^_Insert( Insert)?$", dialog)
    wait(lambda: not app.window("Insert Disc"), "the window gone")
    wait_matches(stored, r"fedora\.iso", "the stored definition")


def a_file_that_is_not_there_is_told(flow):
    app, window = open_hardware(flow, start=True)
    choose_device(app, window, "hdc")
    dialog = insert(app, window)
    set_path(app, dialog, f"{flow.folder}/none.iso")
    app.wait_for("label", "^There is no file “.*none.iso”", dialog)
    app.shot("disc-missing")
    if "none.iso" in live() + stored():
        raise Failure("it was inserted all the same")
    # What was written is still there, to be mended.
    make_disc(f"{flow.folder}/none.iso")
    app.press_button("^_Insert( Insert)?$", dialog)
    wait(lambda: not app.window("Insert Disc"), "the window gone")
    wait_matches(live, r"none\.iso", "the running machine")


def the_menu_asks_for_the_drive(flow):
    disc = f"{flow.folder}/boot.img"
    make_disc(disc)
    app, window = open_hardware(flow, settings="color-scheme='dark'\n")
    app.press_button("^Menu$|^Main Menu$|^Machine Menu$", window)
    app.press_button("^_?Insert Disc", window)
    dialog = app.wait_window("Insert Disc")
    drive = app.find("combo box", "^Drive$", dialog)
    app.tab_to(drive)
    app.key("space")
    wait(lambda: app.nodes("label", "^Floppy drive fda, empty$", drive), "the floppy drive to choose")
    app.key("End")
    app.key("Return")
    app.shot("disc-drive-dark")
    set_path(app, dialog, disc)
    wait(lambda: not app.window("Insert Disc"), "the window gone")
    wait_matches(stored, r"device='floppy'>.*boot\.img.*fda", "the floppy drive")


def a_title_and_a_description_are_given(flow):
    app, window = open_hardware(flow, start=True)
    app.press_button("^Menu$", window)
    app.press_button("^Title, Tags and _?Description", window)
    title = app.find("text", "^Title$")
    app.set_text(title, "All <the> discs")
    app.set_text(app.find("text", "^Description$"), "One line\nand another")
    app.set_text(app.find("text", "^Tags,"), "web, behind the <wall>,, web")
    app.shot("describe")
    app.press_button("^_Save")
    for read in (live, stored):
        wait_matches(read, "<title>All &lt;the&gt; discs</title>", "the title")
        wait_matches(read, "<description>One line\nand another</description>", "the description")
        wait_matches(read, r"tag>web</\w+:tag>\s*<\w+:tag>behind the &lt;wall&gt;</\w+:tag>\s*</", "the tags")
    app.focus("KVM Manager")
    app.key("ctrl+f")
    app.type("wall")
    app.wait_names(["discs"])


if __name__ == "__main__":
    try:
        kvmm_ui.run(
            [
                a_running_machine_takes_a_disc_and_gives_it_back,
                an_image_of_a_pool_is_chosen,
                a_file_that_is_not_there_is_told,
                the_menu_asks_for_the_drive,
                a_title_and_a_description_are_given,
            ]
        )
    finally:
        clean()
