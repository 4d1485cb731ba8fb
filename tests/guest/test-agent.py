#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""The agent in real guests, spoken to by a second implementation of the protocol, and held against what the guests'
own commands say."""

import os
import re
import time

import harness
import kvma
from harness import expect, expect_equal, expect_near, wait_until

RESIDENT_KIB = 1024  # without a host
BUSY_KIB = 4096
CONF = "/etc/kvm-manager-agent/agent.conf"


class Cases:
    """The cases, in their order; two machines, alpha and beta."""

    def __init__(self, host):
        self.host = host
        self.alpha = host.guest("alpha", own_socket=True)
        self.beta = host.guest("beta", own_socket=True)
        self.client = None
        for guest in (self.alpha, self.beta):
            guest.start()
        for guest in (self.alpha, self.beta):
            guest.log_in()
            guest.wait_for_address()

    def agent(self):
        """A live session with alpha's agent."""
        if self.client is None:
            self.client = kvma.Client(str(self.alpha.socket))
        if not self.client.session:
            self.client.hello()
        return self.client

    def diagnose(self):
        log = (harness.PRIVATE / "libvirtd.log").read_text(errors="replace").splitlines()[-5:]
        consoles = [f"{guest.name}: " + guest.console.log[-400:].decode(errors="replace")
                    for guest in self.host.guests.values() if guest.console]
        return "\n".join(consoles + log)

    # ---- the session

    def announces(self):
        agent = self.agent()
        agent.pump(lambda: agent.announces, 10)
        announce = agent.announces[0]
        expect_equal(announce["boot_id"], self.alpha.boot_id(), "boot_id")
        expect_equal(announce["protos"], [1], "protos")
        expect_equal(announce["instance"], agent.welcome["instance"], "instance")

    def welcomes(self):
        welcome = self.agent().welcome
        version = self.alpha.run("/usr/libexec/kvm-manager-agent --version")
        expect(welcome["version"] in version, f"{welcome['version']} is not in {version!r}")
        expect_equal(welcome["boot_id"], self.alpha.boot_id(), "boot_id")
        expect("policy_error" not in welcome, f"policy_error: {welcome.get('policy_error')}")
        for group, words in {"core": "allow", "info": "allow", "power": "allow", "exec": "deny", "pty": "deny",
                             "file-read": "deny", "file-write": "deny", "accounts": "deny"}.items():
            expect_equal(welcome["policy"].get(group), words, f"policy of {group}")

    def supersedes(self):
        agent = self.agent()
        old = agent.session
        agent.hello()
        expect(agent.session != old, "the session is not new")
        expect_equal(agent.call("sys.info")["hostname"], "alpha", "hostname")

    def answers_ping(self):
        agent = self.agent()
        started = time.monotonic()
        agent.ping()
        expect(time.monotonic() - started < 2, "the answer took more than 2 s")

    def two_at_once(self):
        agent = self.agent()
        with kvma.Client(str(self.beta.socket)) as other:
            other.hello()
            first, second = agent.start_call("sys.info"), other.start_call("sys.info")
            names = other.finish_call(second)["hostname"], agent.finish_call(first)["hostname"]
            expect_equal(names, ("beta", "alpha"), "host names")
            expect(other.welcome["boot_id"] != agent.welcome["boot_id"], "the same boot_id twice")

    # ---- facts

    def tells_system(self):
        info = self.agent().call("sys.info")
        run = self.alpha.run
        release = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', run("cat /etc/os-release"), re.MULTILINE))
        expect_equal(info["os"]["pretty"], release["PRETTY_NAME"], "os.pretty")
        expect_equal(info["os"]["id"], release["ID"], "os.id")
        expect_equal(info["os"]["name"], release["NAME"], "os.name")
        expect_equal(info["os"]["version"], release["VERSION_ID"], "os.version")
        expect_equal(info["kernel"], run("uname -r"), "kernel")
        expect_equal(info["arch"], run("uname -m"), "arch")
        expect_equal(info["hostname"], run("hostname"), "hostname")
        expect_equal(info["boot_id"], self.alpha.boot_id(), "boot_id")
        expect_equal(info["cpus"], int(run("nproc")), "cpus")
        expect(info["virt"] in ("qemu", "kvm"), f"virt is {info['virt']}")
        total = int(run("free -k | awk '/^Mem/ {print $2}'")) * 1024
        expect_near(info["mem_total"], total, 0.05, "mem_total")
        uptime = float(run("cut -d' ' -f1 /proc/uptime"))
        expect_near(info["uptime_ms"] / 1000, uptime, 0.5, "uptime")
        expect(abs(info["boot_time"] - (int(run("date +%s")) - uptime)) < 5, f"boot_time is {info['boot_time']}")

    def tells_memory(self):
        agent = self.agent()
        before = int(self.alpha.run("free -k | awk '/^Mem/ {print $7}'")) * 1024
        memory = agent.call("sys.metrics")["mem"]
        total = int(self.alpha.run("free -k | awk '/^Mem/ {print $2}'")) * 1024
        expect_near(memory["avail"], before, 0.05, "available memory")
        expect_near(memory["total"], total, 0.05, "memory")
        expect_equal(memory["swap_total"], 0, "swap")

    def tells_filesystems(self):
        agent = self.agent()
        self.alpha.run("dd if=/dev/urandom of=/srv/data bs=1024k count=20 2>/dev/null; sync")
        shown = {fs["mount"]: fs for fs in agent.call("fs.list")["fs"]}
        rows = [line.split() for line in self.alpha.run("df -P -k").splitlines()]
        real = {row[5]: row for row in rows if row[0].startswith("/dev/")}
        expect_equal(sorted(shown), sorted(real), "mount points")
        for mount, (device, total, used, available, _, _) in real.items():
            fs = shown[mount]
            expect_equal(fs["dev"], device, f"device of {mount}")
            expect_equal(fs["type"], "ext2", f"type of {mount}")
            expect_near(fs["total"], int(total) * 1024, 0.01, f"size of {mount}")
            expect_near(fs["used"], int(used) * 1024, 0.01, f"used bytes of {mount}")
            expect_near(fs["avail"], int(available) * 1024, 0.01, f"free bytes of {mount}")
        expect_equal(shown["/srv"].get("disk_serial"), "alpha-vdb", "serial of the disk of /srv")

    def tells_addresses(self):
        listed = self.agent().call("net.list", {"virtual": True})
        real = set()
        for line in self.alpha.run("ip -o addr").splitlines():
            match = re.match(r"\d+: (\S+)\s+inet6? ([0-9a-f.:]+)/(\d+).*scope (\w+)", line)
            if match:
                real.add((match[1], match[2], int(match[3]), match[4]))
        shown = {(interface["name"], address["ip"], address["prefix"], address["scope"])
                 for interface in listed["ifaces"] for address in interface["addrs"]}
        expect_equal(shown, real, "addresses")
        ethernet = next(interface for interface in listed["ifaces"] if interface["name"] == "eth0")
        expect_equal(ethernet["mac"], self.alpha.run("cat /sys/class/net/eth0/address"), "MAC address")
        expect_equal(ethernet["mtu"], int(self.alpha.run("cat /sys/class/net/eth0/mtu")), "MTU")
        expect_equal(ethernet["state"], "up", "state")
        expect(not ethernet["virtual"], "eth0 is shown as virtual")
        physical = self.agent().call("net.list")
        expect_equal([interface["name"] for interface in physical["ifaces"]], ["eth0"], "interfaces that are not virtual")
        expect_equal([(route["family"], route["dev"]) for route in listed["routes"] if route["family"] == 4],
                     [(4, "eth0")], "default routes")

    def tells_users(self):
        users = self.agent().call("user.sessions")["users"]
        real = [line.split()[:2] for line in self.alpha.run("who").splitlines() if not line.startswith("USER")]
        expect_equal(sorted([user["user"], user["tty"]] for user in users), sorted(real), "users")
        expect_equal(len(users), 1, "number of users")

    # ---- pushes

    def pushes_metrics(self):
        agent = self.agent()
        agent.subscribe("metrics.sample")
        asked = agent.sent
        samples = [agent.wait_event("metrics.sample") for _ in range(4)]
        expect_equal([sample["n"] for sample in samples], list(range(samples[0]["n"], samples[0]["n"] + 4)), "n")
        expect(all(a["t"] < b["t"] for a, b in zip(samples, samples[1:])), "the times do not grow")
        # What we sent meanwhile were acknowledgements.
        expect(agent.sent - asked <= 4, f"{agent.sent - asked} frames were sent for 4 samples")

        def busy(params):
            return params["cpu"]["user"] + params["cpu"]["system"]
        self.alpha.run("(while :; do :; done) & echo $! > /tmp/busy")
        agent.wait_event("metrics.sample", lambda params: busy(params) > 0.8, 20)
        self.alpha.run("kill $(cat /tmp/busy)")
        agent.wait_event("metrics.sample", lambda params: busy(params) < 0.5, 20)

    def pushes_network(self):
        agent = self.agent()
        agent.subscribe("net.changed")

        def has(params):
            return any(address["ip"] == "192.0.2.7" for interface in params["ifaces"] for address in interface["addrs"])
        self.alpha.run("ip addr add 192.0.2.7/24 dev eth0")
        agent.wait_event("net.changed", has)
        self.alpha.run("ip addr del 192.0.2.7/24 dev eth0")
        agent.wait_event("net.changed", lambda params: not has(params))

    def pushes_filesystems(self):
        agent = self.agent()
        agent.subscribe("fs.changed")
        self.alpha.run("umount /srv")
        agent.wait_event("fs.changed", lambda params: [fs["mount"] for fs in params["fs"]] == ["/"])
        self.alpha.run("mount -t ext2 /dev/vdb /srv")
        agent.wait_event("fs.changed", lambda params: [fs["mount"] for fs in params["fs"]] == ["/", "/srv"])

    def pushes_users(self):
        agent = self.agent()
        agent.subscribe("users.changed")
        console = self.alpha.console
        start = len(console.log)
        console.socket.sendall(b"exit\n")
        agent.wait_event("users.changed", lambda params: params["users"] == [])
        console.log_in(start)
        agent.wait_event("users.changed", lambda params: [user["user"] for user in params["users"]] == ["root"])

    # ---- policy

    def reload_policy(self, command):
        """Changes the policy in the guest and has it read again. Returns the WELCOME that follows."""
        agent = self.agent()
        self.alpha.run(f"{command}; kill -HUP {self.alpha.agent_pid()}")
        try:
            agent.pump(lambda: False, 10)
        except kvma.Closed as closed:
            expect_equal(str(closed), "policy_reload", "reason of the BYE")
        return agent.hello()

    def denies(self):
        self.alpha.run(f"cp -p {CONF} /root/agent.conf")
        welcome = self.reload_policy(f"printf '[policy]\\npower=deny\\n' > {CONF}")
        expect_equal(welcome["policy"]["power"], "deny", "policy of power")
        try:
            self.agent().call("power.shutdown", {"mode": "poweroff"})
            raise AssertionError("power.shutdown was not denied")
        except kvma.CallError as error:
            expect_equal(error.code, -32001, "code")
            expect_equal(error.data["group"], "power", "group")
            expect("power" in error.data["hint"], f"hint: {error.data['hint']}")

    def fails_closed(self):
        faults = {
            "an unknown key": f"printf '[policy]\\nexce=any\\npower=allow\\n' > {CONF}",
            "a bad value": f"printf '[policy]\\npower=maybe\\n' > {CONF}",
            "a file that anybody may write": f"printf '[policy]\\npower=allow\\n' > {CONF}; chmod 666 {CONF}",
            "another owner": f"chmod 600 {CONF}; chown nobody {CONF}",
            "a bad drop-in": f"chown root {CONF}; mkdir -p {CONF}.d; echo nonsense > {CONF}.d/x.conf",
        }
        for fault, command in faults.items():
            welcome = self.reload_policy(command)
            expect("policy_error" in welcome, f"{fault}: no policy_error")
            expect_equal(welcome["policy"]["info"], "allow", f"{fault}: info")
            for group in ("power", "exec", "file-read"):
                expect_equal(welcome["policy"].get(group), "deny", f"{fault}: {group}")
        welcome = self.reload_policy(f"rm -r {CONF}.d; cp -p /root/agent.conf {CONF}; chown root {CONF}")
        expect("policy_error" not in welcome, f"policy_error: {welcome.get('policy_error')}")

    # ---- processes, freezing, the clock

    def tells_processes(self):
        agent = self.agent()
        listed = agent.call("proc.list", {"sort": "pid"})
        rows = {row["pid"]: row for row in listed["procs"]}
        pid = int(self.alpha.agent_pid())
        expect_equal(rows[pid]["comm"], "kvm-manager-age", "comm of the agent")
        expect_equal((rows[1]["ppid"], rows[1]["user"]), (0, "root"), "the first process")
        expect_near(listed["total"], int(self.alpha.run("ls -d /proc/[0-9]* | wc -l")), 0.1, "number of processes")
        disks = {disk["name"]: disk for disk in agent.call("disk.stats")["disks"]}
        expect_equal(disks["vdb"].get("serial"), "alpha-vdb", "serial of vdb")
        expect_equal(disks["vdb"]["size"], int(self.alpha.run("cat /sys/block/vdb/size")) * 512, "size of vdb")

    def write_that_waits(self):
        """A write to what is frozen; it is in /run/held when it is done."""
        self.alpha.run("rm -f /run/held; (echo x > /srv/held; sync; echo done > /run/held) </dev/null >/dev/null 2>&1 & sleep 1")
        expect_equal(self.alpha.run("cat /run/held 2>/dev/null || echo waits"), "waits", "a write to what is frozen")

    def wait_for_write(self):
        wait_until(lambda: self.alpha.run("cat /run/held 2>/dev/null || true") == "done", 15, "the end of the write")

    def freezes(self):
        self.reload_policy(f"printf '[policy]\\nfreeze=allow\\ntime=allow\\n' > {CONF}")
        agent = self.agent()
        frozen = agent.call("fs.freeze", {"mounts": ["/srv"], "timeout_ms": 60000})
        expect_equal(frozen["frozen"], ["/srv"], "frozen")
        self.write_that_waits()
        agent.ping()
        expect_equal(agent.call("fs.thaw", {"token": frozen["token"]}), {"thawed": 1}, "fs.thaw")
        self.wait_for_write()
        audit = self.alpha.run("cat /var/log/kvm-manager-agent/audit.log")
        expect("fs.freeze" in audit and "fs.thaw" in audit, "the audit log lacks the calls")

    def thaws_when_killed(self):
        agent = self.agent()
        agent.call("fs.freeze", {"mounts": ["/srv"], "timeout_ms": 60000})
        self.write_that_waits()
        # Its watchdog is the same program: the number is the agent's own.
        self.alpha.run(f"kill -9 {agent.call('agent.info')['pid']}")
        self.wait_for_write()
        agent.hello()

    def keeps_deadlines(self):
        """Ten years pass on the guest's clock while a deadline runs; it is kept, and so is the session."""
        agent = self.agent()
        agent.subscribe("fs.frozen")
        session = agent.session
        years = 10 * 365 * 86400 * 1000000
        for direction in (1, -1):
            agent.call("fs.freeze", {"mounts": ["/srv"], "timeout_ms": 4000})
            started = time.monotonic()
            clock = agent.call("time.get")["realtime_us"]
            delta = agent.call("time.set", {"realtime_us": clock + direction * years})["delta_us"]
            expect_near(delta, direction * years, 0.001, "delta")
            expect_near(agent.call("time.get")["realtime_us"], clock + direction * years, 0.001, "the clock")
            agent.wait_event("fs.frozen", lambda params: not params["frozen"] and params["by"] == "deadline", 20)
            expect(2 < time.monotonic() - started < 12, f"thawed after {time.monotonic() - started:.1f} s")
            agent.ping()
        expect_equal(agent.session, session, "the session")
        clock = agent.call("time.get")["realtime_us"]
        expect_near(clock / 1e6, int(self.alpha.run("date +%s")), 0.001, "the clock as date says")
        self.reload_policy(f"cp -p /root/agent.conf {CONF}")

    # ---- bad weather

    def survives_garbage(self):
        agent = self.agent()
        agent.connect()
        before = self.rss_kib()
        for _ in range(16):
            agent.send_raw(os.urandom(65536))
        agent.hello(60)
        expect_equal(agent.call("sys.info")["hostname"], "alpha", "hostname")
        expect(harness.is_sanitized() or self.rss_kib() <= before + 128, f"the agent grew from {before} to {self.rss_kib()} KiB")

    def returns_after_kill(self):
        agent = self.agent()
        agent.subscribe("metrics.sample")
        instance = agent.welcome["instance"]
        pid = self.alpha.agent_pid()
        self.alpha.run(f"kill -9 {pid}")
        started = time.monotonic()
        # Its init starts it again; it must not take the frames of the old session for its own.
        agent.start_call("power.shutdown", {"mode": "poweroff"})
        welcome = agent.hello()
        expect(time.monotonic() - started < 10, "it was away for more than 10 s")
        expect(welcome["instance"] != instance, "the instance is not new")
        expect_equal(agent.call("agent.info")["counters"]["requests"], 1, "requests of the new agent")
        expect(self.alpha.agent_pid() != pid, "the process is not new")

    def ignores_stale_requests(self):
        """What was written while no agent had the port open is read by the next one, and must not be executed."""
        agent = self.agent()
        self.alpha.run("touch /run/agent-hold")
        self.alpha.run(f"kill -9 {self.alpha.agent_pid()}")
        wait_until(lambda: self.alpha.agent_pid() is None, 10, "the agent's end")
        for _ in range(8):
            agent.start_call("power.shutdown", {"mode": "poweroff"})
        self.alpha.run("rm /run/agent-hold")
        wait_until(self.alpha.agent_pid, 10, "the agent")
        agent.hello()
        counters = agent.call("agent.info")["counters"]
        expect_equal(counters["requests"], 1, "requests")
        expect(counters["stale"] >= 1, f"stale frames: {counters['stale']}")
        expect(self.alpha.is_active(), "the machine was shut down by a stale request")

    def reboots_once(self):
        agent = self.agent()
        self.alpha.run("echo . >> /root/reboots")
        before = self.alpha.boot_id()
        start = len(self.alpha.console.log)
        call = agent.start_call("power.shutdown", {"mode": "reboot", "delay_ms": 500})
        first = agent.finish_call(call)
        agent.start_call("power.shutdown", {"mode": "reboot", "delay_ms": 500}, request_id=call)
        expect_equal(agent.finish_call(call), first, "the answer to the same id again")
        # And what is sent during the boot belongs to a session that is no more.
        for _ in range(20):
            try:
                agent.start_call("power.shutdown", {"mode": "reboot"})
                agent.pump(lambda: False, 0.2)
            except (kvma.Closed, TimeoutError):
                agent.sent += 1
        self.alpha.console.log_in(start)
        welcome = agent.hello(60)
        after = self.alpha.boot_id()
        expect(after != before, "the machine was not started again")
        expect_equal(welcome["boot_id"], after, "boot_id")
        expect_equal(agent.call("agent.info")["counters"]["requests"], 1, "requests of the new agent")
        time.sleep(3)
        expect_equal(self.alpha.boot_id(), after, "boot_id 3 s later")

    def is_small(self):
        """Memory of its own, and with the pages of its file that the kernel happens to have mapped."""
        agent = self.agent()
        agent.subscribe("metrics.sample", "net.changed", "fs.changed", "users.changed")
        for method in ("sys.info", "sys.metrics", "net.list", "fs.list", "user.sessions", "agent.info"):
            agent.call(method)
        private, resident = self.memory_kib("Private_Dirty"), self.rss_kib()
        print(f"# {private} KiB of its own, {resident} KiB resident")
        if harness.is_sanitized():
            return
        expect(private <= 256, f"the agent has {private} KiB of its own")
        expect(resident <= BUSY_KIB, f"the agent has {resident} KiB resident")

    def sleeps(self):
        """No host, nobody to wake up for."""
        self.client.close()
        self.client = None
        pid = self.alpha.agent_pid()
        count = f"awk '/ctxt/ {{sum += $2}} END {{print sum}}' /proc/{pid}/status"
        # The hang-up ends its session after 10 s.
        time.sleep(12)
        before = int(self.alpha.run(count))
        time.sleep(10)
        expect_equal(int(self.alpha.run(count)) - before, 0, "wake-ups within 10 s")
        resident = int(re.search(r"VmRSS:\s+(\d+)", self.alpha.run(f"cat /proc/{pid}/status"))[1])
        print(f"# {resident} KiB resident without a host")
        expect(harness.is_sanitized() or resident <= RESIDENT_KIB, f"the agent has {resident} KiB resident")

    def memory_kib(self, row):
        return int(self.alpha.run(f"awk '/^{row}:/ {{print $2}}' /proc/{self.alpha.agent_pid()}/smaps_rollup"))

    def rss_kib(self):
        # Exact, unlike VmRSS, which lags behind.
        return self.memory_kib("Rss")

    # ---- the end

    def shuts_down_by_agent(self):
        with kvma.Client(str(self.beta.socket)) as agent:
            agent.hello()
            agent.subscribe("power.shutting_down")
            accepted = agent.call("power.shutdown", {"mode": "poweroff"})
            expect(accepted["accepted"], f"not accepted: {accepted}")
            wait_until(lambda: not self.beta.is_active(), 30, "the end of beta")

    def shuts_down_by_button(self):
        """The guest of the demo answers to the power button, as `virsh shutdown` presses it."""
        self.alpha.domain.shutdown()
        wait_until(lambda: not self.alpha.is_active(), 30, "the end of alpha")


