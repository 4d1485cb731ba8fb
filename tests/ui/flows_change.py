# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""What a person does to the definition of a machine: another name, deleting it and bringing it back."""

import errno
import os
import re
import subprocess

import kvmm_ui
from kvmm_ui import Atspi, Failure, has_state, wait

HOST = """<node>
<domain type='test' xmlns:test='{namespace}'><name>alpha</name>
  <uuid>b0000000-0000-0000-0000-000000000001</uuid><memory unit='MiB'>512</memory><os><type>hvm</type></os>
  <devices>
    <disk type='file' device='disk'><source file='/default-pool/root.img'/><target dev='vda' bus='virtio'/></disk>
    <disk type='file' device='disk'><source file='/srv/machines/a folder with a long name/data-of-the-server.qcow2'/>
      <target dev='vdb' bus='virtio'/></disk>
    <disk type='file' device='cdrom'><source file='/default-pool/tools.iso'/><target dev='sda' bus='sata'/><readonly/></disk>
  </devices><test:runstate>5</test:runstate></domain>
<domain type='test'><name>beta</name><uuid>b0000000-0000-0000-0000-000000000002</uuid><memory unit='MiB'>512</memory>
  <os><type>hvm</type></os></domain>
<pool type='dir'><name>default</name><target><path>/default-pool</path></target>
  <volume><name>root.img</name><capacity>1000000</capacity></volume>
  <volume><name>tools.iso</name><capacity>1000000</capacity></volume>
  <volume><name>gamma-vda.img</name><capacity>1000000</capacity></volume></pool>
</node>
"""


def check(condition, what):
    if not condition:
        raise Failure(what)


def start(flow, in_pools=False, more="", settings="", **options):
    """With a second disk of alpha that lies in no storage pool, unless told, and more devices; with settings in the
    program's keyfile."""
    path = f"{flow.folder}/host.xml"
    host = re.sub("<disk type='file' device='disk'><source file='/srv.*?</disk>", "", HOST, flags=re.S) if in_pools else HOST
    host = host.replace("</devices>", f"{more}</devices>", 1)
    with open(path, "w", encoding="utf-8") as file:
        file.write(host.format(namespace="http://libvirt.org/schemas/domain/test/1.0"))
    if settings:
        options["home"] = f"{flow.folder}/home"
        keyfile = f"{options['home']}/config/glib-2.0/settings/keyfile"
        os.makedirs(os.path.dirname(keyfile), exist_ok=True)
        with open(keyfile, "w", encoding="utf-8") as file:
            file.write(f"[org/kvmmanager/KvmManager]\n{settings}")
    app = flow.start("--connect", f"test:///{path}", **options)
    app.wait_names(["alpha", "beta"])
    return app


def a_machine_gets_another_name(flow):
    app = start(flow)
    app.select("alpha")
    app.key("F2")
    app.wait_for("label", "^Rename Virtual Machine$")
    entry = app.find("text", "Name")
    app.set_text(entry, "beta")
    app.wait_for("label", "^Another machine has this name$")
    check(not app.find("push button", "^_Rename").has_state(kvmm_ui.Atspi.StateType.SENSITIVE),
          "a name that is taken")
    app.shot("rename-taken")
    app.set_text(entry, "gamma")
    app.wait_gone("label", "^Another machine has this name$")
    app.shot("rename")
    app.press_button("^_Rename")
    app.wait_names(["beta", "gamma"])


def a_machine_that_runs_keeps_its_name(flow):
    app = start(flow)
    app.select("beta")
    app.key("F2")
    app.wait_for("label", "^Shut “beta” down first$")
    app.key("Menu")
    app.wait_for("push button", "^Delete…$")
    app.shot("menu-running")


def a_machine_is_deleted_and_comes_back(flow):
    app = start(flow)
    app.select("alpha")
    app.key("Delete")
    app.wait_for("label", "^Delete “alpha”")
    app.wait_for("label", "lies in no storage pool")
    app.wait_for("label", "only reads it")
    app.shot("delete")
    app.press_button("^_Cancel")
    app.wait_gone("label", "^Delete “alpha”")
    app.focus("KVM Manager")
    app.key("Delete")
    app.wait_for("label", "^Delete “alpha”")
    app.press_button("^_Delete")
    app.wait_names(["beta"])
    app.wait_for("label", "^“alpha” is deleted$")
    app.shot("deleted")
    app.press_button("Undo")
    app.wait_names(["alpha", "beta"])


def open_clone(app, name):
    """Returns the dialog, its field and its button."""
    app.select(name)
    app.key("Menu")
    app.press_button("^Clone…$")
    window = wait(lambda: app.window(f"Clone “{name}”"), "the dialog")
    app.wait_for("label", "^The network cards of the copy", window)
    return window, app.find("text", "^Name$", window), app.find("push button", "^C_?lone", window)


