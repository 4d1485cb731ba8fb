# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""The program on a terminal, for the commands that are one."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time


class Terminal:
    """The program on a terminal of its own."""

    def __init__(self, program, *arguments, uri=os.environ["KVMM_LIBVIRT_URI"], columns=80, rows=24):
        self.master, slave = pty.openpty()
        self.resize(columns, rows)
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.output = b""
        self.process = subprocess.Popen(
            [program.path, "--connect", uri, *arguments], env={**program.environment, "TERM": "vt100"},
            stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def resize(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def say(self, text):
        os.write(self.master, text)

    def wait_for(self, *texts, timeout=60):
        """The first of these that is shown, and what comes behind it is looked at next."""
        deadline = time.monotonic() + timeout
        while not any(text in self.output for text in texts):
            ready, _, _ = select.select([self.master], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError(f"the terminal did not show {texts!r}; it shows {self.output!r}")
            self.output += os.read(self.master, 65536)
        first = min((text for text in texts if text in self.output), key=self.output.index)
        self.output = self.output.split(first, 1)[1]
        return first

    def drain(self):
        while select.select([self.master], [], [], 0)[0]:
            self.output += os.read(self.master, 65536)

    def wait(self, timeout=30):
        deadline = time.monotonic() + timeout
        while self.process.poll() is None:
            self.drain()
            if time.monotonic() > deadline:
                self.process.kill()
                raise TimeoutError(f"the program did not end; the terminal shows {self.output!r}")
            time.sleep(0.02)
        return self.process.returncode

    def is_restored(self):
        return termios.tcgetattr(self.slave) == self.before

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.slave)
        os.close(self.master)
