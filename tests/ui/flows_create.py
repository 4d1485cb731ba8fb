# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""A machine is made in the window for new ones. Runs beside script/lib/private-libvirt.sh, whose QEMU it is for."""

import http.server
import os
import re
import subprocess
import threading

import kvmm_ui
from kvmm_ui import Atspi, Failure, has_state, wait

if "KVMM_LIBVIRT_URI" not in os.environ:
    kvmm_ui.skip_all("there is no private libvirt (script/lib/private-libvirt.sh)")

URI = os.environ["KVMM_LIBVIRT_URI"]
TITLE = "New Virtual Machine"


def virsh(*arguments, stdin=None):
    done = subprocess.run(["virsh", "-q", "-c", URI, *arguments], capture_output=True, text=True, check=False, input=stdin)
    if done.returncode != 0:
        raise Failure(f"virsh {arguments}: {done.stderr}")
    return done.stdout


def lines(*arguments):
    return virsh(*arguments).split()


def open_window(flow, settings=""):
    """With settings in the program's keyfile."""
    home = f"{flow.folder}/home"
    keyfile = f"{home}/config/glib-2.0/settings/keyfile"
    os.makedirs(os.path.dirname(keyfile), exist_ok=True)
    with open(keyfile, "w", encoding="utf-8") as file:
        file.write(f"[org/kvmmanager/KvmManager]\n{settings}")
    app = flow.start("--connect", URI, home=home)
    app.wait_for("list item", ", Connected$")
    app.key("ctrl+n")
    return app, app.wait_window(TITLE)


def choose(app, window, title, word, downs):
    """Chooses in a row by the keyboard alone."""
    row = app.find("combo box", f"^{title}$", window)
    app.tab_to(row)
    app.key("space")
    wait(lambda: len(app.nodes("label", f"^{word}$", row)) > 0, f"{word!r} to choose")
    app.key(*["Down"] * downs, "Return")
    wait(lambda: app.nodes("label", f"^{word}$", row) and len(app.nodes("list item", None, row)) == 1, f"{word!r} chosen")


def set_number(app, window, title, number):
    row = app.find("list item", f"^{title}$", window)
    app.set_text(app.find("spin button", "", row), str(number))


def is_sensitive(node):
    return has_state(node, Atspi.StateType.SENSITIVE)


def fill_in(app, window, name):
    """A machine of nothing, as small as an emulator likes it."""
    choose(app, window, "Source", "Nothing Yet", 7)
    wait(lambda: not app.nodes("text", "^Image File$", window), "no image to choose")
    app.set_text(app.find("text", "^Name$", window), name)
    set_number(app, window, "Memory in MiB", 64)
    set_number(app, window, "Processors", 1)
    set_number(app, window, "Size in GiB", 1)


def clean():
    for name in lines("list", "--name"):
        virsh("destroy", name)
    for name in lines("list", "--all", "--name"):
        virsh("undefine", "--nvram", name)
    for name in lines("pool-list", "--name"):
        virsh("pool-destroy", name)
    for name in lines("pool-list", "--all", "--name"):
        virsh("pool-undefine", name)


def define(name):
    virsh(
        "define",
        "/dev/stdin",
        stdin=f"<domain type='qemu'><name>{name}</name><memory unit='MiB'>64</memory>"
        "<os><type arch='x86_64'>hvm</type></os></domain>",
    )


def make_pool(flow):
    folder = f"{flow.folder}/pool"
    os.mkdir(folder)
    virsh("pool-create-as", "default", "dir", "--target", folder)
    return folder


