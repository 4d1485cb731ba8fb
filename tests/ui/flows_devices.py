# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""Devices are added, edited and removed on the Hardware page, on real QEMU. Runs beside script/lib/private-libvirt.sh."""

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
FOLDER = os.environ["KVMM_PRIVATE_DIR"]
MAC = "52:54:00:aa:bb:01"

MACHINE = """<domain type='qemu'><name>parts</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='pc'>hvm</type></os><features><acpi/></features><devices>
<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{folder}/disk.img'/>
<target dev='vda' bus='virtio'/></disk>
<disk type='file' device='cdrom'><target dev='hdc' bus='ide'/><readonly/></disk>
<interface type='user'><mac address='{mac}'/><model type='virtio'/></interface>
<watchdog model='i6300esb' action='none'/><sound model='ich6'/><rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
</devices></domain>"""


def virsh(*arguments):
    done = subprocess.run(["virsh", "-q", "-c", URI, *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"virsh {arguments}: {done.stderr}")
    return done.stdout


def stored():
    return virsh("dumpxml", "--inactive", "parts")


def live():
    return virsh("dumpxml", "parts")


def wait_matches(read, pattern, what):
    wait(lambda: re.search(pattern, read(), re.S), f"{what}: {pattern}")


def clean():
    if "parts" in virsh("list", "--name").split():
        virsh("destroy", "parts")
    if "parts" in virsh("list", "--all", "--name").split():
        virsh("undefine", "parts")


def open_hardware(flow, start=False, **options):
    clean()
    with open(f"{FOLDER}/disk.img", "wb") as file:
        file.truncate(1 << 20)
    path = f"{flow.folder}/parts.xml"
    with open(path, "w", encoding="utf-8") as file:
        file.write(MACHINE.format(folder=FOLDER, mac=MAC))
    virsh("define", path)
    if start:
        virsh("start", "parts")
    app = flow.start("--connect", URI, **options)
    app.wait_names(["parts"])
    app.select("parts")
    app.key("Return")
    window = app.wait_window("parts")
    app.key("alt+5")
    return app, window


def choose_device(app, window, title):
    app.wait_for("list item", f"^{title}", window)
    devices = app.find("list", "^Devices$", window)
    names = [text_of(device) for device in devices.children()]
    index = next(i for i, name in enumerate(names) if name.startswith(title))
    devices.select_child(index)
    app.wait_for("label", f"^{title}", window)


def edit(app, window, title):
    choose_device(app, window, title)
    app.press_button("^_Edit", window)
    editor = app.wait_window(f"{title}.*")
    app.wait_for("push button", "^_Apply", editor)
    return editor


def choose(app, editor, title, word):
    """Chooses in a row by the keyboard alone."""
    row = app.find("combo box", f"^{title}$", editor)
    app.tab_to(row)
    app.key("space")
    wait(lambda: app.nodes("label", f"^{word}$", row), f"{word!r} to choose")
    app.key("Home")
    for _ in range(20):
        focused = [n for n in app.nodes("list item", None, row) if kvmm_ui.has_state(n, Atspi.StateType.FOCUSED)]
        if focused and app.nodes("label", f"^{word}$", focused[0]):
            break
        app.key("Down")
    app.key("Return")


def apply_and_close(app, editor, title):
    app.press_button("^_Apply", editor)
    wait(lambda: not app.window(f"{title}.*"), "the editor gone")
    app.focus("parts")


def a_mistake_is_told_and_mended(flow):
    app, window = open_hardware(flow)
    editor = edit(app, window, "Processors")
    app.set_text(app.find("text", "^Processors$", editor), "2")
    app.press_button("^_Apply", editor)
    app.wait_for("label", "^“Processors” was not changed: .* raise the maximum too", editor)
    app.shot("hardware-edit-mistake")
    if "<vcpu placement='static'>1</vcpu>" not in stored():
        raise Failure("a mistake changed the definition")
    # What was written is still there.
    app.set_text(app.find("text", "^Maximum processors$", editor), "4")
    apply_and_close(app, editor, "Processors")
    wait_matches(stored, r"<vcpu placement='static' current='2'>4</vcpu>", "the stored definition")


def libvirts_refusal_is_told(flow):
    app, window = open_hardware(flow)
    editor = edit(app, window, "Boot")
    app.set_text(app.find("text", "^Machine type$", editor), "no-such-machine")
    app.press_button("^_Apply", editor)
    app.wait_for("label", "was not changed: .*no-such-machine", editor)
    app.shot("hardware-edit-refused")
    if "no-such-machine" in stored():
        raise Failure("what libvirt refused is stored")


def a_disk_goes_to_another_bus(flow):
    app, window = open_hardware(flow)
    before = stored()
    if not re.search(r"dev='vda' bus='virtio'/>\s*<address type='pci'", before):
        raise Failure(f"the disk has no address: {before}")
    editor = edit(app, window, "Disk vda")
    choose(app, editor, "Bus", "sata")
    app.shot("hardware-edit-disk")
    apply_and_close(app, editor, "Disk vda")
    wait_matches(stored, r"dev='vda' bus='sata'/>\s*<address type='drive'", "the stored definition")


def a_running_machine_loses_its_link_at_once(flow):
    app, window = open_hardware(flow, start=True)
    editor = edit(app, window, f"Network {MAC}")
    choose(app, editor, "Link", "down")
    app.shot("hardware-edit-network")
    apply_and_close(app, editor, f"Network {MAC}")
    wait_matches(live, r"<link state='down'/>", "the running machine")
    wait_matches(stored, r"<link state='down'/>", "the stored definition")


def what_needs_a_start_says_so(flow):
    app, window = open_hardware(flow, start=True)
    editor = edit(app, window, "Sound")
    choose(app, editor, "Model", "ac97")
    app.press_button("^_Apply", editor)
    app.wait_for("label", "next start")
    app.shot("hardware-edit-next-start")
    wait_matches(stored, r"<sound model='ac97'", "the stored definition")
    wait_matches(live, r"<sound model='ich6'", "the running machine")


def a_device_is_removed(flow):
    app, window = open_hardware(flow)
    choose_device(app, window, "Sound")
    app.press_button("^_Remove", window)
    app.wait_for("label", "^Remove “Sound”")
    app.shot("hardware-remove")
    app.press_button("^_Cancel")
    app.wait_gone("label", "^Remove “Sound”")
    if "<sound" not in stored():
        raise Failure("it was removed without a yes")
    app.focus("parts")
    app.press_button("^_Remove", window)
    app.wait_for("label", "^Remove “Sound”")
    # The one of the question: the page's own ends with an ellipsis.
    app.press_button("^_Remove( Remove)?$")
    wait(lambda: "<sound" not in stored(), "the stored definition without it")
    app.wait_gone("list item", "^Sound", window)
    if "<watchdog" not in stored():
        raise Failure("another device went with it")


def make_pool(folder):
    if "grown" in virsh("pool-list", "--name").split():
        virsh("pool-destroy", "grown")
    os.makedirs(folder, exist_ok=True)
    virsh("pool-create-as", "grown", "dir", "--target", folder)


def take_every_place(flow):
    """On the running machine's PCI bus."""
    path = f"{flow.folder}/rng.xml"
    with open(path, "w", encoding="utf-8") as file:
        file.write("<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>")
    for _ in range(40):
        command = ["virsh", "-q", "-c", URI, "attach-device", "parts", path, "--live"]
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            return
    raise Failure("there is always another place")


def add(app, window, kind):
    app.press_button("^_Add Hardware", window)
    adder = app.wait_window("Add Hardware")
    app.wait_for("list item", f"^{kind}", adder)
    kinds = app.find("list", "^Kinds of hardware$", adder)
    row = next(row for row in kinds.children() if text_of(row).startswith(kind))
    app.tab_to(row)
    app.key("Return")
    app.wait_for("push button", "^_Add( Add)?$", adder)
    return adder


def add_and_close(app, adder):
    app.press_button("^_Add( Add)?$", adder)
    wait(lambda: not app.window("Add Hardware"), "the window gone")
    app.focus("parts")


def a_running_machine_gets_a_disk_at_once(flow):
    folder = f"{FOLDER}/grown"
    make_pool(folder)
    app, window = open_hardware(flow, start=True)
    app.wait_for("list item", "^Disk vda", window)
    app.shot("hardware-page-add")
    app.press_button("^_Add Hardware", window)
    adder = app.wait_window("Add Hardware")
    app.wait_for("list item", "^Disk", adder)
    app.shot("hardware-add-kinds")
    app.key("Escape")
    wait(lambda: not app.window("Add Hardware"), "the window gone")
    app.focus("parts")
    adder = add(app, window, "Disk")
    app.wait_for("label", "^The running machine gets it now", adder)
    app.set_text(app.find("text", "^Size", adder), "0.25")
    app.shot("hardware-add-disk")
    add_and_close(app, adder)
    app.wait_for("list item", "^Disk vdb", window)
    wait_matches(live, r"parts-vdb.qcow2'[^>]*/>.*?<target dev='vdb' bus='virtio'/>", "the running machine")
    wait_matches(stored, r"parts-vdb.qcow2'/>\s*<target dev='vdb' bus='virtio'/>", "the stored definition")
    if app.has("label", "^Pending Until Shutdown$", window):
        raise Failure("something waits for the next start")


def a_mistake_keeps_what_was_typed(flow):
    folder = f"{FOLDER}/grown"
    make_pool(folder)
    before = set(os.listdir(folder))
    app, window = open_hardware(flow, start=True)
    adder = add(app, window, "Disk")
    app.set_text(app.find("text", "^Name of the volume$", adder), "mine")
    app.set_text(app.find("text", "^Size", adder), "some")
    app.press_button("^_Add( Add)?$", adder)
    app.wait_for("label", "^“Disk” was not added: The size “some” is not a number[^\n]*$", adder)
    app.shot("hardware-add-mistake")
    # libvirt refuses it, since every place is taken: what was made for it goes again.
    take_every_place(flow)
    app.set_text(app.find("text", "^Size", adder), "0.25")
    app.press_button("^_Add( Add)?$", adder)
    app.wait_for("label", "(?s)^“Disk” was not added: .*PCI.*Without “At Once”", adder)
    app.shot("hardware-add-refused")
    if text_of(app.find("text", "^Name of the volume$", adder)) != "mine":
        raise Failure("what was typed is gone")
    if set(os.listdir(folder)) != before or "mine" in stored():
        raise Failure(f"something is left: {os.listdir(folder)}")
    app.press(app.find("check box", "^At Once$", adder))
    app.wait_for("label", "^The running machine gets it with its next start", adder)
    app.press_button("^_Add( Add)?$", adder)
    wait(lambda: not app.window("Add Hardware"), "the window gone")
    wait_matches(stored, "mine.qcow2", "the stored definition")
    if "mine" in live() or set(os.listdir(folder)) != before | {"mine.qcow2"}:
        raise Failure("the running machine has it")


def a_disk_that_a_machine_has_is_asked_about(flow):
    app, window = open_hardware(flow)
    adder = add(app, window, "Disk")
    choose(app, adder, "Storage", "An image or a device")
    path = app.find("text", "^Image or device on the host$", adder)
    app.set_text(path, f"{FOLDER}/disk.img")
    app.press_button("^_Add( Add)?$", adder)
    app.wait_for("label", "^Share the Disk.$")
    app.wait_for("label", "^“parts” has the disk .*disk.img already")
    app.shot("hardware-add-shared")
    app.press_button("^_?Cancel", app.window("Share the Disk.") or None)
    app.wait_gone("label", "^Share the Disk.$")
    if stored().count("disk.img") != 1:
        raise Failure("it has the disk twice")


def a_card_comes_at_once_and_sound_with_the_next_start(flow):
    app, window = open_hardware(flow, start=True)
    adder = add(app, window, "Network")
    # A session has no other.
    app.wait_for("label", "^Outgoing only$", adder)
    app.shot("hardware-add-network")
    add_and_close(app, adder)
    wait(lambda: live().count("<interface ") == 2 and stored().count("<interface ") == 2, "two cards in both")
    addresses = [re.findall(r"<mac address='([^']*)'", xml) for xml in (live(), stored())]
    if addresses[0] != addresses[1]:
        raise Failure(f"the card has two addresses: {addresses}")
    adder = add(app, window, "Sound")
    app.wait_for("label", "^The running machine gets it with its next start", adder)
    app.shot("hardware-add-sound")
    app.press_button("^_Add( Add)?$", adder)
    app.wait_for("label", "comes with the next start")
    wait_matches(stored, r"<sound model='ich9'", "the stored definition")
    if "ich9" in live():
        raise Failure("the running machine has it")


def a_stopped_machine_gets_simple_devices(flow):
    home = f"{flow.folder}/home"
    keyfile = f"{home}/config/glib-2.0/settings/keyfile"
    os.makedirs(os.path.dirname(keyfile), exist_ok=True)
    with open(keyfile, "w", encoding="utf-8") as file:
        file.write("[org/kvmmanager/KvmManager]\ncolor-scheme='dark'\n")
    app, window = open_hardware(flow, home=home)
    # It has one of the only kind.
    app.press_button("^_Add Hardware", window)
    adder = app.wait_window("Add Hardware")
    app.wait_for("label", "^The machine has one already$", adder)
    app.key("Escape")
    wait(lambda: not app.window("Add Hardware"), "the window gone")
    app.focus("parts")
    adder = add(app, window, "Random number generator")
    if app.has("label", "^The running machine", adder):
        raise Failure("it does not run")
    add_and_close(app, adder)
    wait(lambda: stored().count("<rng ") == 2, "two generators")
    adder = add(app, window, "Channel")
    app.shot("hardware-add-channel")
    found = subprocess.run(["xdotool", "search", "--name", "^Add Hardware$"], capture_output=True, text=True, check=True)
    subprocess.run(["xdotool", "windowsize", found.stdout.split()[-1], "360", "640"], check=True)
    wait(lambda: adder.extents()[2] <= 372, "a window for a telephone")
    app.shot("hardware-add-narrow-dark")
    add_and_close(app, adder)
    wait_matches(stored, r"name='org.kvmmanager.agent.1'", "the stored definition")
    choose_device(app, window, "Channel org.kvmmanager")


def narrow(app, window, title):
    found = subprocess.run(["xdotool", "search", "--name", f"^{title}$"], capture_output=True, text=True, check=True)
    subprocess.run(["xdotool", "windowsize", found.stdout.split()[-1], "360", "640"], check=True)
    wait(lambda: window.extents()[2] <= 400, "a window for a telephone")


def share(app, window, folder):
    app.press_button("^_Share Folder", window)
    adder = app.wait_window("Add Hardware")
    app.wait_for("text", "^Folder on the host$", adder)
    app.set_text(app.find("text", "^Folder on the host$", adder), folder)
    return adder


def a_folder_is_shared_and_the_guest_told(flow):
    """One edit: the device and, for VirtioFS, the shared memory; a session before libvirt 10 has 9p."""
    folder = f"{FOLDER}/My  Papers"
    os.makedirs(folder, exist_ok=True)
    app, window = open_hardware(flow)
    adder = share(app, window, f"{FOLDER}/missing")
    app.press_button("^_Add( Add)?$", adder)
    app.wait_for("label", "^“Shared folder” was not added: “.*missing” is not there", adder)
    app.set_text(app.find("text", "^Folder on the host$", adder), folder)
    # The name follows the folder.
    name = app.find("text", "^Name in the machine$", adder)
    wait(lambda: text_of(name) == "My-Papers", "the name of the folder")
    app.shot("share-folder")
    is_virtiofs = not app.has("label", "^VirtioFS needs libvirt 10.0", adder)
    app.press_button("^_Add( Add)?$", adder)
    guest = app.wait_window("Use in Guest")
    kind, option = ("virtiofs", "") if is_virtiofs else ("9p", ",trans=virtio,version=9p2000.L,msize=262144")
    app.wait_for("label", f"^mkdir -p /mnt/My-Papers && mount -t {kind} .*My-Papers /mnt/My-Papers$", guest)
    app.wait_for("label", f"^My-Papers /mnt/My-Papers {kind} rw,nofail{option} 0 0$", guest)
    app.wait_for("label", "^The virtual machine does not run", guest)
    if has_state(app.find("push button", "^_Mount", guest), Atspi.StateType.SENSITIVE):
        raise Failure("a guest that does not run was to mount it")
    app.shot("share-guest")
    app.set_text(app.find("text", "^Folder in the Guest$", guest), "papers")
    app.wait_for("label", "^Name a folder of the guest by its whole path", guest)
    app.set_text(app.find("text", "^Folder in the Guest$", guest), "/srv/a b")
    app.wait_for("label", "^mkdir -p '/srv/a b' && ", guest)
    app.key("Escape")
    wait(lambda: not app.window("Use in Guest"), "the window gone")
    app.focus("parts")
    wait_matches(stored, r"<filesystem .*<source dir='[^']*/My  Papers'/>\s*<target dir='My-Papers'/>", "the stored definition")
    if ("<access mode='shared'/>" in stored()) != is_virtiofs:
        raise Failure(stored())
    # It says so again whenever it is asked.
    choose_device(app, window, "Shared folder My-Papers")
    app.press_button("^_Use in Guest", window)
    app.wait_window("Use in Guest")


def a_shared_folder_in_the_dark_and_narrow(flow):
    folder = f"{FOLDER}/papers"
    os.makedirs(folder, exist_ok=True)
    home = f"{flow.folder}/home"
    keyfile = f"{home}/config/glib-2.0/settings/keyfile"
    os.makedirs(os.path.dirname(keyfile), exist_ok=True)
    with open(keyfile, "w", encoding="utf-8") as file:
        file.write("[org/kvmmanager/KvmManager]\ncolor-scheme='dark'\n")
    app, window = open_hardware(flow, start=True, home=home)
    adder = share(app, window, folder)
    app.wait_for("label", "^The running machine gets it with its next start", adder)
    narrow(app, adder, "Add Hardware")
    app.shot("share-folder-narrow-dark")
    app.press_button("^_Add( Add)?$", adder)
    guest = app.wait_window("Use in Guest")
    app.wait_for("label", "^The running machine gets the folder with its next start", guest)
    narrow(app, guest, "Use in Guest")
    app.shot("share-guest-narrow-dark")


def lists_of_a_section_are_written(flow):
    app, window = open_hardware(flow)
    editor = edit(app, window, "Processors")
    app.set_text(app.find("text", "^Maximum processors", editor), "2")
    add = app.find("text", "^Add a Feature", editor)
    app.set_text(add, "no good")
    app.press_button("^_Apply", editor)
    app.wait_for("label", "^“Processors” was not changed: A name is made of", editor)
    app.set_text(add, "sse4.1")
    subprocess.run(["xdotool", "mousemove", "250", "400", "click", "--repeat", "20", "5"], check=True)
    wait(lambda: add.extents()[1] < 500, "the list in sight")
    app.shot("hardware-edit-lists")
    apply_and_close(app, editor, "Processors")
    wait_matches(stored, r"<feature policy='require' name='sse4.1'/>", "the stored definition")
    # One that is there has a row of its own, in which it can be taken away again.
    editor = edit(app, window, "Processors")
    choose(app, editor, "sse4.1", "Not set")
    apply_and_close(app, editor, "Processors")
    wait(lambda: "sse4.1" not in stored(), "the feature gone")


def cells_of_the_machine_are_written(flow):
    app, window = open_hardware(flow)
    editor = edit(app, window, "Processors")
    app.set_text(app.find("text", "^Maximum processors$", editor), "2")
    app.set_text(app.find("text", "^Add a Cell by Its Number", editor), "0")
    app.press_button("^_Apply", editor)
    app.wait_for("label", "^“Processors” was not changed: NUMA cell 0 has no memory", editor)
    app.set_text(app.find("text", "^Cell 0: Processors$", editor), "0")
    app.set_text(app.find("text", r"^Cell 0: Memory \(MiB\)$", editor), "32")
    app.press_button("^_Apply", editor)
    app.wait_for("label", "The processor 1 is in no NUMA cell; put each of them in one", editor)
    app.set_text(app.find("text", "^Cell 0: Processors$", editor), "0-1")
    app.press_button("^_Apply", editor)
    app.wait_for("label", "The NUMA cells have 32 MiB together, but “Maximum memory” is 64 MiB", editor)
    row = app.find("text", r"^Cell 0: Memory \(MiB\)$", editor)
    subprocess.run(["xdotool", "mousemove", "250", "400", "click", "--repeat", "20", "5"], check=True)
    wait(lambda: row.extents()[1] < 560, "the cells in sight")
    app.shot("hardware-cells")
    app.set_text(row, "64")
    apply_and_close(app, editor, "Processors")
    wait_matches(stored, r"<cell id='0' cpus='0-1' memory='65536' unit='KiB'", "the stored definition")
    # Emptied, it goes.
    editor = edit(app, window, "Processors")
    app.set_text(app.find("text", "^Cell 0: Processors$", editor), "")
    app.set_text(app.find("text", r"^Cell 0: Memory \(MiB\)$", editor), "")
    apply_and_close(app, editor, "Processors")
    wait(lambda: "<numa>" not in stored(), "the cell gone")


def processors_of_the_host_are_pointed_at(flow):
    app, window = open_hardware(flow)
    editor = edit(app, window, "Processors")
    row = app.find("text", "^Emulator pinned to$", editor)
    app.tab_to(app.find("list item", "^More$", editor))
    app.key("Return")
    button = app.find("push button", "^Choose on the host: Emulator pinned to$", editor)
    wait(lambda: button.extents()[3] > 0, "what was folded away")
    app.press(button)
    picture = app.wait_window("Host Processors")
    app.wait_for("label", "^None is chosen", picture)
    first = app.find("push button", "^Processor 0, ", picture)
    wait(lambda: has_state(first, Atspi.StateType.FOCUSED), "the first processor in focus")
    app.key("space")
    app.wait_for("label", "^Chosen: 0$", picture)
    app.shot("host-processors")
    app.press(app.find("push button", "^All or none of NUMA cell 0$", picture))
    wait(lambda: not app.has("label", "^Chosen: 0$", picture) or os.cpu_count() == 1, "all of the cell")
    app.press(app.find("push button", "^All or none of NUMA cell 0$", picture))
    app.wait_for("label", "^None is chosen", picture)
    app.press(first)
    app.press_button("^_Done", picture)
    wait(lambda: not app.window("Host Processors"), "the picture gone")
    wait(lambda: text_of(row) == "0", "what was chosen")
    apply_and_close(app, editor, "Processors")
    wait_matches(stored, r"<emulatorpin cpuset='0'/>", "the stored definition")


def a_disk_is_made_larger(flow):
    """Of the running machine: its file lies in no pool."""
    app, window = open_hardware(flow, start=True)
    choose_device(app, window, "Watchdog")
    if app.has("push button", "^Make _Larger", window):
        raise Failure("a watchdog has no size")
    choose_device(app, window, "Disk vda")
    app.press_button("^Make _Larger", window)
    app.wait_for("label", "^Make the Disk")
    app.shot("hardware-grow")
    app.set_text(app.find("spin button", "^New size in GiB"), "0.02")
    app.press_button("^_Make Larger ")
    app.wait_for("label", "^The disk “vda” is larger$")
    size = os.stat(f"{FOLDER}/disk.img").st_size
    if size != 21 << 20:
        raise Failure(f"the file has {size} bytes")


if __name__ == "__main__":
    try:
        kvmm_ui.run(
            [
                a_mistake_is_told_and_mended,
                libvirts_refusal_is_told,
                a_disk_goes_to_another_bus,
                a_running_machine_loses_its_link_at_once,
                what_needs_a_start_says_so,
                a_device_is_removed,
                a_running_machine_gets_a_disk_at_once,
                a_mistake_keeps_what_was_typed,
                a_disk_that_a_machine_has_is_asked_about,
                a_card_comes_at_once_and_sound_with_the_next_start,
                a_stopped_machine_gets_simple_devices,
                a_folder_is_shared_and_the_guest_told,
                a_shared_folder_in_the_dark_and_narrow,
                lists_of_a_section_are_written,
                cells_of_the_machine_are_written,
                processors_of_the_host_are_pointed_at,
                a_disk_is_made_larger,
            ]
        )
    finally:
        clean()