def make_cases(host):
    """The cases of this program."""
    cases = Cases(host)
    return [
        ("the second implementation agrees with the vectors", kvma.self_test),
        ("the agent announces itself", cases.announces),
        ("the session says who and what is allowed", cases.welcomes),
        ("a new HELLO supersedes", cases.supersedes),
        ("PING is answered", cases.answers_ping),
        ("two machines at once", cases.two_at_once),
        ("system: as the guest's own commands say", cases.tells_system),
        ("memory: as free says", cases.tells_memory),
        ("file systems: as df says", cases.tells_filesystems),
        ("addresses: as ip says", cases.tells_addresses),
        ("users: as who says", cases.tells_users),
        ("metrics are pushed, and move", cases.pushes_metrics),
        ("a new address is pushed", cases.pushes_network),
        ("a mount is pushed", cases.pushes_filesystems),
        ("a login is pushed", cases.pushes_users),
        ("the policy denies", cases.denies),
        ("a faulty policy denies all", cases.fails_closed),
        ("processes and disks: as /proc and /sys say", cases.tells_processes),
        ("frozen: a write waits, a PING does not", cases.freezes),
        ("frozen: thawed when the agent is killed", cases.thaws_when_killed),
        ("frozen: the deadline holds while the clock jumps by ten years", cases.keeps_deadlines),
        ("a megabyte of garbage before the HELLO", cases.survives_garbage),
        ("kill -9: back within 10 s, with a new instance", cases.returns_after_kill),
        ("requests for the dead are not executed", cases.ignores_stale_requests),
        ("a reboot that is asked for happens once", cases.reboots_once),
        ("small", cases.is_small),
        ("no wake-ups without a host", cases.sleeps),
        ("shut down by the agent", cases.shuts_down_by_agent),
        ("shut down by the power button", cases.shuts_down_by_button),
    ], cases.diagnose


if __name__ == "__main__":
    harness.main(make_cases)