def a_machine_is_made_and_runs(flow):
    clean()
    app, window = open_window(flow)
    app.wait_for("status bar", "^The host has no storage pool yet: “default” will be made in ", window)
    virt_type = re.search("<domain>([a-z]+)<", virsh("domcapabilities"))[1]
    wait(
        lambda: app.has("status bar", "^This host cannot run it with KVM", window) == (virt_type == "qemu"),
        "the word about KVM",
    )
    button = app.find("push button", "^C_?reate", window)
    if is_sensitive(button):
        raise Failure("a machine without a name and without an image")
    fill_in(app, window, "blank")
    app.wait_sensitive(button)
    app.shot("new-machine-filled-in")
    app.press(button)
    app.wait_window_gone(TITLE)
    app.wait_window("blank")
    app.shot("new-machine-made")
    if virsh("domstate", "blank").strip() != "running":
        raise Failure("it does not run")
    xml = virsh("dumpxml", "blank")
    for part in (f"type='{virt_type}'", "blank.qcow2", "org.kvmmanager", "<memory unit='KiB'>65536</memory>", "<listen type='none'/>"):
        if part not in xml:
            raise Failure(f"no {part} in\n{xml}")
    if lines("vol-list", "default")[0] != "blank.qcow2":
        raise Failure("the disk is not in the pool")
    clean()


def a_name_that_is_taken_is_told_as_typed(flow):
    clean()
    define("web1")
    app, window = open_window(flow)
    fill_in(app, window, "web")
    button = app.find("push button", "^C_?reate", window)
    app.wait_sensitive(button)
    name = app.find("text", "^Name$", window)
    app.set_text(name, "web1")
    app.wait_for("status bar", "^There is a machine called “web1” on this host", window)
    app.wait_sensitive(button, False)
    app.shot("new-machine-name-taken")
    app.set_text(name, "a/b")
    app.wait_for("status bar", "^The name cannot have “/”", window)
    app.set_text(name, "web2")
    app.wait_gone("status bar", "^There is a machine called|^The name cannot", window)
    app.wait_sensitive(button)
    app.key("Escape")
    app.wait_window_gone(TITLE)
    if lines("list", "--all", "--name") != ["web1"]:
        raise Failure("a machine was made")


def what_fails_is_told_and_can_be_mended(flow):
    clean()
    folder = make_pool(flow)
    virsh("vol-create-as", "default", "taken.qcow2", "1M", "--format", "raw")
    app, window = open_window(flow)
    fill_in(app, window, "taken")
    app.press(app.find("check box", "^Customise Before the First Start", window))
    app.press_button("^C_?reate", window)
    app.wait_for("status bar", "^Could not make the disk “taken.qcow2”", window)
    app.shot("new-machine-failed")
    if lines("list", "--all", "--name") or os.listdir(folder) != ["taken.qcow2"]:
        raise Failure("something was left, or lost")
    app.set_text(app.find("text", "^Name$", window), "free")
    app.wait_gone("status bar", "^Could not make the disk", window)
    app.press_button("^C_?reate", window)
    app.wait_window_gone(TITLE)
    app.wait_window("free")
    if virsh("domstate", "free").strip() != "shut off":
        raise Failure("it was to be left off")
    clean()


def another_programs_disk_is_converted(flow):
    clean()
    folder = make_pool(flow)
    image = f"{flow.folder}/old.vmdk"
    subprocess.run(["qemu-img", "create", "-q", "-f", "vmdk", image, "8M"], check=True)
    app, window = open_window(flow)
    choose(app, window, "Source", "A Disk With a System on It", 1)
    app.wait_gone("list item", "^Size in GiB$", window)
    app.set_text(app.find("text", "^Image File$", window), image)
    app.set_text(app.find("text", "^Name$", window), "moved")
    set_number(app, window, "Memory in MiB", 64)
    app.press(app.find("check box", "^Customise Before the First Start", window))
    app.press_button("^C_?reate", window)
    app.wait_for("label", "^Copy the Image.$")
    app.wait_for("label", "another program's format .vmdk.")
    app.shot("new-machine-convert")
    if lines("list", "--all", "--name") or os.listdir(folder):
        raise Failure("done before it was allowed")
    app.press_button("^_Copy")
    app.wait_window_gone(TITLE)
    app.wait_window("moved")
    if "moved.qcow2" not in virsh("dumpxml", "moved") or os.listdir(folder) != ["moved.qcow2"]:
        raise Failure("the machine does not have the converted disk")
    clean()


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7n2aVnJ0mB0m0C2m8m2m4m6m8m0m2m4m6m8m0m2m4m"


