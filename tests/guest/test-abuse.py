#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""What a hostile or broken guest can do to the program and to libvirt, through a real channel: nothing to the other
guest, little memory, and no call that waits."""

import contextlib
import os
import pathlib
import threading
import time

import harness
import kvma
from harness import expect, expect_equal

RETURN_SECONDS = 60
SILENT_SECONDS = 90
# What a flood may cost the program; and a call that the flood holds up would wait as long as the flood lasts. How long it really takes
# is printed, not asserted: that depends on what else the computer does.
FLOOD_BYTES_MAX = 8 << 20
CALL_SECONDS_MAX = 5


class Cases:
    """The cases, in their order. gamma misbehaves, delta does not."""

    def __init__(self, host):
        self.host = host
        self.gamma = host.guest("gamma")
        self.delta = host.guest("delta")
        for guest in (self.gamma, self.delta):
            guest.start()
        for guest in (self.gamma, self.delta):
            guest.log_in()
        self.program = harness.Program(os.environ["KVMM_TEST_PROGRAM"])
        self.watch = None

    def diagnose(self):
        log = (harness.PRIVATE / "libvirtd.log").read_text(errors="replace").splitlines()[-8:]
        console = self.gamma.console.log[-800:].decode(errors="replace") if self.gamma.console else ""
        return "\n".join([console, *log])

    def resident(self):
        for line in pathlib.Path(f"/proc/{self.watch.process.pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmRSS")

    def hold_agent(self):
        self.gamma.run("touch /run/agent-hold")
        self.gamma.run(f"kill -9 {self.gamma.agent_pid()}")

    def port(self):
        return self.gamma.run(f"for n in /sys/class/virtio-ports/*/name; do grep -qx {harness.CHANNEL} $n && "
                              "echo /dev/$(basename $(dirname $n)); done; true")

    @contextlib.contextmanager
    def calls(self):
        """The slowest of many short calls on a connection of its own, meanwhile."""
        slowest = [0.0]
        end = threading.Event()

        def call():
            connection = harness.libvirt.open(harness.URI)
            while not end.wait(0.02):
                started = time.monotonic()
                connection.listAllDomains()
                slowest[0] = max(slowest[0], time.monotonic() - started)

        thread = threading.Thread(target=call)
        thread.start()
        try:
            yield slowest
        finally:
            end.set()
            thread.join()

    # ---- cases

    def start_watch(self):
        self.watch = harness.Watch(self.program, os.environ["KVMM_TEST_WATCH"], "gamma", "delta")
        for name in ("gamma", "delta"):
            self.watch.wait_for_state(name, "ready", timeout=RETURN_SECONDS)
            self.watch.wait_for("metrics", name)

    def survives_flood(self, command="cat /dev/urandom"):
        self.hold_agent()
        before = self.resident()
        most = 0
        since = self.watch.mark()
        with self.calls() as slowest:
            self.gamma.run(f"({command} > {self.port()}) >/dev/null 2>&1 & echo $! > /tmp/flood")
            deadline = time.monotonic() + 60
            while not any(line["what"] == "guest" and line["name"] == "gamma" and line["state"] == "blocked"
                          for line in self.watch.lines[since:]):
                expect(time.monotonic() < deadline, "the flood was not blocked")
                self.watch.read(0.05)
                most = max(most, self.resident())
            # The other guest goes on, and so does the flood into a channel that nobody reads.
            marked = self.watch.mark()
            for _ in range(2):
                self.watch.wait_for("metrics", "delta", since=marked)
                marked = self.watch.mark()
        self.gamma.run("kill $(cat /tmp/flood); killall -q yes tr; true")
        print(f"# resident +{(most - before) / 1024:.0f} KiB, slowest other call {slowest[0] * 1000:.1f} ms")
        expect(most - before < FLOOD_BYTES_MAX, f"the flood cost {most - before} bytes")
        expect(slowest[0] < CALL_SECONDS_MAX, f"another call took {slowest[0]:.3f} s")
        expect_equal(self.watch.last("guest", "delta")["state"], "ready", "state of the other machine")

    def survives_endless_frame(self):
        self.survives_flood("yes xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx | tr -d '\\n'")
        self.returns_on_request()

    def survives_tiny_frames(self):
        """Good frames of 16 bytes, of a session that is none: DATA that nobody granted."""
        frame = kvma.encode(kvma.DATA, b"12345678", seq=1, session=1, stream=1)
        octal = "".join(f"\\{byte:03o}" for byte in frame)
        self.gamma.run(f"printf '{octal}' > /tmp/f; for n in 1 2 3 4 5 6 7 8 9 10 11; do cat /tmp/f /tmp/f > /tmp/g; mv /tmp/g /tmp/f; done")
        self.survives_flood("cat $(yes /tmp/f | head -n 2000)")
        self.returns_on_request()

    def returns_on_request(self):
        since = self.watch.mark()
        self.gamma.run("rm /run/agent-hold")
        self.watch.say("retry gamma")
        self.watch.wait_for_state("gamma", "ready", timeout=RETURN_SECONDS, since=since)
        self.watch.wait_for("metrics", "gamma", since=since)

    def survives_deafness(self):
        pid = self.gamma.agent_pid()
        since = self.watch.mark()
        self.gamma.run(f"kill -STOP {pid}")
        self.watch.wait_for_state("gamma", "unresponsive", timeout=SILENT_SECONDS, since=since)
        self.watch.wait_for("metrics", "delta", since=self.watch.mark())
        expect(self.host.connection.isAlive(), "libvirt has dropped a connection")
        since = self.watch.mark()
        self.gamma.run(f"kill -CONT {pid}")
        self.watch.wait_for_state("gamma", "ready", timeout=RETURN_SECONDS, since=since)
        self.watch.wait_for("metrics", "gamma", since=since)

    def returns_from_an_older_past(self):
        """Saved, run on, and put back: twice, so that the second time an old session meets a newer host."""
        saved = harness.PRIVATE / "gamma.saved"
        self.gamma.console.close()
        self.gamma.domain.save(str(saved))
        for _ in range(2):
            with contextlib.suppress(harness.libvirt.libvirtError):
                self.gamma.domain.destroy()
            since = self.watch.mark()
            self.host.connection.restore(str(saved))
            self.watch.wait_for_state("gamma", "ready", timeout=RETURN_SECONDS, since=since)
            self.watch.wait_for("metrics", "gamma", since=since)
            expect(self.gamma.is_active(), "gamma does not run")
        self.gamma.console = harness.Console(self.gamma.serial)

    def ends(self):
        self.watch.close()


def make_cases(host):
    """The cases of this program."""
    cases = Cases(host)
    return [
        ("the model holds two machines", cases.start_watch),
        ("a flood is blocked, and costs the others nothing", cases.survives_flood),
        ("ready again on request", cases.returns_on_request),
        ("a frame without end is blocked too", cases.survives_endless_frame),
        ("and so are good frames of no session", cases.survives_tiny_frames),
        ("an agent that stops reading is unresponsive, and comes back", cases.survives_deafness),
        ("put back to an older past: ready again", cases.returns_from_an_older_past),
        ("the watcher ends", cases.ends),
    ], cases.diagnose


if __name__ == "__main__":
    harness.main(make_cases)
