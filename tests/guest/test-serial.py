#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""The serial console of a real guest through libvirt: its kernel's words, its shell, the size of the screen, a restart
from inside, and a console on virtio."""

import os
import re

import harness
from harness import expect, expect_equal
from terminal import Terminal

ESCAPE = b"\x1d"


class SerialGuest(harness.Guest):
    """Its console is libvirt's to open."""

    def xml(self, *arguments):
        text = super().xml(*arguments)
        text = re.sub(r"<(serial|console) type='unix'>.*?</\1>", "", text)
        return text.replace("<rng ", "<serial type='pty'/><console type='pty'><target type='serial'/></console>"
                            "<console type='pty'><target type='virtio'/></console><rng ").replace(" quiet ", " ")

    def start(self):
        self.domain.create()


class Cases:
    """The cases, in their order: one session from the start of the machine on."""

    def __init__(self, host):
        self.guest = host.guest("eta", SerialGuest, agent=False, channel=False)
        self.program = harness.Program(os.environ["KVMM_TEST_PROGRAM"])
        self.guest.start()
        self.terminal = self.other = None

    def diagnose(self):
        return repr(self.terminal.output[-2000:]) if self.terminal else ""

    def wait_for(self, text):
        self.terminal.wait_for(text, timeout=harness.BOOT_SECONDS)

    def hears_the_kernel(self):
        self.terminal = Terminal(self.program, "serial", "eta")
        self.wait_for(b"Connected to Serial 1")
        # What was said before is gone: QEMU keeps nothing for a terminal that nobody has opened.
        self.guest.domain.reset()
        self.wait_for(b"Linux version")

    def runs_a_command(self):
        self.wait_for(b"# ")
        # Put together by the shell, so that its echo is not it.
        self.terminal.say(b"echo he''re-$((40 + 2)) $(tty)\r")
        self.wait_for(b"here-42 /dev/ttyS0")

    def sets_the_size(self):
        self.terminal.say(b"stty rows 37 cols 119\r")
        self.terminal.say(b"stty size | tr ' ' x\r")
        self.wait_for(b"37x119")

    def interrupts_a_command(self):
        # Said by what is to be interrupted: a shell that is just about to start it may hold the signal back.
        self.terminal.say(b"sh -c 'echo wai''ting; exec sleep 1000'\r")
        self.wait_for(b"waiting")
        self.terminal.say(b"\x03")
        # What is typed before the shell is back may be thrown away with the interrupt.
        self.wait_for(b"# ")
        self.terminal.say(b"echo a''live\r")
        self.wait_for(b"alive")

    def stays_over_a_reboot(self):
        self.terminal.say(b"reboot\r")
        self.wait_for(b"Linux version")
        self.wait_for(b"# ")

    def says_when_it_stops(self):
        self.guest.domain.destroy()
        expect_equal(self.terminal.wait(60), 0, "the exit code")
        expect(self.terminal.is_restored(), "the terminal is not as before")

    def opens_a_virtio_console(self):
        self.guest.start()
        self.terminal = Terminal(self.program, "serial", "eta", "--device", "console1")
        self.wait_for(b"Connected to Virtio console 1")
        other = Terminal(self.program, "serial", "eta")
        other.wait_for(b"# ", timeout=harness.BOOT_SECONDS)
        other.say(b"echo through-virtio >/dev/hvc0\r")
        self.wait_for(b"through-virtio")
        self.other = other

    def a_flood_loses_the_oldest(self):
        """Nobody reads what the program prints; the guest must not make it grow or end."""
        self.other.say(b"head -c 4000000 /dev/zero | tr '\\0' x >/dev/hvc0; echo flood-over >/dev/hvc0; echo do''ne\r")
        self.other.wait_for(b"done", timeout=harness.BOOT_SECONDS)
        self.wait_for(b"flood-over")
        for terminal in (self.terminal, self.other):
            terminal.say(ESCAPE)
            expect_equal(terminal.wait(60), 0, "the exit code")
            terminal.drain()
        expect(b"bytes came faster than they could be written" in self.terminal.output,
               f"nothing is said of what was lost: {self.terminal.output!r}")


def make_cases(host):
    cases = Cases(host)
    names = ("hears_the_kernel", "runs_a_command", "sets_the_size", "interrupts_a_command", "stays_over_a_reboot",
             "says_when_it_stops", "opens_a_virtio_console", "a_flood_loses_the_oldest")
    return [(name, getattr(cases, name)) for name in names], cases.diagnose


if __name__ == "__main__":
    harness.main(make_cases)