def a_cloud_image_is_set_up(flow):
    clean()
    folder = make_pool(flow)
    image = f"{flow.folder}/cloud.img"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", image, "8M"], check=True)
    os.makedirs(f"{flow.folder}/home/.ssh")
    for name, text in (("id_work.pub", f"{KEY} me@work"), ("id_work", "-----BEGIN OPENSSH PRIVATE KEY-----"), ("odd.pub", "no key")):
        with open(f"{flow.folder}/home/.ssh/{name}", "w", encoding="utf-8") as file:
            file.write(text + "\n")
    app, window = open_window(flow)
    choose(app, window, "Source", "A Cloud Image", 3)
    app.set_text(app.find("text", "^Image File$", window), image)
    app.set_text(app.find("text", "^Name$", window), "cloud1")
    host = app.find("text", "^Host Name$", window)
    wait(lambda: kvmm_ui.text_of(host) == "cloud1", "a host name after the machine's")
    button = app.find("push button", "^C_?reate", window)
    user = app.find("text", "^User Name$", window)
    app.set_text(user, "Anna")
    app.wait_for("status bar", "^A user name begins with a small letter", window)
    app.set_text(user, "anna")
    app.wait_for("status bar", "^Give a password or an SSH key", window)
    app.wait_sensitive(button, False)
    pasted = app.find("text", "^Another Public SSH Key$", window)
    app.set_text(pasted, "-----BEGIN OPENSSH PRIVATE KEY-----")
    app.wait_for("status bar", "^This is a private key", window)
    app.set_text(pasted, "")
    app.tab_to(app.find("list item", "^SSH Keys of This Computer$", window))
    app.key("space")
    app.tab_to(app.find("check box", "^id_work.pub$", window))
    app.key("space")
    app.wait_sensitive(button)
    app.wait_gone("status bar", "^Give a password|^This is", window)
    if app.nodes("check box", "^odd.pub$|^id_work$", window):
        raise Failure("what is no public key is offered")
    app.set_text(app.find("text", "^Password$", window), "correct horse")
    packages = app.find("text", "^Packages", window)
    app.set_text(packages, "curl $(reboot)")
    app.wait_for("status bar", "^“.*” is no name of a package", window)
    app.set_text(packages, "curl, vim")
    app.tab_to(app.find("combo box", "^Storage Pool$", window))
    app.shot("new-machine-cloud")
    set_number(app, window, "Memory in MiB", 64)
    set_number(app, window, "Processors", 1)
    set_number(app, window, "Size in GiB", 1)
    app.press(app.find("check box", "^Customise Before the First Start", window))
    app.wait_sensitive(button)
    app.press(button)
    app.wait_window_gone(TITLE)
    app.wait_window("cloud1")
    if sorted(os.listdir(folder)) != ["cloud1-cloud-init.iso", "cloud1.qcow2"]:
        raise Failure(f"in the pool are {os.listdir(folder)}")
    with open(f"{folder}/cloud1-cloud-init.iso", "rb") as file:
        seed = file.read()
    for part in ('"name": "anna"', '"passwd": "$6$', f'"{KEY} me@work"', '["curl", "vim"]', '"local-hostname": "cloud1"'):
        if part.encode() not in seed:
            raise Failure(f"no {part} in the seed")
    if b"correct horse" in seed:
        raise Failure("the password is in the seed")
    if "virtual size: 1 GiB" not in subprocess.run(["qemu-img", "info", f"{folder}/cloud1.qcow2"], capture_output=True, text=True, check=True).stdout:
        raise Failure("the disk was not made larger")
    clean()


