#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""The program with real guests: what its commands and its model know of them, through libvirt, in good and bad
weather; and the agent's disc, from the drive to the installed agent."""

import json
import os
import re
import time

import harness
from harness import expect, expect_equal, expect_near, wait_until

LABEL = "KVMMANAGER_AGENT"
# libvirt's daemon is looked for again after 1, 2, 4 … s; a HELLO is repeated likewise.
RETURN_SECONDS = 60
# Three PINGs 10 s apart have to be missed.
SILENT_SECONDS = 75


class Cases:
    """The cases, in their order. gamma and delta have the agent; bare has neither agent nor channel; off does not run."""

    def __init__(self, host):
        self.host = host
        self.gamma = host.guest("gamma")
        self.delta = host.guest("delta")
        self.bare = host.guest("bare", agent=False, channel=False)
        self.off = host.guest("off")
        self.running = (self.gamma, self.delta, self.bare)
        self.iso = harness.PRIVATE / "kvmmanager-guest-agent.iso"
        with open(os.environ["KVMM_TEST_ISO"], "rb") as iso:
            self.iso.write_bytes(iso.read())
        self.iso.chmod(0o644)
        self.program = harness.Program(os.environ["KVMM_TEST_PROGRAM"], **self.settings())
        self.watch = None
        for guest in self.running:
            guest.start()
        for guest in self.running:
            guest.log_in()
            guest.wait_for_address()

    def settings(self):
        """Settings of our own, which name the disc of this build."""
        folder = harness.PRIVATE / "config"
        keyfile = folder / "glib-2.0" / "settings" / "keyfile"
        keyfile.parent.mkdir(parents=True, exist_ok=True)
        keyfile.write_text(f"[org/kvmmanager/KvmManager]\nagent-iso-path='{self.iso}'\n", encoding="utf-8")
        return {"GSETTINGS_BACKEND": "keyfile", "XDG_CONFIG_HOME": str(folder)}

    def diagnose(self):
        log = (harness.PRIVATE / "libvirtd.log").read_text(errors="replace").splitlines()[-5:]
        consoles = [f"{guest.name}: " + guest.console.log[-400:].decode(errors="replace")
                    for guest in self.running if guest.console]
        return "\n".join(consoles + log)

    # ---- commands

    def lists(self):
        machines = self.program.list()
        expect_equal(sorted(machines), ["bare", "delta", "gamma", "off"], "names")
        for guest in self.host.guests.values():
            expect_equal(machines[guest.name]["uuid"], guest.domain.UUIDString(), f"UUID of {guest.name}")
            expect_equal(machines[guest.name]["state"] == "running", guest.is_active(), f"{guest.name} runs")

    def ends_with_its_code(self):
        cases = {
            "no such machine": (3, ("guest-info", "nobody"), {}),
            "no connection": (4, ("list",), {"uri": f"qemu:///system?socket={harness.PRIVATE}/nothing"}),
            "a command that is none": (2, ("guest-info",), {}),
            "a machine that does not run": (5, ("guest-info", "off", "--wait", "1"), {}),
            "a machine without a channel": (5, ("guest-info", "bare", "--wait", "1"), {}),
        }
        for text, (code, arguments, options) in cases.items():
            result = self.program.run(*arguments, **options)
            expect_equal(result.returncode, code, f"{text}: exit status ({result.stderr.strip()})")
            expect(result.stderr.strip(), f"{text}: no message")

    def tells_facts(self):
        guest = self.gamma
        facts = self.program.guest_info("gamma")
        system = facts["system"]
        release = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', guest.run("cat /etc/os-release"), re.MULTILINE))
        expect_equal(facts["source"], "agent", "source")
        expect_equal(system["os_pretty"], release["PRETTY_NAME"], "system")
        expect_equal(system["kernel"], guest.run("uname -r"), "kernel")
        expect_equal(system["hostname"], "gamma", "hostname")
        expect_equal(system["boot_id"], guest.boot_id(), "boot_id")
        expect_equal(facts["address"], guest.wait_for_address(), "address")
        total = int(guest.run("free -k | awk '/^Mem/ {print $2}'")) * 1024
        available = int(guest.run("free -k | awk '/^Mem/ {print $7}'")) * 1024
        expect_near(system["memory_bytes"], total, 0.05, "memory")
        expect_near(facts["metrics"]["memory_available_bytes"], available, 0.05, "available memory")
        expect_equal([user["user"] for user in facts["users"]], ["root"], "users")

    def tells_disks(self):
        facts = self.program.guest_info("gamma")
        rows = [line.split() for line in self.gamma.run("df -P -k").splitlines() if line.startswith("/dev/")]
        shown = {fs["mount"]: fs for fs in facts["filesystems"]}
        expect_equal(sorted(shown), sorted(row[5] for row in rows), "mount points")
        for row in rows:
            expect_near(shown[row[5]]["total_bytes"], int(row[1]) * 1024, 0.01, f"size of {row[5]}")
            expect_near(shown[row[5]]["used_bytes"], int(row[2]) * 1024, 0.01, f"used bytes of {row[5]}")

    def tells_it_inert(self):
        """A guest whose name is markup, an escape and a reversal: what is printed has none of them."""
        guest = self.gamma
        guest.run("hostname \"$(printf '<b>\\033[31m\\342\\200\\256x&amp;\\ny')\"; kill -9 " + str(guest.agent_pid()))

        def told():
            result = self.program.run("guest-info", "gamma", "--json", "--wait", "30")
            return result.stdout if "<b>" in result.stdout else None
        try:
            text = wait_until(told, 60, "the name of the guest")
            name = json.loads(text)["system"]["hostname"]
            plain = self.program.succeed("guest-info", "gamma", "--wait", "30")
            for what, output in (("JSON", text), ("the name", name), ("the text", plain)):
                expect(not re.search("[\x00-\x09\x0b-\x1f\u202e]", output), f"{what}: {output!r}")
            expect("\n" not in name and "<b>" in name and "&amp;" in name, f"{name!r}")
        finally:
            guest.run(f"hostname {guest.name}")

    def tells_two(self):
        facts = [self.program.guest_info(name) for name in ("gamma", "delta")]
        expect_equal([each["system"]["hostname"] for each in facts], ["gamma", "delta"], "host names")
        expect_equal([each["system"]["boot_id"] for each in facts], [self.gamma.boot_id(), self.delta.boot_id()],
                     "boot ids")

    # ---- the model

    def start_watch(self):
        self.watch = harness.Watch(self.program, os.environ["KVMM_TEST_WATCH"], "gamma", "delta")
        for name in ("gamma", "delta"):
            line = self.watch.wait_for("guest", name, lambda line: line["state"] == "ready" and line["hostname"])
            expect_equal(line["hostname"], name, "hostname")

    def pushes_metrics(self):
        since = self.watch.mark()
        for name in ("gamma", "delta"):
            times = []
            for _ in range(3):
                line = self.watch.wait_for("metrics", name, lambda line: line["time_ms"] > (times or [0])[-1], 20, since)
                times.append(line["time_ms"])
        since = self.watch.mark()
        self.gamma.run("(while :; do :; done) & echo $! > /tmp/busy")
        self.watch.wait_for("metrics", "gamma", lambda line: (line["busy"] or 0) > 0.8, 30, since)
        self.gamma.run("kill $(cat /tmp/busy)")
        since = self.watch.mark()
        self.watch.wait_for("metrics", "gamma", lambda line: (line["busy"] or 0) < 0.5, 30, since)

    def pushes_changes(self):
        since = self.watch.mark()
        self.delta.run("ip addr add 192.0.2.9/24 dev eth0; umount /srv")
        self.watch.wait_for("interfaces", "delta", lambda line: "eth0 192.0.2.9/24" in line["items"], 20, since)
        self.watch.wait_for("filesystems", "delta", lambda line: line["items"] == ["/"], 20, since)
        since = self.watch.mark()
        self.delta.run("ip addr del 192.0.2.9/24 dev eth0; mount -t ext2 /dev/vdb /srv")
        self.watch.wait_for("interfaces", "delta", lambda line: "eth0 192.0.2.9/24" not in line["items"], 20, since)
        self.watch.wait_for("filesystems", "delta", lambda line: line["items"] == ["/", "/srv"], 20, since)

    def says_in_use(self):
        result = self.program.run("guest-info", "gamma", "--wait", "3")
        expect_equal(result.returncode, 5, f"exit status ({result.stderr})")
        expect("Another program" in result.stderr, f"message: {result.stderr}")
        expect_equal(self.watch.last("guest", "gamma")["state"], "ready", "state of the one who was first")

    def takes_over(self):
        with_force = harness.Watch(self.program, os.environ["KVMM_TEST_WATCH"], "gamma")
        try:
            with_force.wait_for_state("gamma", "in-use")
            since = self.watch.mark()
            with_force.say("take-over gamma")
            with_force.wait_for_state("gamma", "ready")
            self.watch.wait_for_state("gamma", "in-use", since=since)
        finally:
            with_force.close()
        since = self.watch.mark()
        self.watch.say("retry gamma")
        self.watch.wait_for_state("gamma", "ready", timeout=RETURN_SECONDS, since=since)

    def survives_pause(self):
        since = self.watch.mark()
        self.gamma.domain.suspend()
        self.watch.wait_for("machine", "gamma", lambda line: line["state"] == "paused", since=since)
        time.sleep(5)
        since = self.watch.mark()
        self.gamma.domain.resume()
        self.watch.wait_for("machine", "gamma", lambda line: line["state"] == "running", since=since)
        self.watch.wait_for("metrics", "gamma", since=since)
        expect_equal(self.watch.last("guest", "gamma")["state"], "ready", "state")

    def returns_after_kill(self):
        since = self.watch.mark()
        self.gamma.run("touch /run/agent-hold")
        self.gamma.run(f"kill -9 {self.gamma.agent_pid()}")
        self.watch.wait_for_state("gamma", "unresponsive", "waiting", timeout=SILENT_SECONDS, since=since)
        since = self.watch.mark()
        self.gamma.run("rm /run/agent-hold")
        self.watch.wait_for_state("gamma", "ready", timeout=RETURN_SECONDS, since=since)
        self.watch.wait_for("metrics", "gamma", since=since)
        expect_equal(self.watch.last("guest", "delta")["state"], "ready", "state of the other machine")

    def returns_after_reboot(self):
        since = self.watch.mark()
        self.gamma.reboot()
        boot_id = self.gamma.boot_id()
        started = time.monotonic()
        self.watch.wait_for("guest", "gamma", lambda line: line["state"] == "ready" and line["boot_id"] == boot_id,
                            RETURN_SECONDS, since)
        print(f"# ready {time.monotonic() - started:.1f} s after the login")
        time.sleep(3)
        expect_equal(self.gamma.boot_id(), boot_id, "boot_id 3 s later")

    def returns_after_libvirtd(self):
        since = self.watch.mark()
        self.host.kill_daemon()
        self.watch.wait_for("connection", wanted=lambda line: line["state"] != "connected", since=since)
        self.watch.wait_for("machine", "gamma", lambda line: line["state"] == "unknown", since=since)
        since = self.watch.mark()
        self.host.start_daemon()
        self.watch.wait_for("connection", wanted=lambda line: line["state"] == "connected", timeout=RETURN_SECONDS,
                            since=since)
        for name in ("gamma", "delta"):
            self.watch.wait_for("machine", name, lambda line: line["state"] == "running", since=since)
            self.watch.wait_for_state(name, "ready", timeout=RETURN_SECONDS, since=since)
            self.watch.wait_for("metrics", name, since=self.watch.mark())
        expect_equal(sorted(self.watch.last("list")["names"]), ["bare", "delta", "gamma", "off"], "names")

    def shuts_down(self):
        since = self.watch.mark()
        self.watch.say("shutdown delta")
        self.watch.wait_for("machine", "delta", lambda line: line["state"] == "shut-off", 40, since)
        self.watch.wait_for_state("delta", "off", since=since)
        expect(not self.delta.is_active(), "delta still runs")
        self.watch.close()

    # ---- the disc

    def mounts_disc(self):
        self.program.succeed("mount-agent-iso", "bare")
        expect_equal(self.bare.drive_source(), str(self.iso), "medium")
        label = wait_until(
            lambda: self.bare.run("dd if=/dev/sr0 bs=1 skip=32808 count=32 2>/dev/null | tr -d ' '"),
            20, "the disc in the guest", 0.5)
        expect_equal(label, LABEL, "label")
        expect(self.bare.has_channel(), "no channel was added")

    def installs(self):
        self.bare.run("mkdir -p /mnt/kvmm && mount -t iso9660 -o ro /dev/sr0 /mnt/kvmm")
        output = self.bare.run("sh /mnt/kvmm/install.sh", 60)
        expect("is installed" in output, output)
        expect("was started now" in output, output)
        facts = self.program.guest_info("bare")
        expect_equal(facts["system"]["hostname"], "bare", "hostname")
        expect(facts["agent_version"] in self.bare.run("cat /mnt/kvmm/VERSION"), f"version {facts['agent_version']}")

    def updates(self):
        self.bare.run("echo '# mine' >> /etc/kvm-manager-agent/agent.conf")
        before = self.bare.agent_pid()
        output = self.bare.run("cd / && sh /mnt/kvmm/install-alpine.sh", 60)
        expect("kept" in output, output)
        expect(self.bare.agent_pid() not in (None, before), "the agent was not replaced")
        self.bare.run("tail -n 1 /etc/kvm-manager-agent/agent.conf | grep -qx '# mine'")
        self.program.guest_info("bare")

    def ejects(self):
        result = self.program.run("mount-agent-iso", "bare", "--eject")
        expect_equal(result.returncode, 1, f"exit status with the disc mounted ({result.stderr})")
        self.bare.run("umount /mnt/kvmm")
        self.program.succeed("mount-agent-iso", "bare", "--eject")
        expect_equal(self.bare.drive_source(), None, "medium")
        wait_until(lambda: self.bare.run("dd if=/dev/sr0 bs=2048 count=1 2>/dev/null | wc -c") == "0", 20,
                   "the empty drive in the guest", 0.5)

    def uninstalls(self):
        self.program.succeed("mount-agent-iso", "bare")
        wait_until(lambda: self.bare.run("mount -t iso9660 -o ro /dev/sr0 /mnt/kvmm 2>/dev/null && echo yes; true"), 20,
                   "the disc in the guest", 0.5)
        self.bare.run("sh /mnt/kvmm/install.sh --uninstall --purge")
        expect_equal(self.bare.agent_pid(), None, "process id of the agent")
        expect_equal(self.bare.run("find /usr /etc -name '*kvm-manager*'"), "", "files that are left")


