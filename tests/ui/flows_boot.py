# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""The order in which a machine boots from its devices, on its Hardware page. Runs beside script/lib/private-libvirt.sh."""

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
NAME = "order"
MAC = "52:54:00:aa:bb:02"

MACHINE = """<domain type='qemu'><name>order</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='pc'>hvm</type><boot dev='hd'/></os><devices>
<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{folder}/order.img'/>
<target dev='vda' bus='virtio'/></disk>
<disk type='file' device='cdrom'><target dev='hdc' bus='ide'/><readonly/></disk>
<interface type='user'><mac address='{mac}'/><model type='virtio'/></interface>
</devices></domain>"""


def virsh(*arguments):
    done = subprocess.run(["virsh", "-q", "-c", URI, *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"virsh {arguments}: {done.stderr}")
    return done.stdout


def orders():
    """Of the stored definition: {"vda": "1", …}, and what <os> says."""
    xml = virsh("dumpxml", "--inactive", NAME)
    found = {}
    for device in re.findall(r"<(?:disk|interface) .*?</(?:disk|interface)>", xml, re.S):
        name = re.search(r"target dev='(\w+)'", device) or re.search(r"mac address='([^']+)'", device)
        order = re.search(r"<boot order='(\d+)'", device)
        found[name.group(1)] = order.group(1) if order else None
    return found, re.findall(r"<boot dev='(\w+)'", xml)


def wait_orders(vda, hdc, card, classes):
    wanted = ({"vda": vda, "hdc": hdc, MAC: card}, classes)
    wait(lambda: orders() == wanted, f"the stored order {wanted}")


def clean():
    if NAME in virsh("list", "--name").split():
        virsh("destroy", NAME)
    if NAME in virsh("list", "--all", "--name").split():
        virsh("undefine", NAME)


def open_list(flow, start=False, settings=""):
    clean()
    with open(f"{FOLDER}/order.img", "wb") as file:
        file.truncate(1 << 20)
    path = f"{flow.folder}/order.xml"
    with open(path, "w", encoding="utf-8") as file:
        file.write(MACHINE.format(folder=FOLDER, mac=MAC))
    virsh("define", path)
    if start:
        virsh("start", "--paused", NAME)
    home = f"{flow.folder}/home"
    keyfile = f"{home}/config/glib-2.0/settings/keyfile"
    os.makedirs(os.path.dirname(keyfile), exist_ok=True)
    with open(keyfile, "w", encoding="utf-8") as file:
        file.write(f"[org/kvmmanager/KvmManager]\n{settings}")
    app = flow.start("--connect", URI, home=home)
    app.wait_names([NAME])
    app.select(NAME)
    return app


def open_boot(flow, start=False, settings=""):
    app = open_list(flow, start, settings)
    app.key("Return")
    window = app.wait_window(NAME)
    app.key("alt+5")
    app.wait_for("list item", "^Boot and firmware", window)
    devices = app.find("list", "^Devices$", window)
    names = [text_of(device) for device in devices.children()]
    app.tab_to(devices.children()[next(i for i, name in enumerate(names) if name.startswith("Boot and firmware"))])
    app.key("Return")
    app.wait_for("check box", "^Boot from .*vda", window)
    return app, window


def shown(app, window):
    """As it is on the screen: ["vda+", "hdc", …]."""
    boxes = app.nodes("check box", "^Boot from ", window)
    return [
        next(name for name in ("vda", "hdc", MAC) if name in box.get_name()) + ("+" if has_state(box, Atspi.StateType.CHECKED) else "")
        for box in boxes
    ]


def wait_shown(app, window, *wanted):
    wait(lambda: shown(app, window) == list(wanted), f"the order {wanted}, not {shown(app, window)}")


def go_to(app, window, index):
    """Moves the focus to a row with the keyboard alone."""
    row = app.find("list", "^Boot Order", window).children()[index]
    app.tab_to(row)
    return row


def the_keyboard_moves_and_the_order_is_defined(flow):
    app, window = open_boot(flow)
    wait_shown(app, window, "vda+", "hdc", MAC)
    if app.has("push button", "^_Apply Order", window):
        raise Failure("there is something to apply before anything was changed")
    go_to(app, window, 2)
    app.key("Return")
    wait_shown(app, window, "vda+", "hdc", f"{MAC}+")
    app.key("alt+Up")
    wait_shown(app, window, "vda+", f"{MAC}+", "hdc")
    app.key("alt+Up")
    wait_shown(app, window, f"{MAC}+", "vda+", "hdc")
    # A row that was moved is another accessible object.
    row = app.find("list", "^Boot Order", window).children()[0]
    if not has_state(row, Atspi.StateType.FOCUSED):
        raise Failure("the focus did not move along")
    # It is the first: there is no further up.
    app.key("alt+Up")
    wait_shown(app, window, f"{MAC}+", "vda+", "hdc")
    app.shot("boot-order")
    app.press_button("^_Apply Order", window)
    wait_orders("2", None, "1", [])
    app.wait_gone("push button", "^_Apply Order", window)
    wait_shown(app, window, f"{MAC}+", "vda+", "hdc")


def a_running_machine_waits_for_its_next_start(flow):
    app, window = open_boot(flow, start=True)
    app.press_button("^Move .*hdc Up$", window)
    wait_shown(app, window, "hdc", "vda+", MAC)
    go_to(app, window, 0)
    app.key("Return")
    wait_shown(app, window, "hdc+", "vda+", MAC)
    app.press_button("^_Apply Order", window)
    wait_orders("2", "1", None, [])
    app.wait_for("label", "^Pending Until Shutdown$", window)
    app.wait_for("list item", "hdc: Boot order$", window)
    app.shot("boot-order-pending")
    # One place alone would be given twice: all of it goes back.
    app.press(app.find("push button", "^Discard .*hdc: Boot order$", window))
    wait_orders(None, None, None, ["hd"])
    app.wait_gone("label", "^Pending Until Shutdown$", window)
    wait_shown(app, window, "vda+", "hdc", MAC)


def nothing_to_boot_from_is_refused_and_undone(flow):
    app, window = open_boot(flow, settings="color-scheme='dark'\n")
    go_to(app, window, 0)
    app.key("Return")
    app.wait_for("status bar", "^Check at least one device$", window)
    apply_button = app.find("push button", "^_Apply Order", window)
    if has_state(apply_button, Atspi.StateType.SENSITIVE):
        raise Failure("a machine without anything to boot from can be defined")
    found = subprocess.run(["xdotool", "search", "--name", f"^{NAME}$"], capture_output=True, text=True, check=True)
    subprocess.run(["xdotool", "windowsize", found.stdout.split()[-1], "1000", "720"], check=True)
    app.shot("boot-order-none-dark")
    app.press_button("^_Undo", window)
    wait_shown(app, window, "vda+", "hdc", MAC)
    app.wait_gone("push button", "^_Undo", window)
    wait_orders(None, None, None, ["hd"])


def another_device_for_one_run(flow):
    """From the menu of a stopped machine; its stored order stays as it is."""
    app = open_list(flow)
    app.key("Menu")
    app.press_button("^Start From…$")
    dialog = app.wait_window(f"Start “{NAME}” From|")
    app.wait_for("label", f"^Start “{NAME}” From$")
    app.shot("start-from")
    # The first that it would not boot from anyway is offered: the drive.
    app.press_button("^_Start ", dialog)
    wait(lambda: NAME in virsh("list", "--name").split(), "the machine runs")
    live = virsh("dumpxml", NAME)
    drive = re.search(r"<disk type='file' device='cdrom'>.*?</disk>", live, re.S)[0]
    if "<boot order='1'/>" not in drive:
        raise Failure(f"the running machine does not boot from its drive: {drive}")
    if orders() != ({"vda": None, "hdc": None, MAC: None}, ["hd"]):
        raise Failure(f"the stored order is {orders()}")


if __name__ == "__main__":
    try:
        kvmm_ui.run(
            [
                the_keyboard_moves_and_the_order_is_defined,
                a_running_machine_waits_for_its_next_start,
                nothing_to_boot_from_is_refused_and_undone,
                another_device_for_one_run,
            ]
        )
    finally:
        clean()