def a_machine_is_cloned(flow):
    app = start(flow, in_pools=True)
    window, entry, button = open_clone(app, "alpha")
    check(kvmm_ui.text_of(entry) == "alpha-clone", f"the name {kvmm_ui.text_of(entry)!r}")
    app.wait_for("label", "^To be copied, .*: default/root.img$", window)
    app.wait_for("label", "^Used by both machines: /default-pool/tools.iso$", window)
    app.wait_sensitive(button)
    app.shot("clone")
    app.set_text(entry, "beta")
    app.wait_for("label", "^Another machine has this name$", window)
    app.wait_sensitive(button, False)
    app.set_text(entry, "a/b")
    app.wait_for("label", "slash", window)
    app.wait_sensitive(button, False)
    app.shot("clone-bad-name")
    # A volume of that name belongs to somebody.
    app.set_text(entry, "gamma")
    app.wait_sensitive(button)
    app.press(button)
    app.wait_for("label", "gamma-vda.img", window)
    check(kvmm_ui.text_of(entry) == "gamma", "the name is lost")
    check(app.names() == ["alpha", "beta"], f"machines {app.names()}")
    app.shot("clone-failed")
    app.set_text(entry, "alpha-clone")
    app.wait_gone("label", "gamma-vda.img", window)
    app.press(button)
    app.wait_for("label", "^“alpha” is cloned as “alpha-clone”$")
    app.wait_names(["alpha", "alpha-clone", "beta"])
    app.shot("cloned")
    app.press_button("^_Open")
    app.wait_window("alpha-clone")
    app.focus("KVM Manager")
    # The next one has another name.
    window, entry, button = open_clone(app, "alpha")
    check(kvmm_ui.text_of(entry) == "alpha-clone-2", f"the name {kvmm_ui.text_of(entry)!r}")
    app.press_button("^_?Cancel", window)
    wait(lambda: app.window("Clone “alpha”") is None, "the dialog gone")


def choose(app, window, row, choice, downs):
    """In the row of a disk, by the keyboard alone."""
    app.focus("Clone “alpha”")
    app.wait_for("combo box", row, window)
    box = app.find("combo box", row, window)
    for _ in range(30):
        if any(has_state(node, Atspi.StateType.FOCUSED) for node in kvmm_ui.walk(box)):
            break
        app.key("Tab")
    app.key("space")
    app.wait_for("label", f"^{choice}$", box)
    app.key("Home", *["Down"] * downs, "Return")


def a_machine_is_cloned_with_a_linked_disk(flow):
    app = start(flow, in_pools=True)
    window, _entry, button = open_clone(app, "alpha")
    app.wait_sensitive(button)
    choose(app, window, "^vda: root.img$", "Linked Copy", 1)
    app.wait_for("label", "^Only what changes in the copy is stored, .*: default/root.img$", window)
    app.wait_for("label", "^A linked copy reads .*do not start “alpha” any more", window)
    app.shot("clone-linked")
    choose(app, window, "^sda: tools.iso$", "Empty Drive", 1)
    app.wait_for("label", "^Left out, the drive of the copy is empty: /default-pool/tools.iso$", window)
    app.press(button)
    wait(lambda: app.window("Clone “alpha”") is None, "the dialog gone")
    app.focus("KVM Manager")
    app.wait_names(["alpha", "alpha-clone", "beta"])


def a_template_is_made_and_used(flow):
    app = start(flow, in_pools=True)
    app.select("alpha")
    app.key("Menu")
    app.press_button("^Use as Template$")
    app.wait_state("alpha", "Template")
    app.shot("template")
    app.select("alpha")
    app.key("Menu")
    app.press_button("^New Machine from Template…$")
    window = wait(lambda: app.window("Clone “alpha”"), "the dialog")
    app.wait_for("label", "^Only what changes in the copy is stored, .*: default/root.img$", window)
    app.wait_for("label", "^A linked copy reads ", window)
    button = app.find("push button", "^C_?lone", window)
    app.wait_sensitive(button)
    app.press(button)
    wait(lambda: app.window("Clone “alpha”") is None, "the dialog gone")
    app.focus("KVM Manager")
    app.wait_names(["alpha", "alpha-clone", "beta"])
    # What is made of it is none, and it does not start unasked.
    app.select("alpha-clone")
    app.key("Menu")
    app.wait_for("push button", "^Use as Template$")
    app.key("Escape")
    app.select("alpha")
    app.key("ctrl+shift+s")
    app.wait_for("label", "^Start the Template “alpha”")
    app.shot("template-start")
    app.press_button("^_?Cancel")
    app.wait_gone("label", "^Start the Template “alpha”")
    app.wait_state("alpha", "Template")


def a_disk_that_cannot_be_copied_is_left_out(flow):
    app = start(flow)
    window, _entry, button = open_clone(app, "alpha")
    app.wait_for("label", "^Not every disk can be copied$", window)
    app.wait_sensitive(button, False)
    choose(app, window, "^vdb: ", "Leave Out", 0)
    app.wait_for("label", "^Left out, the copy has no such disk: ", window)
    app.wait_sensitive(button)
    app.press(button)
    wait(lambda: app.window("Clone “alpha”") is None, "the dialog gone")
    app.focus("KVM Manager")
    app.wait_names(["alpha", "alpha-clone", "beta"])