def make_cases(host):
    """The cases of this program."""
    cases = Cases(host)
    return [
        ("list: every machine, with its state", cases.lists),
        ("exit codes", cases.ends_with_its_code),
        ("guest-info: as the guest's own commands say", cases.tells_facts),
        ("guest-info: file systems as df says", cases.tells_disks),
        ("guest-info: a hostile name is inert", cases.tells_it_inert),
        ("guest-info: two machines, each its own", cases.tells_two),
        ("the model holds two machines", cases.start_watch),
        ("metrics are pushed, and move", cases.pushes_metrics),
        ("an address and a mount are pushed", cases.pushes_changes),
        ("a second opener is told that the channel is in use", cases.says_in_use),
        ("take over, and take back", cases.takes_over),
        ("a pause does no harm", cases.survives_pause),
        ("agent killed: noticed; ready after its restart", cases.returns_after_kill),
        ("guest rebooted: ready again, once", cases.returns_after_reboot),
        ("libvirtd killed and started: list and agents return", cases.returns_after_libvirtd),
        ("shut down", cases.shuts_down),
        ("the agent's disc is inserted and seen, and the channel added", cases.mounts_disc),
        ("install.sh installs the agent, which answers", cases.installs),
        ("install.sh updates a running agent and keeps its policy", cases.updates),
        ("the disc is ejected, not while it is mounted", cases.ejects),
        ("install.sh --uninstall leaves nothing", cases.uninstalls),
    ], cases.diagnose


if __name__ == "__main__":
    harness.main(make_cases)