def make_tree(folder):
    """What Fedora's installer looks like from outside: a kernel that waits for ever, and what it brings along."""
    images = f"{folder}/images/pxeboot"
    os.makedirs(images)
    kernel = bytearray(4096)
    kernel[0x1F1] = kernel[0x211] = 1
    kernel[0x1FE:0x208] = b"\x55\xaa\xeb\x6eHdrS\x0c\x02"
    kernel[0x22C:0x230] = b"\xff\xff\xff\x37"
    kernel[0x270:0x273] = b"\xf4\xeb\xfd"
    for name, content in (("vmlinuz", kernel), ("initrd.img", bytes(1000))):
        with open(f"{images}/{name}", "wb") as file:
            file.write(content)
    with open(f"{folder}/.treeinfo", "w", encoding="utf-8") as file:
        file.write("[general]\nfamily = Fedora\nversion = 36\narch = x86_64\nvariant = Server\n[images-x86_64]\n")
        file.write("kernel = images/pxeboot/vmlinuz\ninitrd = images/pxeboot/initrd.img\n")


class Server(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        """The report is of something else."""


def serve(folder):
    """Returns a web server's address, with the folder in it; it ends with the test."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), lambda *arguments: Server(*arguments, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def a_tree_of_the_network_is_installed_from(flow):
    clean()
    folder = make_pool(flow)
    make_tree(f"{flow.folder}/web/fedora")
    url = serve(f"{flow.folder}/web")
    app, window = open_window(flow)
    choose(app, window, "Source", "Installation Tree .URL.", 5)
    app.wait_gone("check box", "^Customise Before the First Start", window)
    entry = app.find("text", "^Address .https", window)
    look = app.find("push button", "^_?Look Up", window)
    app.set_text(entry, "ftp://server/tree")
    app.wait_for("status bar", "^Addresses of “ftp” are not read", window)
    app.wait_sensitive(look, False)
    app.set_text(entry, f"{url}/nothing")
    app.wait_sensitive(look)
    app.press(look)
    app.wait_for("status bar", "^There is no installer at “http://.*/nothing/”", window)
    app.shot("new-machine-tree-missing")
    app.set_text(entry, f"{url}/fedora")
    app.wait_gone("status bar", "^There is no installer", window)
    app.press(app.find("push button", "^_?Look Up", window))
    app.wait_for("status bar", "^Fedora 36 for x86_64. Kernel: 4 KiB, initial RAM disk: ", window)
    name = app.find("text", "^Name$", window)
    wait(lambda: kvmm_ui.text_of(name) == "fedora-linux-36", "a name after the system's")
    app.tab_to(app.find("list item", "^Kernel Arguments$", window))
    app.key("space")
    app.set_text(app.find("text", "^Further Arguments", window), "console=ttyS0")
    app.wait_for("label", f"^inst.repo={url}/fedora/ console=ttyS0$", window)
    app.shot("new-machine-tree")
    set_number(app, window, "Memory in MiB", 64)
    set_number(app, window, "Processors", 1)
    set_number(app, window, "Size in GiB", 1)
    button = app.find("push button", "^C_?reate", window)
    app.wait_sensitive(button)
    app.press(button)
    app.wait_window_gone(TITLE)
    app.wait_window("fedora-linux-36")
    xml = virsh("dumpxml", "fedora-linux-36")
    for part in (f"<cmdline>inst.repo={url}/fedora/ console=ttyS0</cmdline>", "<on_reboot>destroy</on_reboot>", "fedoraproject.org/fedora/36"):
        if part not in xml:
            raise Failure(f"no {part} in\n{xml}")
    if "<kernel>" in virsh("dumpxml", "--inactive", "fedora-linux-36") or os.listdir(folder) != ["fedora-linux-36.qcow2"]:
        raise Failure("the installer is there for more than its one start")
    clean()


def a_tree_is_readable_in_the_dark_and_narrow(flow):
    clean()
    make_pool(flow)
    make_tree(f"{flow.folder}/web/fedora")
    url = serve(f"{flow.folder}/web")
    app, window = open_window(flow, "color-scheme='dark'\n")
    choose(app, window, "Source", "Installation Tree .URL.", 5)
    found = subprocess.run(["xdotool", "search", "--name", f"^{TITLE}$"], capture_output=True, text=True, check=True)
    subprocess.run(["xdotool", "windowsize", found.stdout.split()[-1], "360", "900"], check=True)
    wait(lambda: window.extents()[2] <= 372, "the window as narrow as a telephone")
    app.set_text(app.find("text", "^Address .https", window), f"{url}/fedora")
    app.press(app.find("push button", "^_?Look Up", window))
    app.wait_for("status bar", "^Fedora 36 for x86_64", window)
    app.shot("new-machine-tree-narrow-dark")
    clean()


def a_volume_is_used_as_it_is(flow):
    clean()
    folder = make_pool(flow)
    app, window = open_window(flow)
    choose(app, window, "Source", "An Existing Volume", 2)
    app.set_text(app.find("text", "^Name$", window), "second")
    app.wait_for("label", "^No storage pool of the host has a disk in it", window)
    app.wait_sensitive(app.find("push button", "^C_?reate", window), False)
    app.key("Escape")
    app.wait_window_gone(TITLE)
    virsh("vol-create-as", "default", "old.qcow2", "8M", "--format", "qcow2")
    virsh(
        "define",
        "/dev/stdin",
        stdin="<domain type='qemu'><name>first</name><memory unit='MiB'>64</memory><os><type arch='x86_64'>hvm</type></os>"
        f"<devices><disk type='file' device='disk'><source file='{folder}/old.qcow2'/><target dev='vda'/></disk></devices></domain>",
    )
    app.focus("KVM Manager")
    app.key("ctrl+n")
    window = app.wait_window(TITLE)
    choose(app, window, "Source", "An Existing Volume", 2)
    app.wait_for("label", r"^old.qcow2 \(default, 8 MiB\)$", app.find("combo box", "^Volume$", window))
    app.wait_gone("combo box", "^Storage Pool$", window)
    app.set_text(app.find("text", "^Name$", window), "second")
    set_number(app, window, "Memory in MiB", 64)
    app.press(app.find("check box", "^Customise Before the First Start", window))
    app.shot("new-machine-volume")
    button = app.find("push button", "^C_?reate", window)
    app.wait_sensitive(button)
    app.press(button)
    app.wait_for("label", "^Share the Disk.$")
    app.wait_for("label", "^“first” has the disk .*old.qcow2 already")
    app.shot("new-machine-shared")
    app.press_button("^_Share It")
    app.wait_window_gone(TITLE)
    app.wait_window("second")
    if f"{folder}/old.qcow2" not in virsh("dumpxml", "second") or os.listdir(folder) != ["old.qcow2"]:
        raise Failure("the machine does not have the disk, or not it alone")
    clean()


def an_image_is_opened(flow):
    clean()
    make_pool(flow)
    image = f"{flow.folder}/a server.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", image, "8M"], check=True)
    app = flow.start("--connect", URI, image)
    window = app.wait_window(TITLE)
    name = app.find("text", "^Name$", window)
    wait(lambda: kvmm_ui.text_of(name) == "a-server", "a name after the file's")
    app.find("text", re.escape(image), window)
    app.shot("new-machine-opened")
    app.press(app.find("check box", "^Customise Before the First Start", window))
    button = app.find("push button", "^C_?reate", window)
    app.wait_sensitive(button)
    app.press(button)
    app.wait_window_gone(TITLE)
    app.wait_window("a-server")
    if image not in virsh("dumpxml", "a-server"):
        raise Failure("the machine does not have the disk")
    # And as a file manager does it, with the program already there.
    disc = f"{flow.folder}/disc.iso"
    with open(disc, "wb") as file:
        file.truncate(65536)
    name = "org.kvmmanager.KvmManager"
    call = ["gdbus", "call", "--session", "--dest", name, "--object-path", f"/{name.replace('.', '/')}"]
    call += ["--method", "org.freedesktop.Application.Open", f"['file://{disc}']", "{}"]
    subprocess.run(call, check=True, stdout=subprocess.DEVNULL)
    window = app.wait_window(TITLE)
    app.find("text", re.escape(disc), window)
    app.find("label", "^A Disc Image$", app.find("combo box", "^Source$", window))
    app.wait_for("status bar", "^What is on it is not known", window)
    clean()


def make_disc(flow):
    disc = f"{flow.folder}/setup.iso"
    with open(disc, "wb") as file:
        file.truncate(65536)
    return disc


def make_to_customise(app, window, disc, name):
    app.set_text(app.find("text", "^Image File$", window), disc)
    app.set_text(app.find("text", "^Name$", window), name)
    set_number(app, window, "Memory in MiB", 64)
    set_number(app, window, "Processors", 1)
    set_number(app, window, "Size in GiB", 1)
    app.press(app.find("check box", "^Customise Before the First Start", window))
    button = app.find("push button", "^C_?reate", window)
    app.wait_sensitive(button)
    app.press(button)
    app.wait_window_gone(TITLE)
    return app.wait_window(name)


def hardware_is_changed_before_the_installation(flow):
    clean()
    folder = make_pool(flow)
    disc = make_disc(flow)
    app, window = open_window(flow)
    window = make_to_customise(app, window, disc, "later")
    app.wait_for("status bar", "^Not installed yet: change what you like, then begin", window)
    app.find("push button", "^_?Add Hardware", window)
    if virsh("domstate", "later").strip() != "shut off":
        raise Failure("it was started")
    app.shot("new-machine-customise")
    app.press_button("^_?Begin Installation", window)
    wait(lambda: virsh("domstate", "later").strip() == "running", "it runs")
    app.wait_gone("status bar", "^Not installed yet", window)
    wait(lambda: ":waiting" not in virsh("dumpxml", "--inactive", "later"), "that it has begun is written down")
    xml = virsh("dumpxml", "later")
    disk, drive = (re.search(f"<target dev='{target}'.*?<boot order='([0-9])'/>", xml, re.S)[1] for target in ("vda", "sd[a-z]"))
    if f"<source file='{disc}'" not in xml or int(disk) >= int(drive):
        raise Failure("an empty disk is passed over for the disc, and no longer once it is installed")
    # Off again: it is a machine like all others.
    virsh("destroy", "later")
    app.wait_for("push button", "^Start$", window)
    if app.has("status bar", "^Not installed yet", window):
        raise Failure("it has begun before")
    clean()
    app.wait_window("later")


def what_was_made_is_deleted_before_the_installation(flow):
    clean()
    folder = make_pool(flow)
    disc = make_disc(flow)
    app, window = open_window(flow)
    window = make_to_customise(app, window, disc, "never")
    app.wait_for("status bar", "^Not installed yet", window)
    app.press_button("^_?Delete", window)
    app.wait_for("label", "^Delete “never”", None)
    app.shot("new-machine-delete")
    app.press_button("^_Delete Delete$")
    wait(lambda: not lines("list", "--all", "--name"), "the machine is gone")
    wait(lambda: not os.listdir(folder), "its disk is gone")
    if not os.path.exists(disc):
        raise Failure("the disc was not made for it")
    clean()


def waits_in_the_dark_and_narrow(flow):
    clean()
    make_pool(flow)
    app, window = open_window(flow, "color-scheme='dark'\nmachine-window-size=(360, 640)\n")
    window = make_to_customise(app, window, make_disc(flow), "dark")
    app.wait_for("status bar", "^Not installed yet", window)
    wait(lambda: window.extents()[2] <= 372, "the window as narrow as a telephone")
    app.shot("new-machine-customise-narrow-dark")
    clean()


def make_appliance(flow):
    """As VirtualBox lays one out."""
    names = ("shop-disk001.vmdk", "shop-disk002.vmdk")
    disks = [f"{flow.folder}/{name}" for name in names]
    for disk in disks:
        subprocess.run(["qemu-img", "create", "-q", "-f", "vmdk", "-o", "subformat=streamOptimized", disk, "8M"], check=True)
    description = f"{flow.folder}/shop.ovf"
    files = "".join(f"<File id='file{i}' href='{name}'/>" for i, name in enumerate(names))
    sizes = "".join(f"<Disk diskId='disk{i}' fileRef='file{i}' capacity='8388608'/>" for i in range(2))
    items = "<Item><ResourceType>3</ResourceType><VirtualQuantity>1</VirtualQuantity></Item>"
    items += "<Item><AllocationUnits>MegaBytes</AllocationUnits><ResourceType>4</ResourceType><VirtualQuantity>96</VirtualQuantity></Item>"
    items += "<Item><InstanceID>5</InstanceID><ResourceSubType>AHCI</ResourceSubType><ResourceType>20</ResourceType></Item>"
    for i in range(2):
        items += f"<Item><InstanceID>{7 + i}</InstanceID><AddressOnParent>{i}</AddressOnParent><Parent>5</Parent>"
        items += f"<HostResource>/disk/disk{i}</HostResource><ResourceType>17</ResourceType></Item>"
    items += "<Item><ResourceType>15</ResourceType></Item><Item><ResourceType>35</ResourceType></Item>"
    for network in ("NAT", "<b>HostOnly</b>".replace("<", "&lt;")):
        items += f"<Item><Connection>{network}</Connection><ResourceSubType>E1000</ResourceSubType><ResourceType>10</ResourceType></Item>"
    with open(description, "w", encoding="utf-8") as file:
        file.write(
            f"<Envelope xmlns='http://schemas.dmtf.org/ovf/envelope/1'><References>{files}</References><DiskSection>{sizes}</DiskSection>"
            "<VirtualSystem id='Web Shop'><ProductSection><Product>Shop</Product><Version>1.2</Version><Vendor>Example Works</Vendor></ProductSection>"
            "<OperatingSystemSection><Description>Debian_64</Description></OperatingSystemSection>"
            "<AnnotationSection><Annotation>Sells what is in its database, by day and by night, to who comes by the web or by telephone</Annotation>"
            f"</AnnotationSection><VirtualHardwareSection>{items}</VirtualHardwareSection></VirtualSystem></Envelope>"
        )
    archive = f"{flow.folder}/a shop.ova"
    maker = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../model/make-appliance.py")
    subprocess.run(["python3", "-B", maker, "ustar", archive, description, *disks], check=True)
    return archive, description


def number(app, window, title):
    row = app.find("list item", f"^{title}$", window)
    return int(kvmm_ui.text_of(app.find("spin button", "", row)))


def an_appliance_is_imported(flow):
    clean()
    folder = make_pool(flow)
    archive, description = make_appliance(flow)
    app = flow.start("--connect", URI, archive)
    window = app.wait_window(TITLE)
    app.find("label", "^Appliance .OVA, OVF.$", app.find("combo box", "^Source$", window))
    app.wait_for("label", "^shop-disk001.vmdk, 8 MiB\nshop-disk002.vmdk, 8 MiB$", window)
    app.wait_for("label", "^2, all on the network chosen below instead of: NAT, <b>HostOnly</b>$", window)
    app.wait_for("label", "^a CD/DVD drive; a sound card$", window)
    name = app.find("text", "^Name$", window)
    wait(lambda: kvmm_ui.text_of(name) == "web-shop", "a name after the appliance's")
    wait(lambda: (number(app, window, "Memory in MiB"), number(app, window, "Processors")) == (96, 1), "its memory and its processors")
    app.shot("new-machine-appliance")
    # One that cannot be read, and the description by itself.
    path = app.find("text", "^Image File$", window)
    button = app.find("push button", "^C_?reate", window)
    app.set_text(path, f"{flow.folder}/none.ova")
    app.wait_for("status bar", "^“.*none.ova” cannot be opened: No such file", window)
    app.wait_sensitive(button, False)
    app.set_text(path, description)
    app.wait_gone("status bar", "cannot be opened", window)
    app.wait_sensitive(button)
    set_number(app, window, "Memory in MiB", 64)
    app.set_text(path, archive)
    app.press(app.find("check box", "^Customise Before the First Start", window))
    app.wait_sensitive(button)
    if number(app, window, "Memory in MiB") != 64:
        raise Failure("what a person wrote did not stay")
    app.press(button)
    app.wait_window_gone(TITLE)
    app.wait_window("web-shop")
    if sorted(os.listdir(folder)) != ["web-shop-2.qcow2", "web-shop.qcow2"]:
        raise Failure(f"in the pool are {os.listdir(folder)}")
    xml = virsh("dumpxml", "web-shop")
    for part in ("<target dev='sda' bus='sata'/>", "<target dev='sdb' bus='sata'/>", "<memory unit='KiB'>65536</memory>"):
        if part not in xml:
            raise Failure(f"no {part} in\n{xml}")
    if xml.count("<model type='e1000'/>") != 2:
        raise Failure("not two cards")
    clean()


def an_appliance_is_readable_in_the_dark_and_narrow(flow):
    clean()
    make_pool(flow)
    archive, _ = make_appliance(flow)
    app, window = open_window(flow, "color-scheme='dark'\n")
    choose(app, window, "Source", "Appliance .OVA, OVF.", 4)
    app.set_text(app.find("text", "^Image File$", window), archive)
    app.wait_for("label", "^a CD/DVD drive; a sound card$", window)
    narrow(window)
    app.shot("new-machine-appliance-narrow-dark")
    app.set_text(app.find("text", "^Image File$", window), "/etc/hostname")
    app.wait_for("status bar", "^“hostname” does not describe an appliance: The XML cannot be read", window)
    app.shot("new-machine-appliance-problem-narrow-dark")


def narrow(window):
    found = subprocess.run(["xdotool", "search", "--name", f"^{TITLE}$"], capture_output=True, text=True, check=True)
    subprocess.run(["xdotool", "windowsize", found.stdout.split()[-1], "360", "900"], check=True)
    wait(lambda: window.extents()[2] <= 372, "the window as narrow as a telephone")


def is_readable_in_the_dark_and_narrow(flow):
    clean()
    app, window = open_window(flow, "color-scheme='dark'\n")
    fill_in(app, window, "narrow")
    narrow(window)
    app.shot("new-machine-narrow-dark")


if __name__ == "__main__":
    kvmm_ui.run(
        [
            a_machine_is_made_and_runs,
            a_name_that_is_taken_is_told_as_typed,
            what_fails_is_told_and_can_be_mended,
            another_programs_disk_is_converted,
            a_cloud_image_is_set_up,
            a_tree_of_the_network_is_installed_from,
            a_tree_is_readable_in_the_dark_and_narrow,
            a_volume_is_used_as_it_is,
            an_image_is_opened,
            hardware_is_changed_before_the_installation,
            what_was_made_is_deleted_before_the_installation,
            waits_in_the_dark_and_narrow,
            an_appliance_is_imported,
            an_appliance_is_readable_in_the_dark_and_narrow,
            is_readable_in_the_dark_and_narrow,
        ]
    )
