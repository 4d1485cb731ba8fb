# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""What the tests with real guests share: the private libvirt they run beside, machines and their serial consoles, the
program without a window, and a runner that prints TAP. Run through run.sh, which sets the environment."""

import contextlib
import json
import os
import pathlib
import re
import select
import shlex
import socket
import subprocess
import sys
import time
import traceback

import libvirt

URI = os.environ["KVMM_LIBVIRT_URI"]
CONTROL = os.environ["KVMM_LIBVIRT_CONTROL"]
PRIVATE = pathlib.Path(os.environ["KVMM_PRIVATE_DIR"])
IMAGE = pathlib.Path(os.environ["KVMM_TEST_IMAGE"])
CHANNEL = "org.kvmmanager.agent.1"
# An emulated guest on a busy machine; what goes well takes 5 to 10 seconds.
BOOT_SECONDS = 90
# What goes well takes a part of each limit; a busy computer takes its time.
PATIENCE = 3

libvirt.registerErrorHandler(lambda *_: None, None)


def wait_until(done, timeout, what, pause=0.05):
    """Asks done() until it is true; returns what it returned. On a busy computer all takes its time."""
    deadline = time.monotonic() + PATIENCE * timeout
    while True:
        result = done()
        if result:
            return result
        if time.monotonic() >= deadline:
            raise TimeoutError(f"{what}: not within {PATIENCE * timeout} s")
        time.sleep(pause)


def expect(condition, text):
    if not condition:
        raise AssertionError(text)


def expect_equal(got, wanted, what):
    expect(got == wanted, f"{what}: {got!r}, expected {wanted!r}")


def expect_near(got, wanted, fraction, what):
    expect(abs(got - wanted) <= fraction * max(abs(wanted), 1),
           f"{what}: {got}, expected {wanted} within {fraction:.1%}")


def is_sanitized():
    """Whether this build's agent carries a sanitizer, which needs memory and time of its own."""
    with open(os.environ["KVMM_TEST_AGENT"], "rb") as file:
        return b"__asan_init" in file.read()


class Console:
    """The serial console of a guest: a root shell behind a login. The socket is QEMU's, so that it does not break with
    libvirt's daemon."""

    def __init__(self, path):
        self.log = b""
        self.count = 0
        self.socket = socket.socket(socket.AF_UNIX)
        wait_until(lambda: os.path.exists(path), 10, f"{path}")
        self.socket.connect(str(path))

    def close(self):
        self.socket.close()

    def read(self, timeout):
        ready, _, _ = select.select([self.socket], [], [], max(0, timeout))
        if ready:
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError("the console was closed")
            self.log += data
        return bool(ready)

    def wait_for(self, pattern, timeout, start):
        """The match of the pattern in what came since start."""
        deadline = time.monotonic() + PATIENCE * timeout
        while True:
            match = re.compile(pattern, re.DOTALL).search(self.log, start)
            if match:
                return match
            if not self.read(deadline - time.monotonic()) and time.monotonic() >= deadline:
                tail = self.log[-1500:].decode(errors="replace")
                raise TimeoutError(f"the console did not show {pattern!r} within {PATIENCE * timeout} s; it ends with:\n{tail}")

    def log_in(self, start=0):
        """Waits for the shell, and makes it silent."""
        self.wait_for(rb":[^\n]*# ", BOOT_SECONDS, start)
        # A shell on a terminal edits and echoes its lines; one that writes into a pipe does not.
        self.socket.sendall(b"stty -echo; sh -s | cat; exit\n")
        self.run("true")

    def start(self, command):
        self.count += 1
        mark = f"kvmm-{os.getpid()}-{self.count}"
        start = len(self.log)
        # The mark is put together by the shell, so that its echo is not it.
        self.socket.sendall(f"{{ {command}\n}} 2>&1; printf '\\n%s:%s\\n' '{mark[:4]}''{mark[4:]}' $?\n".encode())
        return mark, start

    def run(self, command, timeout=90, check=True):
        """Runs a command in the guest's shell; returns its output."""
        mark, start = self.start(command)
        match = self.wait_for(rb"(.*?)\r?\n" + mark.encode() + rb":(\d+)", timeout, start)
        output = match[1].decode(errors="replace").replace("\r\n", "\n").strip("\n")
        if check and match[2] != b"0":
            raise AssertionError(f"in the guest, {command!r} ended with {match[2].decode()}:\n{output}")
        return output

    def run_unchecked(self, command, timeout=90):
        """The status and the output."""
        output = self.run(f"{command}\nprintf '\\nstatus %s' $?", timeout)
        text, _, status = output.rpartition("status ")
        return int(status), text.rstrip("\n")


