#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""kvm-manager serial, on a terminal of its own, with machines that QEMU really runs. There is no disk in them, so that
iPXE comes up, which has a shell on the first serial port."""

import os
import pathlib
import signal
import subprocess
import sys
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "guest"))

import libvirt  # noqa: E402
from terminal import Terminal  # noqa: E402

URI = os.environ["KVMM_LIBVIRT_URI"]
PRIVATE = pathlib.Path(os.environ["KVMM_PRIVATE_DIR"])
ESCAPE = b"\x1d"

MACHINE = """
<domain type='qemu'>
  <name>alpha</name>
  <memory unit='MiB'>64</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type><bios useserial='yes'/></os>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <interface type='user'><model type='e1000'/></interface>
    <serial type='pty'/>
    <serial type='pty'/>
    <memballoon model='none'/>
  </devices>
</domain>"""


class Program:
    path = os.environ["KVMM_PROGRAM"]
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}


def expect_equal(got, wanted, what):
    if got != wanted:
        raise AssertionError(f"{what}: got {got!r} instead of {wanted!r}")


class Cases:
    def __init__(self):
        libvirt.registerErrorHandler(lambda *_: None, None)
        self.connection = libvirt.open(URI)
        self.machine = self.connection.defineXML(MACHINE)

    def open(self, *arguments):
        return Terminal(Program, "serial", "alpha", *arguments, uri=URI)

    def renew(self, flags=0):
        if self.machine.isActive():
            self.machine.destroy()
        self.machine.createWithFlags(flags)

    def leaves(self, terminal, code, text=b""):
        expect_equal(terminal.wait(), code, f"the exit code; the terminal shows {terminal.output!r}")
        terminal.drain()
        expect_equal(terminal.is_restored(), True, "that the terminal is as before")
        expect_equal(text in terminal.output, True, f"{text!r} in {terminal.output!r}")

    def speaks_both_ways(self):
        # It says nothing before somebody listens; then it asks for Ctrl+B once or twice, for a moment each time.
        self.renew(libvirt.VIR_DOMAIN_START_PAUSED)
        terminal = self.open()
        terminal.wait_for("Connected to Serial 1 of “alpha”. Ctrl+] leaves.".encode())
        self.machine.resume()
        while terminal.wait_for(b"iPXE>", b"Press Ctrl-B") != b"iPXE>":
            terminal.say(b"\x02")
        # Ctrl+C is the guest's.
        terminal.say(b"\x03")
        terminal.wait_for(b"iPXE>")
        # One after the other: on a busy computer the firmware loses what comes faster than it reads.
        for byte in b"echo got-${net0/chip}":
            terminal.say(bytes([byte]))
            terminal.wait_for(bytes([byte]))
        terminal.say(b"\r")
        terminal.wait_for(b"got-82540em")
        terminal.say(ESCAPE)
        self.leaves(terminal, 0)

    def another_port(self):
        terminal = self.open("--device", "serial1")
        terminal.wait_for(b"Connected to Serial 2")
        terminal.say(ESCAPE)
        self.leaves(terminal, 0)
        self.leaves(self.open("--device", "serial7"), 3, "“alpha” has no serial port or console “serial7”".encode())

    def one_at_a_time(self):
        first = self.open()
        first.wait_for(b"Connected to")
        self.leaves(self.open(), 6, b"--force takes it over")
        second = self.open("--force")
        second.wait_for(b"Connected to")
        self.leaves(first, 6, b"Another program has taken over")
        second.say(ESCAPE)
        self.leaves(second, 0)

    def a_signal_restores_the_terminal(self):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            terminal = self.open()
            terminal.wait_for(b"Connected to")
            terminal.process.send_signal(number)
            self.leaves(terminal, 130 if number == signal.SIGINT else 143)

    def the_machine_stops(self):
        terminal = self.open()
        terminal.wait_for(b"Connected to")
        self.machine.destroy()
        self.leaves(terminal, 0, "“alpha” has stopped".encode())
        self.leaves(self.open(), 1, "“alpha” does not run".encode())

    def into_a_file(self):
        self.machine.create()
        path = PRIVATE / "out"
        with open(path, "wb") as out:
            process = subprocess.Popen([Program.path, "--connect", URI, "serial", "alpha"], env=Program.environment,
                                       stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 60
        while b"Booting from" not in path.read_bytes():
            if time.monotonic() > deadline or process.poll() is not None:
                raise AssertionError(f"the file holds {path.read_bytes()!r}; {process.poll()}")
            time.sleep(0.05)
        self.machine.destroy()
        _, errors = process.communicate(timeout=60)
        expect_equal(process.returncode, 0, f"the exit code; it says {errors!r}")

    def nobody_reads(self):
        """Output that cannot be written is said, and no reason to hang."""
        self.machine.create()
        with open("/dev/full", "wb") as full:
            result = subprocess.run([Program.path, "--connect", URI, "serial", "alpha"], env=Program.environment,
                                    stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
        expect_equal((result.returncode, b"cannot be written" in result.stderr), (1, True), result.stderr)

    def the_daemon_ends(self):
        terminal = self.open()
        terminal.wait_for(b"Connected to")
        with open(os.environ["KVMM_LIBVIRT_CONTROL"], "w", encoding="ascii") as control:
            control.write("kill\n")
        self.leaves(terminal, 4, b"was lost")


def main():
    cases = Cases()
    names = ["speaks_both_ways", "another_port", "one_at_a_time", "a_signal_restores_the_terminal", "the_machine_stops",
             "into_a_file", "nobody_reads", "the_daemon_ends"]
    status = 0
    print(f"1..{len(names)}")
    for number, name in enumerate(names, 1):
        try:
            getattr(cases, name)()
            print(f"ok {number} {name}", flush=True)
        except Exception:  # pylint: disable=broad-except
            status = 1
            print(f"not ok {number} {name}", flush=True)
            # Of a case that fails Meson shows the error stream only.
            print(f"{name}: {traceback.format_exc()}", file=sys.stderr, flush=True)
    sys.exit(status)


main()
