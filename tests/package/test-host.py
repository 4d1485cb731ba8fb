#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""The .deb packages in a Debian that has never seen them: installed by apt with no more than they ask for, used by a user
who is not root, upgraded while a guest reads the disc, and purged. Run through run-host.sh."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "guest"))

# pylint: disable=wrong-import-position
import libvirt

import harness
from harness import expect, expect_equal, wait_until

ROOT = pathlib.Path(os.environ["KVMM_TEST_ROOT"])
KIND = os.environ["KVMM_TEST_KIND"]
ISO = "/var/lib/kvm-manager/kvmmanager-guest-agent.iso"
LINK = "/usr/share/kvm-manager/kvmmanager-guest-agent.iso"
OLDER = "0.0.9"
# apt fetches up to 400 packages.
APT_SECONDS = 1500
STEP_SECONDS = 180
harness.BOOT_SECONDS = 300


def in_root(*command, user="root", timeout=STEP_SECONDS, check=True, **environment):
    """Runs a command in the Debian; returns what it printed."""
    home = "/root" if user == "root" else f"/home/{user}"
    result = subprocess.run(
        ["chroot", "--userspec", user, str(ROOT), "env", "-i", f"HOME={home}", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
         "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive", *(f"{name}={value}" for name, value in environment.items()),
         *command],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout, check=False)
    if check and result.returncode != 0:
        raise AssertionError(f"{' '.join(command)} ended with {result.returncode}:\n{result.stdout[-6000:]}")
    return result.stdout


def apt(*arguments):
    return in_root("apt-get", "-q", "-y", "-o", "Dpkg::Use-Pty=0", "-o", "Acquire::Retries=3",
                   "-o", "APT::Keep-Downloaded-Packages=true", *arguments, timeout=APT_SECONDS)


def packages(folder):
    names = sorted(path.name for path in (ROOT / "packages" / folder).glob("*.deb")
                   if not path.name.startswith("kvm-manager-agent"))
    expect_equal(len(names), 2, "packages of a host")
    return [f"/packages/{folder}/{name}" for name in names]


def version_of(package):
    return in_root("dpkg-query", "-W", "-f", "${Version} ${db:Status-Status}", package, check=False)