class Guest:
    """A machine with one of the guest's image."""

    # An image with a sanitizer's libraries needs most of it: half is what the kernel unpacks it into.
    memory_mib = 256

    def __init__(self, host, name, *, agent=True, channel=True, options="", own_socket=False, qga=False, disk_mib=64,
                 snapshots=False):
        self.host = host
        self.name = name
        self.agent = agent
        self.console = None
        self.serial = PRIVATE / f"{name}.tty"
        self.socket = PRIVATE / f"{name}.kvma"
        self.qga_socket = PRIVATE / f"{name}.qga"
        self.disks = [PRIVATE / f"{name}-{disk}.img" for disk in ("root", "data")]
        for disk in self.disks:
            if snapshots:
                subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", str(disk), f"{disk_mib}M"], check=True)
            else:
                with open(disk, "wb") as file:
                    file.truncate(disk_mib << 20)
            disk.chmod(0o666)
        self.format = "qcow2" if snapshots else "raw"
        self.domain = host.connection.defineXML(self.xml(channel, options, own_socket, qga))

    def xml(self, channel, options, own_socket, qga):
        """own_socket: the channel's socket is where a test can connect to it without libvirt; qga "own": likewise, under
        a name that libvirt does not take for itself."""
        source = f"<source mode='bind' path='{self.socket}'/>" if own_socket else ""
        channel = f"<channel type='unix'>{source}<target type='virtio' name='{CHANNEL}'/></channel>" if channel else ""
        if qga == "own":
            channel += (f"<channel type='unix'><source mode='bind' path='{self.qga_socket}'/>"
                        "<target type='virtio' name='org.qemu.guest_agent.own'/></channel>")
        elif qga:
            channel += "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"
        if not self.agent:
            options += " kvmm.agent=no"
        disks = "".join(
            f"<disk type='file' device='disk'><driver name='qemu' type='{self.format}'/><source file='{path}'/>"
            f"<target dev='{target}' bus='virtio'/><serial>{self.name}-{target}</serial></disk>"
            for path, target in zip(self.disks, ("vda", "vdb")))
        return f"""
<domain type='qemu'>
  <name>{self.name}</name>
  <memory unit='MiB'>{self.memory_mib}</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>{PRIVATE}/vmlinuz</kernel>
    <initrd>{PRIVATE}/initramfs.img</initrd>
    <cmdline>console=ttyS0 quiet kvmm.root=disk kvmm.hostname={self.name} {options}</cmdline>
  </os>
  <features><acpi/><apic/></features>
  <devices>
    {disks}
    <disk type='file' device='cdrom'><target dev='hda' bus='ide'/><readonly/></disk>
    <controller type='virtio-serial' index='0'/>
    <interface type='user'><model type='virtio'/></interface>
    {channel}
    <serial type='unix'><source mode='bind' path='{self.serial}'/></serial>
    <console type='unix'><source mode='bind' path='{self.serial}'/></console>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
    <memballoon model='none'/>
  </devices>
</domain>"""

    def start(self):
        self.domain.create()
        self.console = Console(self.serial)

    def log_in(self):
        self.console.log_in()

    def run(self, command, timeout=90):
        return self.console.run(command, timeout)

    def agent_pid(self):
        """The agent's process id in the guest, or None."""
        text = self.run("for p in /proc/[0-9]*; do case $(readlink $p/exe) in "
                        "/usr/libexec/kvm-manager-agent*) echo ${p#/proc/};; esac; done; true")
        return int(text.split()[0]) if text else None

    def boot_id(self):
        return self.run("cat /proc/sys/kernel/random/boot_id")

    def reboot(self):
        """From inside; returns when the shell of the new boot is there."""
        start = len(self.console.log)
        self.console.start("reboot")
        self.console.log_in(start)

    def wait_for_address(self):
        return wait_until(lambda: self.run("ip -4 -o addr show dev eth0 scope global | sed -n 's/.*inet \\([0-9.]*\\).*/\\1/p'"),
                          BOOT_SECONDS, f"an address of {self.name}", 0.2)

    def is_active(self):
        return bool(self.domain.isActive())

    def has_channel(self):
        return f"name='{CHANNEL}'" in self.domain.XMLDesc()

    def drive_source(self):
        """The medium in the CD drive, or None."""
        drive = re.search(r"<disk type='\w+' device='cdrom'>.*?</disk>", self.domain.XMLDesc(), re.DOTALL)
        source = re.search(r"<source file='([^']*)'", drive[0])
        return source[1] if source else None

    def destroy(self):
        if self.console is not None:
            self.console.close()
            self.console = None
        with contextlib.suppress(libvirt.libvirtError):
            self.domain.destroy()


class Host:
    """The private libvirt."""

    def __init__(self):
        self.connection = libvirt.open(URI)
        self.guests = {}

    def guest(self, name, kind=Guest, **options):
        self.guests[name] = kind(self, name, **options)
        return self.guests[name]

    def control(self, *words):
        with open(CONTROL, "w", encoding="ascii") as pipe:
            pipe.write("".join(f"{word}\n" for word in words))

    def kill_daemon(self):
        self.control("kill")

    def start_daemon(self):
        """Starts it again, and finds the guests again."""
        self.control("start")

        def connected():
            try:
                return libvirt.open(URI)
            except libvirt.libvirtError:
                return None
        self.connection = wait_until(connected, 20, "libvirtd")
        for guest in self.guests.values():
            guest.domain = self.connection.lookupByName(guest.name)

    def close(self):
        for guest in self.guests.values():
            guest.destroy()


