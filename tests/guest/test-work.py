#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""What the host may do in a real guest when its policy allows it: commands, terminals, files, processes, logs, freezing;
and what is left of it after a reboot, a crash or another host. Spoken by the second implementation."""

import contextlib
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

import harness
import kvma
from harness import expect, expect_equal, wait_until

CONF = "/etc/kvm-manager-agent/agent.conf"
AUDIT = "/var/log/kvm-manager-agent/audit.log"
POLICY = """[policy]
procs=manage
procs-args=yes
logs=allow
freeze=allow
exec=any
pty=shell
file-read=allow
file-write=allow
inbox=allow
[exec]
run-as=nobody
users=nobody,root
root=yes
[command hello]
argv=/bin/echo hello
run-as=nobody
args=any
[files]
read=/srv,/etc
write=/srv/in
inbox=/srv/inbox
"""
AGENT_KIB = 4096
HERE = pathlib.Path(__file__).resolve().parent


class Cases:
    def __init__(self, host):
        self.guest = host.guest("work", own_socket=True)
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
        return self.guest.console.log[-1500:].decode(errors="replace")

    def set_policy(self, text):
        """Written as an administrator would, and read again."""
        agent = self.agent()
        self.guest.run(f"cat > {CONF} <<'EOF'\n{text}EOF\nchmod 600 {CONF}; kill -HUP {self.guest.agent_pid()}")
        with contextlib.suppress(kvma.Closed):
            agent.pump(lambda: False, 5)
        agent.hello()
        expect("policy_error" not in agent.welcome, agent.welcome.get("policy_error"))

    def audit(self):
        return [json.loads(line) for line in self.guest.run(f"cat {AUDIT} 2>/dev/null; true").splitlines() if line.startswith("{")]

    def resident(self):
        return int(re.search(r"VmRSS:\s+(\d+)", self.guest.run(f"cat /proc/{self.guest.agent_pid()}/status"))[1])

    def denied(self, method, params):
        try:
            self.agent().call(method, params)
        except kvma.CallError as error:
            return error.code
        return 0

    # ---- denied

    def denies_by_default(self):
        before = len(self.audit())
        expect_equal(self.denied("exec.start", {"argv": ["/bin/true"]}), -32001, "exec.start")
        expect_equal(self.denied("file.read", {"path": "/etc/passwd"}), -32001, "file.read")
        expect_equal(self.denied("pty.open", {"cols": 80, "rows": 25}), -32001, "pty.open")
        expect_equal(self.denied("log.tail", {}), -32001, "log.tail")
        lines = self.audit()[before:]
        expect({"exec.start", "file.read", "pty.open", "log.tail"} <= {line.get("method") for line in lines},
               f"the audit has {lines}")

    # ---- commands

    def runs(self):
        self.set_policy(POLICY)
        end, out, errors = self.agent().run("/bin/sh", "-c", "id -un; echo wrong >&2; exit 7")
        expect_equal((end.get("code"), out, errors), (7, b"nobody\n", b"wrong\n"), "exit, output, errors")
        end, out, _ = self.agent().run("/bin/sh", "-c", "id -un", user="root")
        expect_equal(out, b"root\n", "as root")
        lines = [line for line in self.audit() if line.get("method") == "exec.start"]
        expect(len(lines) >= 4, f"audit lines of exec.start: {lines}")

    def keeps_bytes(self):
        data = os.urandom(700_000) + bytes(range(256)) * 16
        end, out, _ = self.agent().run("/bin/cat", stdin=data, timeout=60)
        expect_equal(end.get("code"), 0, "exit")
        expect_equal(hashlib.sha256(out).hexdigest(), hashlib.sha256(data).hexdigest(), "what cat gave back")

    def names_only(self):
        self.set_policy(POLICY.replace("exec=any", "exec=named"))
        names = self.agent().call("exec.named")["commands"]
        expect_equal([command["name"] for command in names], ["hello"], "named commands")
        expect_equal(self.denied("exec.start", {"argv": ["/bin/true"]}), -32001, "a free command")
        job = self.agent().call("exec.run", {"name": "hello", "args": ["; id", "$(id)"]})
        stream = self.agent().stream(job)
        stream.wait_close()
        expect_equal(stream.data, b"hello ; id $(id)\n", "no shell")
        self.set_policy(POLICY)

    def kills_all(self):
        """A fork bomb's tame sister, a daemon and one that ignores TERM: all dead after the timeout."""
        script = ("trap '' TERM HUP INT; (sleep 7701 & sleep 7702 &) ; setsid sleep 7703 & "
                  "i=0; while [ $i -lt 40 ]; do sleep 77$((10 + i)) & i=$((i + 1)); done; sleep 7799")
        job = self.agent().call("exec.start", {"argv": ["/bin/sh", "-c", script], "timeout_ms": 2000})
        stream = self.agent().stream(job)
        self.agent().ping()
        close = stream.wait_close(20)
        expect(close["exit"]["timed_out"], f"{close}")
        wait_until(lambda: not self.guest.run("ps | grep '[s]leep 77' || true"), 10, "the end of every child", 0.2)

    def slow_reader(self):
        """Output stays in the pipe until it is granted; the agent stays small."""
        job = self.agent().call("exec.start", {"argv": ["/bin/dd", "if=/dev/zero", "bs=65536", "count=64", "status=none"],
                                               "stderr": "discard"})
        stream = self.agent().stream(job, keeps=False)
        self.agent().pump(lambda: stream.count >= 131072, 20)
        for _ in range(10):
            self.agent().ping()
        expect_equal(stream.count, 131072, "bytes without credit")
        expect(harness.is_sanitized() or self.resident() <= AGENT_KIB, f"{self.resident()} KiB")
        stream.wait_close(60)
        expect_equal((stream.count, stream.close["exit"]["code"]), (64 * 65536, 0), "all of it, and the exit")

    def superseded(self):
        """Another host comes without a hang-up: the job of the first is killed."""
        self.agent().call("exec.start", {"argv": ["/bin/sleep", "8801"]})
        kept = self.agent().call("exec.start", {"argv": ["/bin/sleep", "8802"], "kill_on_disconnect": False})["job"]
        self.agent().hello()
        wait_until(lambda: not self.guest.run("ps | grep '[s]leep 8801' || true"), 15, "the end of the job", 0.2)
        # Its process is gone before the agent has heard of it.
        wait_until(lambda: [job["job"] for job in self.agent().call("exec.jobs")["jobs"]] == [kept], 15, "one job that stays", 0.2)
        self.agent().call("exec.signal", {"job": kept, "signal": "KILL"})

    def host_dies(self):
        """The host's end is closed mid-command: dead within 15 s, and the agent does not spin."""
        self.agent().call("exec.start", {"argv": ["/bin/sh", "-c", "trap '' TERM; sleep 8901; sleep 8902"]})
        self.client.close()
        self.client = None
        started = time.monotonic()
        wait_until(lambda: not self.guest.run("ps | grep '[s]leep 890' || true"), 25, "the end of the job", 0.5)
        expect(time.monotonic() - started < 20, f"it took {time.monotonic() - started:.0f} s")
        self.agent()

    def agent_dies(self):
        """kill -9 while it sends: what was under way stays behind, and the next one answers."""
        job = self.agent().call("exec.start", {"argv": ["/bin/dd", "if=/dev/zero", "bs=65536", "count=1024", "status=none"]})
        self.agent().stream(job, keeps=False)
        old = self.agent().welcome["instance"]
        self.guest.run(f"kill -9 {self.guest.agent_pid()}")
        self.client.session = 0
        started = time.monotonic()
        wait_until(lambda: self.client.hello() and self.client.welcome["instance"] != old, 15, "a new agent", 0.2)
        expect(time.monotonic() - started < 10, "it took more than 10 s")
        expect_equal(self.client.call("exec.jobs")["jobs"], [], "jobs of the new agent")

    # ---- terminals

    def terminal(self):
        pty = self.agent().call("pty.open", {"mode": "shell", "cols": 91, "rows": 33})
        stream = self.agent().stream(pty)
        stream.write(b"stty size; tty; echo mark-$((40+2))\n")
        stream.pump(lambda: b"mark-42" in stream.data, 20)
        expect(b"33 91" in stream.data, f"{stream.data!r}")
        self.agent().call("pty.resize", {"pty": pty["pty"], "cols": 100, "rows": 40})
        stream.write(b"stty size\n")
        stream.pump(lambda: b"40 100" in stream.data, 20)
        stream.write(b"sleep 9901\n")
        wait_until(lambda: self.guest.run("ps | grep '[s]leep 9901' || true"), 10, "sleep", 0.2)
        stream.write(b"\x03echo back-$((1+1))\n")
        stream.pump(lambda: b"back-2" in stream.data, 20)
        stream.write(b"exit 5\n")
        close = stream.wait_close()
        expect_equal(close["exit"].get("code"), 5, "exit")

    def terminal_paste(self):
        """A large paste into a program that is in no hurry: every byte arrives."""
        pty = self.agent().call("pty.open", {"mode": "shell", "cols": 80, "rows": 25})
        stream = self.agent().stream(pty)
        data = os.urandom(200_000).hex().encode()
        stream.write(b"stty raw -echo; echo rea''dy; head -c %d | sha256sum; stty sane\n" % len(data))
        stream.pump(lambda: b"ready" in stream.data, 20)
        stream.write(data, timeout=60)
        stream.pump(lambda: hashlib.sha256(data).hexdigest().encode() in stream.data, 60)
        stream.abort()
        stream.wait_close()

    # ---- files

    def files(self):
        data = os.urandom(600_001)
        self.guest.run("mkdir -p /srv/in /srv/inbox")
        reply = self.agent().call("file.write", {"path": "/srv/in/a.bin", "size": len(data)})
        stream = self.agent().stream(reply)
        stream.write(data, end=True, timeout=60)
        close = stream.wait_close()
        expect_equal(close["code"], 0, f"{close}")
        expect(hashlib.sha256(data).hexdigest() in self.guest.run("sha256sum /srv/in/a.bin"), "the file in the guest")
        stream = self.agent().stream(self.agent().call("file.read", {"path": "/srv/in/a.bin"}))
        stream.wait_close(60)
        expect(stream.data == data, "the file came back changed")
        expect_equal(self.denied("file.write", {"path": "/srv/in/a.bin", "size": 1}), -32011, "write of a new one")
        names = [entry["name"] for entry in self.agent().call("file.list", {"path": "/srv/in"})["entries"]]
        expect_equal(names, ["a.bin"], "names")

    def paths(self):
        self.guest.run("ln -sfn /etc /srv/link; ln -sf /etc/shadow /srv/shadow; mkfifo /srv/fifo; mkdir -p /srv/inboxfoo /srv/in")
        for path, wanted in (("/srv/../etc/shadow", -32602), ("/srv/link/passwd", -32001), ("/srv/shadow", -32001),
                             ("/proc/self/root/etc/passwd", -32001), ("/root/x", -32001), ("srv/x", -32602)):
            expect_equal(self.denied("file.read", {"path": path}), wanted, path)
        expect(self.denied("file.read", {"path": "/srv/fifo"}) in (-32001, -32004, -32012, -32602), "a FIFO")
        expect_equal(self.denied("file.write", {"path": "/srv/inboxfoo/x", "size": 0}), -32001, "a prefix is no folder")

    def interrupted_write(self):
        self.guest.run("echo old > /srv/in/target")
        reply = self.agent().call("file.write", {"path": "/srv/in/target", "size": 100_000, "if": "replace"})
        stream = self.agent().stream(reply)
        stream.write(b"x" * 50_000)
        wait_until(lambda: "50000" in self.guest.run("stat -c %s /srv/in/.kvmma-*"), 20, "the first half in the guest", 0.2)
        stream.abort()
        stream.wait_close()
        expect_equal(self.guest.run("cat /srv/in/target"), "old", "the target")
        reply = self.agent().call("file.write", {"path": "/srv/in/target", "size": 100_000, "if": "replace", "resume": reply["token"]})
        expect(0 < reply["offset"] <= 50_000, f"{reply}")
        stream = self.agent().stream(reply)
        stream.write(b"x" * (100_000 - reply["offset"]), end=True)
        expect_equal(stream.wait_close()["code"], 0, "CLOSE")
        expect_equal(self.guest.run("tr -d x < /srv/in/target | wc -c; wc -c < /srv/in/target").split(), ["0", "100000"], "the file")

    def inbox(self):
        reply = self.agent().call("inbox.put", {"name": "note.txt", "size": 5})
        stream = self.agent().stream(reply)
        stream.write(b"hello", end=True)
        stream.wait_close()
        expect_equal(self.guest.run("cat /srv/inbox/note.txt"), "hello", "the file in the inbox")
        expect_equal(self.denied("inbox.put", {"name": "../x", "size": 0}), -32602, "a name with a folder")

    # ---- processes, logs

    def processes(self):
        self.guest.run("sleep 6601 & true")
        found = self.agent().call("proc.list", {"filter": "sleep", "args": True})["procs"]
        process = next(p for p in found if "6601" in p.get("args", ""))
        expect_equal((process["comm"], process["user"]), ("sleep", "root"), "name and user")
        self.agent().call("proc.signal", {"pid": process["pid"], "start": process["start"], "signal": "TERM"})
        wait_until(lambda: not self.guest.run("ps | grep '[s]leep 6601' || true"), 10, "its end", 0.2)
        expect_equal(self.denied("proc.signal", {"pid": 1, "signal": "KILL"}), -32602, "pid 1")

    def logs(self):
        self.guest.run("echo 'kvmm: a line of the kernel' > /dev/kmsg")
        stream = self.agent().stream(self.agent().call("log.tail", {"source": "kernel", "lines": 5}))
        stream.wait_close()
        expect(b"a line of the kernel" in stream.data, f"{stream.data[-300:]!r}")
        stream = self.agent().stream(self.agent().call("log.tail", {"source": "kernel", "lines": 1, "follow": True}))
        self.guest.run("echo 'kvmm: another line' > /dev/kmsg")
        stream.pump(lambda: b"another line" in stream.data, 15)
        stream.abort()
        stream.wait_close()

    # ---- freezing

    def freezes(self):
        # An upload whose host sends nothing for the time being holds up nobody.
        stream = self.agent().stream(self.agent().call("file.write", {"path": "/srv/in/idle", "size": 100_000}))
        stream.write(b"x" * 50_000)
        frozen = self.agent().call("fs.freeze", {"mounts": ["/srv"], "timeout_ms": 30000}, timeout=30)
        expect_equal(frozen["frozen"], ["/srv"], "frozen")
        mark, start = self.guest.console.start("touch /srv/while-frozen")
        self.agent().ping()
        expect_equal(self.denied("file.write", {"path": "/srv/in/y", "size": 0}), -32009, "a write while frozen")
        try:
            self.guest.console.wait_for(mark.encode() + rb":0", 2, start)
            raise AssertionError("a file was made while frozen")
        except TimeoutError:
            pass
        self.agent().call("fs.thaw", {"token": frozen["token"]}, timeout=30)
        self.guest.console.wait_for(mark.encode() + rb":0", 15, start)
        stream.write(b"x" * 50_000, end=True)
        expect_equal(stream.wait_close()["code"], 0, "the upload's end")

    def thaws_by_itself(self):
        for how in ("deadline", "agent"):
            # The hooks of the last time may still run.
            wait_until(lambda how=how: not self.denied("fs.freeze", {"mounts": ["/srv"], "timeout_ms": 3000 if how == "deadline" else 60000}),
                       20, "freezing", 0.2)
            if how == "agent":
                self.guest.run(f"kill -9 {self.guest.agent_pid()}")
                self.client.session = 0
            self.guest.run("touch /srv/after", timeout=15)
        wait_until(lambda: self.client.hello(), 20, "the agent")
        expect_equal(self.client.call("fs.freeze_status")["frozen"], False, "frozen")

    # ---- the specification

    def from_the_document(self):
        """peer.py knows nothing but PROTOCOL.md."""
        self.client.close()
        self.client = None
        result = subprocess.run([sys.executable, str(HERE / "peer.py"), str(self.guest.socket), "/bin/sh", "-c", "echo from-peer; exit 3"],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False, text=True)
        expect_equal(result.returncode, 3, result.stderr)
        expect('"hostname": "work"' in result.stdout and result.stdout.endswith("from-peer\n"), result.stdout)

    def reboots(self):
        """Nothing of before the reboot is left, and what was asked for during it is not done."""
        agent = self.agent()
        agent.call("exec.start", {"argv": ["/bin/sleep", "5501"], "kill_on_disconnect": False})
        stale = kvma.encode(kvma.REQUEST, json.dumps({"jsonrpc": "2.0", "id": 999, "method": "exec.start", "params": {
            "argv": ["/bin/touch", "/srv/ghost"], "user": "root"}}).encode(), seq=agent.sent + 1, session=agent.session, ack=1)
        # Nobody reads it before the reboot; who reads the port first afterwards finds it.
        self.guest.run(f"touch /run/agent-hold; kill -9 {self.guest.agent_pid()}")
        agent.send_raw(stale * 3)
        start = len(self.guest.console.log)
        self.guest.console.start("reboot")
        self.guest.console.log_in(start)
        agent.session = 0
        agent.hello(60)
        self.guest.run("[ ! -e /srv/ghost ]")
        expect_equal(agent.call("exec.jobs")["jobs"], [], "jobs")