def a_tpm_is_new_in_a_clone(flow):
    app = start(flow, in_pools=True, more="<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>")
    app.select("alpha")
    app.key("Menu")
    app.press_button("^Clone…$")
    window = wait(lambda: app.window("Clone “alpha”"), "the dialog")
    app.wait_for("label", "^The TPM of the copy is new and empty", window)
    app.shot("clone-tpm")


def a_machine_that_cannot_be_cloned_says_why(flow):
    app = start(flow)
    window, entry, button = open_clone(app, "beta")
    app.wait_for("label", "^Shut “beta” down first$", window)
    check(not has_state(button, Atspi.StateType.SENSITIVE), "a machine that runs")
    app.shot("clone-running")
    app.press_button("^_?Cancel", window)
    wait(lambda: app.window("Clone “beta”") is None, "the dialog gone")
    app.focus("KVM Manager")
    window, entry, button = open_clone(app, "alpha")
    app.wait_for("label", "^Cannot be copied. It lies in no storage pool", window)
    app.wait_for("label", "^Not every disk can be copied$", window)
    check(not has_state(button, Atspi.StateType.SENSITIVE), "a disk outside of pools")
    app.shot("clone-refused")


def a_disk_of_the_network_is_not_cloned(flow):
    floppy = "<disk type='file' device='floppy'><source file='/default-pool/boot.img'/><target dev='fda' bus='fdc'/></disk>"
    network = "<disk type='network'><source protocol='nbd' name='data'><host name='192.0.2.1'/></source><target dev='vdc' bus='virtio'/></disk>"
    app = start(flow, in_pools=True, more=floppy + network)
    window, _entry, button = open_clone(app, "alpha")
    app.wait_for("label", "^The disk “vdc” is no file, device or volume of the host", window)
    app.wait_for("label", "^Left out, .*boot.img$", window)
    check(not has_state(button, Atspi.StateType.SENSITIVE), "a disk of the network")
    app.shot("clone-network")


def a_clone_is_cancelled_half_way(flow):
    if not os.environ.get("KVMM_UI_PRELOAD"):
        return  # with a sanitizer nothing is preloaded that would hold the copy
    gate = f"{flow.folder}/gate"
    os.mkfifo(gate)

    def let_through():
        try:
            os.close(os.open(gate, os.O_WRONLY | os.O_NONBLOCK))
            return True
        except OSError as error:
            check(error.errno == errno.ENXIO, str(error))
            return False  # nobody waits there yet

    app = start(flow, in_pools=True, env={"KVMM_UI_COPY_GATE": gate})
    window, entry, button = open_clone(app, "alpha")
    app.wait_sensitive(button)
    app.press(button)
    app.wait_for("label", r"^Copying vda \(disk 1 of 1\)", window)
    app.wait_for("progress bar", "^Copying$", window)
    app.wait_sensitive(button, False)
    app.wait_sensitive(entry, False)
    app.shot("clone-copying")
    app.press_button("^_?Cancel", window)
    app.wait_for("label", "^Stops when the disk", window)
    app.shot("clone-stopping")
    wait(let_through, "the copy at its gate")
    wait(lambda: app.window("Clone “alpha”") is None, "the dialog gone")
    app.focus("KVM Manager")
    check(app.names() == ["alpha", "beta"], f"machines {app.names()}")
    # Nor is the volume there, whose name the same clone needs again.
    window, entry, button = open_clone(app, "alpha")
    check(kvmm_ui.text_of(entry) == "alpha-clone", f"the name {kvmm_ui.text_of(entry)!r}")
    app.press(button)
    wait(let_through, "the copy at its gate")
    app.wait_names(["alpha", "alpha-clone", "beta"])


def cloning_is_readable_in_the_dark_and_narrow(flow):
    app = start(flow, settings="color-scheme='dark'\nwindow-size=(360, 600)\n")
    window, _entry, _button = open_clone(app, "alpha")
    found = subprocess.run(["xdotool", "search", "--onlyvisible", "--name", "^Clone"], capture_output=True, text=True, check=True)
    subprocess.run(["xdotool", "windowsize", found.stdout.split()[-1], "360", "600"], check=True)

    def width():
        return window.extents()[2]

    wait(lambda: 0 < width() <= 360, f"the dialog in 360 pixels, not {width()}")
    app.shot("clone-narrow-dark")


if __name__ == "__main__":
    kvmm_ui.run(
        [
            a_machine_gets_another_name,
            a_machine_that_runs_keeps_its_name,
            a_machine_is_deleted_and_comes_back,
            a_machine_is_cloned,
            a_machine_is_cloned_with_a_linked_disk,
            a_template_is_made_and_used,
            a_disk_that_cannot_be_copied_is_left_out,
            a_tpm_is_new_in_a_clone,
            a_machine_that_cannot_be_cloned_says_why,
            a_disk_of_the_network_is_not_cloned,
            a_clone_is_cancelled_half_way,
            cloning_is_readable_in_the_dark_and_narrow,
        ]
    )