class Program:
    """The program's commands, which need no display."""

    def __init__(self, path, **environment):
        self.path = path
        self.environment = {**os.environ, **environment, "LC_ALL": "C.UTF-8"}

    def run(self, *arguments, timeout=120, uri=URI):
        return subprocess.run([self.path, "--connect", uri, *arguments], env=self.environment, timeout=timeout,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                              text=True, check=False)

    def start(self, *arguments, uri=URI):
        return subprocess.Popen([self.path, "--connect", uri, *arguments], env=self.environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def succeed(self, *arguments, **options):
        result = self.run(*arguments, **options)
        expect(result.returncode == 0,
               f"kvm-manager {shlex.join(arguments)} ended with {result.returncode}:\n{result.stderr}{result.stdout}")
        return result.stdout

    def guest_info(self, name, wait=60):
        return json.loads(self.succeed("guest-info", name, "--json", "--wait", str(wait), timeout=wait + 30))

    def list(self):
        return {machine["name"]: machine for machine in json.loads(self.succeed("list", "--json"))}


class Watch:
    """guest-watch: the model of the program, and a line for each of its changes."""

    def __init__(self, program, path, *names):
        self.lines = []
        self.buffer = b""
        self.process = subprocess.Popen([path, URI, *names], env=program.environment,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def close(self):
        self.process.stdin.close()
        try:
            status = self.process.wait(30)
        finally:
            self.process.kill()
        expect_equal(status, 0, "exit status of guest-watch")

    def say(self, line):
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()

    def read(self, timeout):
        ready, _, _ = select.select([self.process.stdout], [], [], max(0, timeout))
        if not ready:
            return
        data = os.read(self.process.stdout.fileno(), 65536)
        if not data:
            raise EOFError("guest-watch has ended")
        *lines, self.buffer = (self.buffer + data).split(b"\n")
        self.lines += [json.loads(line) for line in lines]

    def mark(self):
        """From here on: for wait_for()."""
        self.read(0)
        return len(self.lines)

    def wait_for(self, what, name=None, wanted=lambda line: True, timeout=90, since=0):
        """The first such line since the mark."""
        deadline = time.monotonic() + timeout
        looked = since
        while True:
            for line in self.lines[looked:]:
                if line["what"] == what and line.get("name") == name and wanted(line):
                    return line
            looked = len(self.lines)
            if time.monotonic() >= deadline:
                seen = [line for line in self.lines[since:] if line["what"] not in ("metrics", "interfaces")]
                raise TimeoutError(f"{what} of {name} not within {timeout} s; seen: {seen[-12:]}")
            self.read(min(0.5, deadline - time.monotonic()))

    def wait_for_state(self, name, *states, timeout=90, since=0):
        return self.wait_for("guest", name, lambda line: line["state"] in states, timeout, since)

    def last(self, what, name=None):
        self.read(0)
        return next((line for line in reversed(self.lines) if line["what"] == what and line.get("name") == name), None)


def run_cases(cases, diagnose=lambda: ""):
    """Runs the cases in their order and prints TAP; returns whether all passed. A case that needs what an earlier one
    left is in the same list after it."""
    print(f"1..{len(cases)}")
    passed = True
    for number, (name, case) in enumerate(cases, 1):
        started = time.monotonic()
        try:
            case()
            print(f"ok {number} {name}")
        except Exception:  # pylint: disable=broad-except
            passed = False
            print(f"not ok {number} {name}", flush=True)
            # Of a case that fails Meson shows the error stream only.
            print(f"{name}: {traceback.format_exc()}{diagnose()}", file=sys.stderr, flush=True)
        print(f"# {time.monotonic() - started:.1f} s", flush=True)
    return passed


def prepare_image():
    """Copies of the image for QEMU: it may run as somebody who cannot enter the build folder."""
    for name in ("vmlinuz", "initramfs.img"):
        target = PRIVATE / name
        target.write_bytes((IMAGE / name).read_bytes())
        target.chmod(0o644)
    PRIVATE.chmod(0o755)


def main(make_cases):
    """make_cases(host) returns the cases and a function for what is worth knowing after a failure."""
    prepare_image()
    host = Host()
    try:
        cases, diagnose = make_cases(host)
        status = 0 if run_cases(cases, diagnose) else 1
    except Exception:  # pylint: disable=broad-except
        print("Bail out! the guests could not be started")
        traceback.print_exc()
        status = 1
    finally:
        host.close()
    sys.exit(status)
