#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""A guest with a real QEMU guest agent: what the program learns through it when ours is not there, and how the two go
together."""

import json
import os
import time

import harness
from harness import expect, expect_equal, wait_until

# As long as libvirt waits for the agent; one that it holds up would wait for that.
CALL_SECONDS_MAX = 4


def make_cases(host):
    program = harness.Program(os.environ["KVMM_TEST_PROGRAM"])
    # Both start together: an emulated guest boots in seconds, but they add up.
    alone = host.guest("qga-alone", agent=False, channel=False, qga=True)
    both = host.guest("qga-both", qga=True)
    alone.start()
    both.start()
    for guest in (alone, both):
        guest.log_in()

    def connected(guest):
        return "<target type='virtio' name='org.qemu.guest_agent.0' state='connected'/>" in guest.domain.XMLDesc()

    def facts(guest, source):
        def read():
            info = json.loads(program.run("guest-info", guest.name, "--json", "--wait", "20").stdout or "{}")
            return info if info.get("source") == source else None
        return wait_until(read, 90, f"facts of {guest.name} from {source}", 0.5)

    def case_alone():
        wait_until(lambda: connected(alone), 60, "qemu-ga")
        address = alone.wait_for_address()
        info = facts(alone, "qemu-ga")
        expect_equal(info["system"]["os_id"], "kvmm-demo", "operating system")
        expect_equal(info["system"]["hostname"], "qga-alone", "host name")
        addresses = [a["ip"] for i in info["interfaces"] for a in i["addresses"]]
        expect(address in addresses, f"{address} among {addresses}")
        expect("/" in [f["mount"] for f in info["filesystems"]], f"file systems {info['filesystems']}")

    def case_both():
        wait_until(lambda: connected(both), 60, "qemu-ga")
        info = facts(both, "agent")
        expect_equal(info["state"], "ready", "state")
        expect_equal(info["system"]["hostname"], "qga-both", "host name")

    def case_ours_goes():
        both.run("touch /run/agent-hold; kill $(pidof kvm-manager-agent)")
        info = facts(both, "qemu-ga")
        expect_equal(info["system"]["hostname"], "qga-both", "host name")
        both.run("rm /run/agent-hold")
        expect_equal(facts(both, "agent")["state"], "ready", "state once ours is back")

    def sources(guest):
        return json.loads(program.run("guest-info", guest.name, "--json", "--wait", "20").stdout or "{}").get("sources")

    def case_merge():
        """What the policy of ours denies comes from the other one, and is said to."""
        both.run("mkdir -p /etc/kvm-manager-agent/agent.conf.d; printf '[policy]\\ninfo=deny\\n' > /etc/kvm-manager-agent/agent.conf.d/test.conf && "
                 "kill -HUP $(pidof kvm-manager-agent)")
        told = wait_until(lambda: (s := sources(both)) and s["system"] == "qemu-ga" and s, 90, "the other one's facts", 0.5)
        expect_equal({told[kind] for kind in ("system", "interfaces", "filesystems", "users")}, {"qemu-ga"}, "sources")
        info = program.guest_info(both.name)
        expect_equal((info["source"], info["state"]), ("agent", "ready"), "who is spoken to")
        expect_equal(info["system"]["hostname"], "qga-both", "host name")
        both.run("rm /etc/kvm-manager-agent/agent.conf.d/test.conf && kill -HUP $(pidof kvm-manager-agent)")
        wait_until(lambda: (s := sources(both)) and set(s.values()) == {"agent"}, 90, "our own facts again", 0.5)

    def ask(watch, guest, command, answer):
        since = watch.mark()
        watch.say(command)
        return watch.wait_for(answer, guest.name, timeout=60, since=since)

    def freezes(watch, guest):
        """Through the QEMU guest agent: a file cannot be written until it is thawed."""
        frozen = ask(watch, guest, f"freeze {guest.name}", "frozen")
        expect_equal((frozen["error"], frozen["source"]), (None, "qemu-ga"), "freezing")
        expect(frozen["n"] >= 1, f"{frozen['n']} file systems frozen")
        guest.run("(echo late > /srv/after-thaw; echo written > /run/after-thaw) & sleep 1")
        expect_equal(guest.run("cat /run/after-thaw 2>/dev/null; true"), "", "what was written while frozen")
        thawed = ask(watch, guest, f"thaw {guest.name}", "thawed")
        expect_equal((thawed["error"], thawed["source"]), (None, "qemu-ga"), "thawing")
        wait_until(lambda: guest.run("cat /run/after-thaw 2>/dev/null; true") == "written", 30, "the file", 0.2)
        guest.run("rm /run/after-thaw")
        again = ask(watch, guest, f"thaw {guest.name}", "thawed")
        expect(again["error"] is not None, "thawing what is not frozen")

    def case_freeze():
        watch = harness.Watch(program, os.environ["KVMM_TEST_WATCH"], alone.name, both.name)
        try:
            watch.wait_for("guest", alone.name, lambda line: line["hostname"] == alone.name, 90)
            freezes(watch, alone)
            # The policy of ours denies it unless somebody allowed it.
            watch.wait_for_state(both.name, "ready", timeout=90)
            freezes(watch, both)
        finally:
            watch.close()

    def case_password():
        watch = harness.Watch(program, os.environ["KVMM_TEST_WATCH"], alone.name, both.name)
        try:
            watch.wait_for("guest", alone.name, lambda line: line["hostname"] == alone.name, 90)
            watch.wait_for_state(both.name, "ready", timeout=90)
            for guest in (alone, both):
                before = guest.run("grep ^root: /etc/shadow")
                told = ask(watch, guest, f"password {guest.name} root opensesame", "password")
                expect_equal((told["error"], told["source"]), (None, "qemu-ga"), "setting a password")
                after = guest.run("grep ^root: /etc/shadow")
                expect(after != before and after.startswith("root:$6$"), f"the line of shadow is {after}")
                told = ask(watch, guest, f"password {guest.name} nobody-there opensesame", "password")
                expect(told["error"] is not None, "a password for somebody who is not there")
        finally:
            watch.close()

    def case_silent():
        """It holds its port open and answers nothing: one call waits its 5 s, and nobody else does."""
        alone.run("kill -STOP $(pidof qemu-ga)")
        asking = program.start("guest-info", alone.name, "--wait", "12")
        slowest, calls = 0, 0
        while asking.poll() is None:
            started = time.monotonic()
            host.connection.lookupByName(both.name).info()
            alone.domain.info()
            slowest, calls = max(slowest, time.monotonic() - started), calls + 1
        asking.communicate()
        print(f"# {calls} other calls meanwhile, the slowest {slowest * 1000:.1f} ms")
        expect(slowest < CALL_SECONDS_MAX, f"another call took {slowest:.1f} s")
        expect(asking.returncode != 0, "facts of a guest that says nothing")
        alone.run("kill -CONT $(pidof qemu-ga)")
        expect_equal(facts(alone, "qemu-ga")["system"]["hostname"], "qga-alone", "host name")

    def settings():
        """Settings of our own, which name the disc of this build and keep what is allowed."""
        iso = harness.PRIVATE / "kvmmanager-guest-agent.iso"
        with open(os.environ["KVMM_TEST_ISO"], "rb") as source:
            iso.write_bytes(source.read())
        iso.chmod(0o644)
        folder = harness.PRIVATE / "config"
        keyfile = folder / "glib-2.0" / "settings" / "keyfile"
        keyfile.parent.mkdir(parents=True, exist_ok=True)
        keyfile.write_text(f"[org/kvmmanager/KvmManager]\nagent-iso-path='{iso}'\n", encoding="utf-8")
        return {"GSETTINGS_BACKEND": "keyfile", "XDG_CONFIG_HOME": str(folder)}

    def case_install():
        """The one agent installs the other, when this computer allows it, and nothing is typed in the guest."""
        installer = harness.Program(os.environ["KVMM_TEST_PROGRAM"], **settings())
        refused = installer.run("mount-agent-iso", alone.name, "--install")
        expect_equal(refused.returncode, 1, f"exit status: {refused.stderr}")
        expect("not allowed on this computer" in refused.stderr, refused.stderr)
        expect("kvm-manager-agent" not in alone.run("ls /usr/libexec 2>/dev/null; true"), "installed all the same")
        installer.succeed("guest-allow", alone.name, "yes")
        output = installer.succeed("mount-agent-iso", alone.name, "--install", timeout=300)
        expect("KVM Manager guest agent" in output and "is installed" in output, output)
        expect("Type in the guest" not in output, output)
        expect_equal(alone.run("grep -c /dev/sr0 /proc/mounts; true"), "0", "the disc is still mounted")
        expect_equal(facts(alone, "agent")["system"]["hostname"], "qga-alone", "host name")
        installer.succeed("mount-agent-iso", alone.name, "--eject")

    return [
        ("facts of a guest that has only the QEMU guest agent", case_alone),
        ("ours goes first where both are", case_both),
        ("the QEMU guest agent steps in while ours is away", case_ours_goes),
        ("what our agent's policy denies comes from the QEMU guest agent", case_merge),
        ("file systems are frozen and thawed through the QEMU guest agent", case_freeze),
        ("a password is set through the QEMU guest agent", case_password),
        ("a QEMU guest agent that is silent holds nobody up", case_silent),
        ("the QEMU guest agent installs ours from the disc", case_install),
    ], lambda: alone.console.log[-2000:].decode(errors="replace")


if __name__ == "__main__":
    harness.main(make_cases)
