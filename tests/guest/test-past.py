#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""What happens to a session when the machine below it does not go straight on: snapshots, saving, pauses, resets, a clock
that is set, and a port that is pulled out."""

import contextlib
import subprocess
import time

import harness
import kvma
from harness import expect, expect_equal, wait_until

# A session that was put back is noticed by its sequence numbers, or by HELLO's repetition.
BACK_SECONDS = 12
IDLE_SECONDS = 10


class Cases:
    def __init__(self, host):
        self.host = host
        self.guest = host.guest("past", own_socket=True, snapshots=True)
        self.guest.start()
        self.guest.log_in()
        self.client = None

    def agent(self):
        if self.client is None:
            self.client = kvma.Client(str(self.guest.socket))
        if not self.client.session:
            self.client.hello()
        return self.client

    def diagnose(self):
        log = (harness.PRIVATE / "libvirtd.log").read_text(errors="replace").splitlines()[-8:]
        console = self.guest.console.log[-800:].decode(errors="replace") if self.guest.console else ""
        return "\n".join([console, *log])

    def monitor(self, command):
        """QEMU's own monitor: what it says is empty when it could."""
        result = subprocess.run(["virsh", "-c", harness.URI, "qemu-monitor-command", self.guest.name, "--hmp", command],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=True)
        expect_equal(result.stdout.strip(), "", command)

    def is_refused(self):
        """Whether the session is found to be over: by a sequence that does not go on, or by a BYE."""
        try:
            self.client.ping(BACK_SECONDS)
            return False
        except (kvma.Closed, kvma.ProtocolError):
            self.client.session = 0
            return True

    def is_new(self):
        """A new session that works, and only once."""
        started = time.monotonic()
        agent = self.agent()
        expect(time.monotonic() - started < BACK_SECONDS, f"it took {time.monotonic() - started:.1f} s")
        expect_equal(agent.call("sys.info")["hostname"], "past", "host name")
        agent.subscribe("metrics.sample")
        events = [agent.wait_event("metrics.sample")["n"] for _ in range(3)]
        expect_equal(events, [1, 2, 3], "events, each once")

    # ---- cases

    def snapshot(self):
        agent = self.agent()
        agent.subscribe("metrics.sample")
        agent.wait_event("metrics.sample")
        self.monitor("savevm before")
        for _ in range(3):
            agent.ping()
        session = agent.session
        self.monitor("loadvm before")
        expect(self.is_refused(), "the old session went on as if nothing had been")
        self.is_new()
        expect(self.client.session != session, "the session is the old one")
        # Once more: what is put back now has a session that neither side knows.
        self.monitor("loadvm before")
        expect(self.is_refused(), "the second time the old session went on")
        self.is_new()

    def pause(self):
        agent = self.agent()
        agent.ping()
        session = agent.session
        self.guest.domain.suspend()
        request = agent.start_call("sys.info")
        with contextlib.suppress(TimeoutError):
            agent.finish_call(request, 5)
            raise AssertionError("a machine that is paused has answered")
        self.guest.domain.resume()
        expect_equal(agent.finish_call(request, 30)["hostname"], "past", "the answer after the pause")
        expect_equal(agent.session, session, "session")

    def clock(self):
        agent = self.agent()
        agent.subscribe("time.jump")
        self.guest.run("date -s @$(($(date +%s) + 3600)) >/dev/null")
        jump = agent.wait_event("time.jump")
        expect(3_590_000 < jump["delta_ms"] < 3_610_000, f"{jump}")

    def managed_save(self):
        agent = self.agent()
        boot_id = agent.welcome["boot_id"]
        self.guest.console.close()
        self.guest.domain.managedSave()
        self.client.close()
        self.client = None
        expect(not self.guest.is_active(), "it still runs")
        self.guest.domain.create()
        self.guest.console = harness.Console(self.guest.serial)
        self.is_new()
        expect_equal(self.client.welcome["boot_id"], boot_id, "boot_id: it is the same boot")

    def unplug(self):
        agent = self.agent()
        pid = self.guest.agent_pid()
        device = next(part for part in self.guest.domain.XMLDesc().split("<channel")[1:] if harness.CHANNEL in part)
        device = "<channel" + device.split("</channel>")[0] + "</channel>"
        self.guest.domain.detachDevice(device)
        wait_until(lambda: not self.guest.has_channel(), 20, "the end of the channel")
        with contextlib.suppress(ConnectionError, OSError, TimeoutError):
            agent.pump(lambda: False, 2)
        agent.close()
        self.client = None
        # It waits for a port as it did at its start, and does not spin.
        expect_equal(self.guest.agent_pid(), pid, "the agent")
        self.guest.domain.attachDevice(f"<channel type='unix'><source mode='bind' path='{self.guest.socket}'/>"
                                       f"<target type='virtio' name='{harness.CHANNEL}'/></channel>")
        self.is_new()
        expect_equal(self.guest.agent_pid(), pid, "the agent after it")

    def idle(self):
        """A host that only listens: what wakes the agent up is what that host asked for, which is nothing."""
        agent = self.agent()
        agent.hello()
        count = f"awk '/ctxt/ {{sum += $2}} END {{print sum}}' /proc/{self.guest.agent_pid()}/status"
        before = int(self.guest.run(count))
        with contextlib.suppress(TimeoutError):
            agent.pump(lambda: False, IDLE_SECONDS)
        more = int(self.guest.run(count)) - before
        print(f"# {more} wake-ups within {IDLE_SECONDS} s")
        expect(more * 60 <= 6 * IDLE_SECONDS + 60, f"{more} wake-ups within {IDLE_SECONDS} s")

    def reset(self):
        """A whole boot of an emulated guest, which may take half a minute where much else runs."""
        agent = self.agent()
        boot_id = agent.welcome["boot_id"]
        agent.start_call("power.shutdown", {"mode": "poweroff", "delay_ms": 600000})
        start = len(self.guest.console.log)
        self.guest.domain.reset()
        self.guest.console.log_in(start)
        agent.session = 0
        agent.hello(60)
        expect(agent.welcome["boot_id"] != boot_id, "the boot is the old one")
        expect_equal(agent.call("agent.info")["counters"]["requests"], 1, "requests of the new agent")


def make_cases(host):
    cases = Cases(host)
    return [
        ("back to a snapshot, twice: a new session", cases.snapshot),
        ("paused: the answer comes after it", cases.pause),
        ("the clock is set: time.jump", cases.clock),
        ("managed save: the same boot, a new session", cases.managed_save),
        ("the port is unplugged while open, and comes back", cases.unplug),
        ("few wake-ups beside a host that asks for nothing", cases.idle),
        ("reset in mid-call: no ghost", cases.reset),
    ], cases.diagnose


if __name__ == "__main__":
    harness.main(make_cases)