def make_cases(host):
    cases = Cases(host)
    return [
        ("denied by default, and audited", cases.denies_by_default),
        ("commands: user, exit, output, errors", cases.runs),
        ("commands: every byte", cases.keeps_bytes),
        ("commands: named ones only, no shell", cases.names_only),
        ("commands: everything is dead after the timeout", cases.kills_all),
        ("commands: a slow reader", cases.slow_reader),
        ("another host supersedes: jobs are killed", cases.superseded),
        ("terminal: size, ^C, exit", cases.terminal),
        ("terminal: a large paste", cases.terminal_paste),
        ("files: there and back", cases.files),
        ("files: paths that lead outside", cases.paths),
        ("files: an interrupted write, resumed", cases.interrupted_write),
        ("inbox", cases.inbox),
        ("processes: found and ended", cases.processes),
        ("logs: the kernel's, followed", cases.logs),
        ("freeze and thaw", cases.freezes),
        ("thawed at the deadline, and when the agent dies", cases.thaws_by_itself),
        ("the agent killed while it sends", cases.agent_dies),
        ("the host gone: the job is killed", cases.host_dies),
        ("peer.py, from PROTOCOL.md alone", cases.from_the_document),
        ("a reboot: no job, no ghost", cases.reboots),
    ], cases.diagnose


if __name__ == "__main__":
    harness.main(make_cases)