class Display:
    """An X server without a screen, and the program on it."""

    def __enter__(self):
        reader, writer = os.pipe()
        self.server = subprocess.Popen(["Xvfb", "-displayfd", str(writer), "-screen", "0", "1400x900x24", "-nolisten", "tcp",
                                        "-noreset"], pass_fds=[writer], stdin=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
        os.close(writer)
        with os.fdopen(reader) as pipe:
            self.name = ":" + pipe.readline().strip()
        expect(self.name != ":", "Xvfb started")
        self.program = None
        self.picture = None
        return self

    def start(self, user):
        run = ROOT / "run/user-of-test"
        run.mkdir(exist_ok=True)
        in_root("chown", user, "/run/user-of-test")
        run.chmod(0o700)
        log = open(harness.PRIVATE / "window.log", "wb")  # pylint: disable=consider-using-with
        self.program = subprocess.Popen(
            ["chroot", "--userspec", user, str(ROOT), "env", "-i", f"HOME=/home/{user}", "PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", f"DISPLAY={self.name}", "GDK_BACKEND=x11",
             "GSK_RENDERER=cairo", "XDG_RUNTIME_DIR=/run/user-of-test", "dbus-run-session", "--", "kvm-manager"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)

    def tool(self, *command):
        return subprocess.run(command, env={**os.environ, "DISPLAY": self.name}, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True, check=False, timeout=60).stdout

    def windows(self):
        expect(self.program.poll() is None,
               f"the program ended: {(harness.PRIVATE / 'window.log').read_text(errors='replace')[-3000:]}")
        return self.tool("xdotool", "search", "--onlyvisible", "--name", "KVM Manager|Virtual Machines").split()

    def is_calm(self, path):
        """Takes a picture; whether it shows something, and, where it can, the same as the one before."""
        self.tool("import", "-window", "root", str(path))
        colours, signature = (self.tool("identify", "-format", "%k %#", str(path)).split() + ["0", ""])[:2]
        before, self.picture = self.picture, signature
        # Without libvirt the seconds to the next attempt are counted down for ever.
        return int(colours) > 20 and (KIND != "host" or signature == before)

    def __exit__(self, *_):
        if self.program:
            os.killpg(self.program.pid, signal.SIGTERM)
            self.program.wait(60)
        self.server.terminate()
        self.server.wait(60)


class Cases:
    def __init__(self):
        self.host = None
        self.guest = None
        self.second = None
        self.before = None

    def diagnose(self):
        text = ""
        if self.guest and self.guest.console:
            text += f"\nconsole:\n{self.guest.console.log[-2000:].decode(errors='replace')}"
        for log in (ROOT / "var/log/libvirt").glob("**/*.log"):
            text += f"\n{log}:\n{log.read_text(errors='replace')[-1500:]}"
        return text

    def installs(self):
        self.before = self.files()
        apt("install", "--no-install-recommends", *packages("older" if KIND == "host" else "newer"))
        in_root("apt-get", "check")
        expect_equal(in_root("dpkg", "--audit"), "", "dpkg --audit")
        in_root("useradd", "--create-home", *(["--groups", "libvirt"] if KIND == "host" else []), "--shell", "/bin/sh", "alice")

    def files(self):
        return set(in_root("find", "/etc", "/opt", "/srv", "/usr", "/var/lib", "-path", "/var/lib/libvirt", "-prune", "-o",
                           "-name", "*kvm*manager*", "-print").split())

    def is_complete(self):
        """Nothing that the program loads is missing, and it finds its own schema."""
        missing = [line for line in in_root("ldd", "/usr/bin/kvm-manager").splitlines() if "not found" in line]
        expect_equal(missing, [], "libraries that are missing")
        expect("0." in in_root("kvm-manager", "--version", user="alice"), "the version")
        listed = json.loads(in_root("kvm-manager", "--connect", "test:///default", "list", "--json", user="alice"))
        expect_equal([machine["name"] for machine in listed], ["test"], "machines of libvirt's test driver")
        expect_equal(in_root("readlink", "-f", LINK).strip(), ISO, "where the link leads")
        expect_equal(in_root("stat", "-c", "%a %U:%G", ISO).strip(), "644 root:root", "the disc's owner")

    def completes(self):
        """bash completes the commands that the program has."""
        in_root("sh", "-c", "command -v bash")
        words = in_root("bash", "-c", ". /usr/share/bash-completion/completions/kvm-manager; COMP_WORDS=(kvm-manager gu); "
                        "COMP_CWORD=1; _kvm_manager; printf '%s\\n' \"${COMPREPLY[@]}\"", user="alice").split()
        expect("guest-info" in words and "list" not in words, f"completed: {words}")
        words = in_root("bash", "-c", ". /usr/share/bash-completion/completions/kvm-manager; "
                        "COMP_WORDS=(kvm-manager --connect test:///default guest-info t); COMP_CWORD=4; _kvm_manager; "
                        "printf '%s\\n' \"${COMPREPLY[@]}\"", user="alice").split()
        expect_equal(words, ["test"], "completed machines")

    def shows_window(self):
        """Of a user who has never started it, with the settings as they come."""
        screenshot = pathlib.Path(os.environ["KVMM_TEST_SCREENSHOT"])
        with Display() as display:
            display.start("alice")
            wait_until(display.windows, STEP_SECONDS, "the window", 0.5)
            # As long as it connects, something moves.
            wait_until(lambda: display.is_calm(screenshot), STEP_SECONDS, "a window with something in it that stands still", 1)
        said = (harness.PRIVATE / "window.log").read_text(errors="replace")
        bad = [line for line in said.splitlines() if re.search(r"CRITICAL|Settings schema|icon.*not (found|present)", line)]
        expect_equal(bad, [], "what the program complained of")

    # ---- with libvirt and a guest -------------------------------------------------------------------------------------

    def starts_libvirt(self):
        """As Debian configures it, but for the question at the login, which no session is there to answer, and for what
        needs a machine of its own."""
        conf = ROOT / "etc/libvirt"
        with open(conf / "libvirtd.conf", "a", encoding="ascii") as file:
            file.write('\nunix_sock_group = "libvirt"\nunix_sock_rw_perms = "0770"\nauth_unix_rw = "none"\n')
        with open(conf / "qemu.conf", "a", encoding="ascii") as file:
            file.write("\nnamespaces = [ ]\ncgroup_controllers = [ ]\n")
        in_root("virtlogd", "-d")
        in_root("libvirtd", "-d")

        def connected():
            try:
                return harness.Host()
            except libvirt.libvirtError:
                return None
        self.host = wait_until(connected, STEP_SECONDS, "libvirt in the Debian", 0.2)
        expect("<model>dac</model>" in self.host.connection.getCapabilities(), "QEMU runs as a user of its own")

    def program(self, *arguments, timeout=STEP_SECONDS):
        return in_root("kvm-manager", *arguments, user="alice", timeout=timeout)

    def boots(self):
        harness.prepare_image()
        harness.PRIVATE.chmod(0o1777)
        self.guest = self.host.guest("bare", agent=False)
        self.second = self.host.guest("second", agent=False)
        self.guest.start()
        self.guest.log_in()
        expect("/var/lib/kvm-manager" in self.program("agent-iso"), "the installed disc is the one that is taken")

    def mounts(self):
        self.program("mount-agent-iso", "bare")
        expect_equal(self.guest.drive_source(), ISO, "the medium")
        self.guest.run("mkdir -p /mnt/kvmm")
        self.mount_in_guest()
        expect_equal(self.guest.run("cat /mnt/kvmm/VERSION"), OLDER, "the version on the disc")
        expect_equal(in_root("stat", "-c", "%a %U:%G", ISO).strip(), "644 root:root", "the disc's owner while it is mounted")

    def mount_in_guest(self):
        wait_until(lambda: self.guest.run("mount -t iso9660 -o ro /dev/sr0 /mnt/kvmm 2>/dev/null && echo yes; true"),
                   STEP_SECONDS, "the disc in the guest", 0.5)

    def has_facts(self):
        self.guest.run("sh /mnt/kvmm/install.sh", STEP_SECONDS)
        facts = json.loads(self.program("guest-info", "bare", "--json", "--wait", str(STEP_SECONDS), timeout=STEP_SECONDS + 60))
        expect_equal(facts["system"]["hostname"], "bare", "the facts of the guest")

    def upgrades(self):
        old = self.guest.run("sha256sum </dev/sr0", STEP_SECONDS)
        apt("install", "--no-install-recommends", *packages("newer"))
        expect(not version_of("kvm-manager-guest-agent").startswith(OLDER), "the newer package is there")
        expect_equal(in_root("dpkg", "--verify", "kvm-manager", "kvm-manager-guest-agent"), "", "changed files")
        self.guest.run("echo 3 >/proc/sys/vm/drop_caches")
        expect_equal(self.guest.run("sha256sum </dev/sr0", STEP_SECONDS), old, "the disc that the guest reads")
        self.guest.run("cd / && umount /mnt/kvmm")
        self.program("mount-agent-iso", "bare", "--eject")
        self.program("mount-agent-iso", "bare")
        self.mount_in_guest()
        expect(version_of("kvm-manager-guest-agent").startswith(self.guest.run("cat /mnt/kvmm/VERSION") + "-"),
               "the guest sees the newer disc")

    def purges(self):
        """A running machine, and a stopped one whose definition names the disc."""
        self.program("mount-agent-iso", "second")
        apt("purge", "kvm-manager", "kvm-manager-guest-agent")
        expect_equal(self.files() - self.before, set(), "files that are left")
        expect_equal((self.guest.run("cat /mnt/kvmm/VERSION") != "", self.guest.is_active()), (True, True),
                     "the machine goes on")
        self.guest.destroy()
        for guest in (self.guest, self.second):
            guest.start()
            guest.log_in()
            guest.destroy()


def main():
    cases = Cases()
    names = [
        ("apt installs it with no more than it asks for", cases.installs),
        ("nothing is missing; the disc is where QEMU may read it", cases.is_complete),
        ("bash completes commands and machines", cases.completes),
    ]
    if KIND == "host":
        names += [
            ("libvirt as Debian configures it", cases.starts_libvirt),
            ("a guest boots; the installed disc is chosen by itself", cases.boots),
            ("the window appears for a user who is not root", cases.shows_window),
            ("the disc is mounted by a user who is not root", cases.mounts),
            ("installed from the disc, the agent tells facts", cases.has_facts),
            ("an upgrade while the guest reads the disc", cases.upgrades),
            ("purged: no file is left, the machines start", cases.purges),
        ]
    else:
        names.append(("the window appears for a user who is not root", cases.shows_window))
    try:
        passed = harness.run_cases(names, cases.diagnose)
    finally:
        if cases.host:
            cases.host.close()
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
