# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""A machine's window on real guests: one that speaks, and one that learns to, from the disc to the answer. Run through
tests/guest/run.sh, which brings a private libvirt and the guest's image."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "guest")]

os.environ["KVMM_PROGRAM"] = os.environ["KVMM_TEST_PROGRAM"]
# Brings the display, and runs this script again on it.
import kvmm_ui  # noqa: E402  pylint: disable=wrong-import-position
import flows_create  # noqa: E402  pylint: disable=wrong-import-position,wrong-import-order
import harness  # noqa: E402  pylint: disable=wrong-import-position,wrong-import-order
from harness import expect, expect_equal  # noqa: E402  pylint: disable=wrong-import-position
from kvmm_ui import text_of, wait  # noqa: E402  pylint: disable=wrong-import-position

# An emulated guest on a busy machine.
SLOW_SECONDS = 90


def make_boot_disc():
    """A disc that the firmware starts from, with the guest's image on it."""
    loader = [pathlib.Path(path) for path in ("/usr/lib/ISOLINUX/isolinux.bin", "/usr/share/syslinux/isolinux.bin",
                                              "/usr/lib/syslinux/modules/bios/ldlinux.c32", "/usr/share/syslinux/ldlinux.c32")]
    folder = harness.PRIVATE / "disc"
    (folder / "isolinux").mkdir(parents=True)
    for file in loader:
        if file.exists():
            shutil.copy(file, folder / "isolinux")
    for name in ("vmlinuz", "initramfs.img"):
        shutil.copy(pathlib.Path(os.environ["KVMM_TEST_IMAGE"]) / name, folder)
    (folder / "isolinux/isolinux.cfg").write_text(
        "default linux\nlabel linux\nkernel /vmlinuz\n"
        "append initrd=/initramfs.img console=ttyS0 quiet kvmm.hostname=disc1\n", encoding="utf-8")
    disc = harness.PRIVATE / "linux.iso"
    subprocess.run(["xorriso", "-as", "mkisofs", "-quiet", "-o", str(disc), "-b", "isolinux/isolinux.bin", "-c", "isolinux/boot.cat",
                    "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table", str(folder)], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    disc.chmod(0o644)
    return disc


class Cases:
    def __init__(self, host):
        self.failures = 0
        self.speaking = host.guest("web1")
        self.silent = host.guest("db1", agent=False)
        for guest in (self.speaking, self.silent):
            guest.start()
        for guest in (self.speaking, self.silent):
            guest.log_in()
        self.speaking.wait_for_address()
        self.iso = harness.PRIVATE / "kvmmanager-guest-agent.iso"
        self.iso.write_bytes(pathlib.Path(os.environ["KVMM_TEST_ISO"]).read_bytes())
        self.iso.chmod(0o644)
        home = harness.PRIVATE / "home"
        keyfile = home / "config" / "glib-2.0" / "settings" / "keyfile"
        keyfile.parent.mkdir(parents=True)
        keyfile.write_text(f"[org/kvmmanager/KvmManager]\nagent-iso-path='{self.iso}'\nstats-interval=uint32 1\n",
                           encoding="utf-8")
        self.app = kvmm_ui.App("--connect", harness.URI, home=str(home))

    def close(self):
        self.app.stop()

    def diagnose(self):
        self.failures += 1
        self.app.shot(f"failed-guest-{self.failures}")
        return f"{self.app.read_log()}\n{self.app.dump()}"

    def open(self, name, page):
        """A second start of the program hands over to the first."""
        if not self.app.window(name):
            subprocess.run([os.environ["KVMM_PROGRAM"], "--connect", harness.URI, "--show-domain", name], check=True,
                           timeout=kvmm_ui.TIMEOUT, stdout=subprocess.DEVNULL)
        window = self.app.wait_window(name)
        # For the pictures: there is no window manager to do it.
        subprocess.run(["xdotool", "search", "--onlyvisible", "--name", f"^{name}$", "windowraise"], check=False)
        self.app.key(f"alt+{page}")
        return window

    def row(self, window, title, facts="System"):
        """The value of a fact, or None. The page that is not looked at stands still, but stays in the tree."""
        for group in self.app.nodes("list", f"^{facts}$", window):
            for node in self.app.nodes("list item", f"^{title}: ", group):
                return re.sub(f"^{title}: ", "", node.get_name())
        return None

    def wait_row(self, window, title, pattern, facts="System"):
        return wait(lambda: re.search(pattern, self.row(window, title, facts) or ""), f"{title}: {pattern}",
                    SLOW_SECONDS)

    # ---- a guest that speaks

    def facts_are_the_guests(self):
        window = self.open("web1", 3)
        self.wait_row(window, "Host name", "^web1$")
        self.app.wait_for("label", r"^Agent \d+\.\d+\.\d+ · ", window)
        self.app.wait_for("label", "^Reported by the guest$", window)
        expect_equal(self.row(window, "Kernel"), self.speaking.run("uname -r"), "kernel")
        address = self.speaking.wait_for_address()
        self.app.wait_for("list item", f"^eth0: .*{re.escape(address)}/", window)
        self.app.wait_for("list item", "^/: .* of ", window)
        self.app.shot("guest-speaking")

    def uptime_moves(self):
        window = self.open("web1", 3)
        before = self.row(window, "Up for")
        wait(lambda: self.row(window, "Up for") != before, "another uptime")

    def load_moves(self):
        window = self.open("web1", 3)
        self.speaking.run("(while :; do :; done) >/dev/null 2>&1 & echo $! >/tmp/burner")
        try:
            wait(lambda: self.app.nodes("image", r"^CPU (9\d|100) %$", window), "a busy CPU", SLOW_SECONDS)
            self.app.shot("guest-busy")
        finally:
            self.speaking.run("kill $(cat /tmp/burner)")
        wait(lambda: self.app.nodes("image", r"^CPU [0-5]?\d %$", window), "an idle CPU", SLOW_SECONDS)

    def overview_shows_what_the_guest_says(self):
        window = self.open("web1", 2)
        address = self.speaking.wait_for_address()
        self.wait_row(window, "Address", f"^{re.escape(address)}$", "Facts")
        self.wait_row(window, "Guest agent", "^Ready, version ", "Facts")
        wait(lambda: self.app.nodes("image", r"^Read .*, Write ", window), "the graph of the disk", SLOW_SECONDS)
        self.app.shot("overview-live")

    def commands_borrow_the_channel(self):
        """The window holds the channel of every guest; a command of the same person gets it, and gives it back."""
        window = self.open("web1", 2)
        self.wait_row(window, "Guest agent", "^Ready", "Facts")
        agents = self.command("guest-agents")
        expect(re.search(r"^web1 +Ready +\d", agents, re.MULTILINE), agents)
        expect(" init" in self.command("guest-ps", "web1"), "no process of the guest")
        self.wait_row(window, "Guest agent", "^Ready", "Facts")

    def command(self, *arguments):
        return subprocess.run([os.environ["KVMM_PROGRAM"], *arguments, "--connect", harness.URI, "--wait", "60"], check=True,
                              timeout=SLOW_SECONDS, stdout=subprocess.PIPE, text=True).stdout

    # ---- a guest that learns to speak

    def silence_has_one_button_and_counts(self):
        window = self.open("db1", 3)
        self.app.wait_for("label", "^No Agent Yet$", window)
        label = self.app.find("label", "has not opened the channel yet; ", window)
        before = text_of(label)
        wait(lambda: text_of(label) != before, "the seconds to move")
        self.app.find("push button", "^_?Mount Agent Disc$", window)
        self.app.shot("guest-silent")

    def disc_is_mounted(self):
        window = self.open("db1", 3)
        self.app.press(self.app.find("push button", "^_?Mount Agent Disc$", window))
        self.app.wait_for("list item", "^Agent Disc, done: ", window)
        expect_equal(self.silent.drive_source(), str(self.iso), "medium")
        self.app.find("push button", "^_?Done$", window)
        self.app.shot("install-steps")

    def typed_commands_make_it_speak(self):
        """What is typed is what the page shows."""
        window = self.open("db1", 3)
        commands = self.app.find("list", "^Commands to type in the guest$", window)
        lines = [command.get_name() for command in commands.children()]
        expect(any("install.sh" in line for line in lines), f"commands {lines}")
        self.app.press(self.app.find("push button", "^_?Done$", window))
        self.app.wait_for("list item", "^Connection, under way: ", window)
        # A drive tells its guest of a new disc within seconds.
        harness.wait_until(lambda: "KVMMANAGER" in self.silent.run(
            "dd if=/dev/sr0 bs=1 skip=32808 count=32 2>/dev/null; true"), SLOW_SECONDS, "the disc in the guest", 0.5)
        # The mount of this guest's BusyBox knows no labels.
        typed = "\n".join(lines).replace(" LABEL=KVMMANAGER_AGENT ", " -t iso9660 /dev/sr0 ")
        self.silent.run(typed, SLOW_SECONDS)
        self.wait_row(window, "Host name", "^db1$")

    def disc_is_ejected(self):
        window = self.open("db1", 3)
        self.app.wait_for("label", "^The agent has answered. Its disc is still in drive hda", window)
        self.app.shot("guest-eject-offer")
        self.app.press(self.app.find("push button", "^Eject$", window))
        # What the toast says is gone before a busy computer looks for it.
        wait(lambda: self.silent.drive_source() is None, "an empty drive", SLOW_SECONDS)

    # ---- a disc that QEMU may not read

    def an_unreadable_disc_is_uploaded(self):
        """This private host has no storage pool: it is asked about, made, and the machine reads the disc from there."""
        self.iso.chmod(0o600)
        window = self.open("db1", 1)
        self.app.find("push button", "^Menu$", window)
        self.app.press(self.app.nodes("push button", "^Menu$", window)[-1])
        self.app.press_button("Mount Agent Disc", window)
        self.app.wait_for("label", "^Make a Storage Pool")
        self.app.shot("mount-pool-question")
        # A name that is there twice: the library gives it with its mnemonic and without.
        self.app.press_button("^_?Make the Pool")
        wait(lambda: self.app.has("label", "^Agent Disc Mounted$"), "the disc in the drive", SLOW_SECONDS)
        self.app.shot("mount-uploaded")
        expect(re.search(r"kvmmanager-guest-agent-\d[^']*\.iso", self.silent.domain.XMLDesc()), "a volume in the drive")
        self.app.press_button("^_?Close", self.app.window("Agent Disc Mounted"))
        harness.wait_until(lambda: "KVMMANAGER" in self.silent.run(
            "dd if=/dev/sr0 bs=1 skip=32808 count=32 2>/dev/null; true"), SLOW_SECONDS, "the disc in the guest", 0.5)

    def preferences_say_where_it_is(self):
        self.app.focus("KVM Manager")
        self.app.key("ctrl+comma")
        window = self.app.wait_window("Preferences")
        self.app.press_button("Agent Disc", window)
        self.app.wait_for("label", "^From the host's storage: default/kvmmanager-guest-agent-", window)
        self.app.shot("preferences-hosts")
        self.app.key("Escape")
        wait(lambda: not self.app.window("Preferences"), "no Preferences")

    # ---- a machine that is made, and speaks

    def a_new_machine_boots_from_its_disc(self):
        """From the window for new ones to the facts of the guest, by a disc that is an installation's in all but size."""
        disc = make_boot_disc()
        self.app.focus("KVM Manager")
        self.app.key("ctrl+n")
        window = self.app.wait_window(flows_create.TITLE)
        self.app.set_text(self.app.find("text", "^Image File$", window), str(disc))
        self.app.set_text(self.app.find("text", "^Name$", window), "made1")
        flows_create.set_number(self.app, window, "Memory in MiB", 192)
        flows_create.set_number(self.app, window, "Processors", 1)
        flows_create.set_number(self.app, window, "Size in GiB", 1)
        button = self.app.find("push button", "^C_?reate", window)
        self.app.wait_sensitive(button)
        self.app.press(button)
        self.app.wait_window_gone(flows_create.TITLE)
        window = self.app.wait_window("made1")
        # Keys are the guest's there.
        self.app.press(self.app.find("page tab", "^Guest$", window))
        self.wait_row(window, "Host name", "^disc1$")
        self.app.shot("new-machine-speaks")
        subprocess.run(["virsh", "-q", "-c", harness.URI, "destroy", "made1"], check=True)

    # ---- a window that outlives its machine's run

    def window_follows_a_shutdown(self):
        window = self.open("web1", 2)
        self.app.press(self.app.find("push button", "^Shut Down$", window))
        wait(lambda: self.app.has("label", "^Shut off$", window), "web1 shut off", SLOW_SECONDS)
        self.app.key("alt+7")
        self.app.wait_for("list", "^Log$", window)
        self.app.shot("log-real")


def make_cases(host):
    cases = Cases(host)
    host.ui = cases
    methods = (
        cases.facts_are_the_guests, cases.uptime_moves, cases.load_moves, cases.overview_shows_what_the_guest_says,
        cases.commands_borrow_the_channel,
        cases.silence_has_one_button_and_counts, cases.disc_is_mounted, cases.typed_commands_make_it_speak,
        cases.disc_is_ejected, cases.an_unreadable_disc_is_uploaded, cases.preferences_say_where_it_is,
        cases.a_new_machine_boots_from_its_disc,
        cases.window_follows_a_shutdown)
    listed = [(method.__name__.replace("_", "-"), method) for method in methods]
    listed.append(("ends-without-a-complaint", cases.close))
    return listed, cases.diagnose


if __name__ == "__main__":
    harness.main(make_cases)
