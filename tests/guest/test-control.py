#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""What can be done in a real guest from the command line: commands, a terminal, files, lists and logs; what refuses, and
who; and a shut down that is watched."""

import hashlib
import json
import os
import select
import signal
import subprocess
import time

import harness
from harness import expect, expect_equal, wait_until
from terminal import Terminal

MIB = 1 << 20


class Cases:
    """The cases, in their order: the switch is turned on by the first ones."""

    def __init__(self, host):
        self.host = host
        self.guest = host.guest("epsilon")
        self.other = host.guest("zeta")
        self.off = host.guest("eta")
        self.folder = harness.PRIVATE / "files"
        self.folder.mkdir()
        self.program = harness.Program(os.environ["KVMM_TEST_PROGRAM"], **self.settings())
        self.guest.start()
        self.other.start()
        for guest in (self.guest, self.other):
            guest.log_in()

    def settings(self):
        folder = harness.PRIVATE / "config-control"
        (folder / "glib-2.0" / "settings").mkdir(parents=True)
        runtime = harness.PRIVATE / "run-control"
        runtime.mkdir(mode=0o700)
        return {"GSETTINGS_BACKEND": "keyfile", "XDG_CONFIG_HOME": str(folder), "XDG_RUNTIME_DIR": str(runtime)}

    def diagnose(self):
        return "\n".join(f"{guest.name}: " + guest.console.log[-400:].decode(errors="replace")
                         for guest in (self.guest, self.other) if guest.console)

    def start(self, *arguments, **options):
        return subprocess.Popen([self.program.path, "--connect", harness.URI, "--wait", "60", *arguments],
                                env=self.program.environment, **options)

    def run(self, *arguments, stdin=b"", check=None):
        """Bytes in, bytes out."""
        result = subprocess.run([self.program.path, "--connect", harness.URI, "--wait", "60", *arguments],
                                env=self.program.environment, input=stdin, capture_output=True, timeout=180, check=False)
        if check is not None:
            expect_equal(result.returncode, check, f"exit status of {arguments}: {result.stderr.decode()}")
        return result

    def json(self, *arguments):
        return json.loads(self.run(*arguments, "--json", check=0).stdout)

    # ---- the switch

    def agents(self):
        rows = {row["name"]: row for row in self.json("guest-agents")}
        expect_equal(sorted(rows), ["epsilon", "eta", "zeta"], "names")
        expect_equal([rows[name]["state"] for name in sorted(rows)], ["ready", "off", "ready"], "states")
        for name in ("epsilon", "zeta"):
            expect(rows[name]["version"] and rows[name]["uptime_ms"] > 0, f"{name}: {rows[name]}")
            expect_equal(rows[name]["control_allowed"], False, f"{name}: control")

    def is_off_at_first(self):
        expect_equal(self.run("guest-allow", "epsilon", check=0).stdout, b"no\n", "the switch")
        for arguments, code in ((("guest-run", "epsilon", "--", "/bin/true"), 125),
                                (("guest-copy", "epsilon:/etc/passwd", "-"), 6)):
            result = self.run(*arguments, check=code)
            expect(b"guest-allow epsilon yes" in result.stderr, f"{arguments}: {result.stderr}")
            expect_equal(result.stdout, b"", "output")
        expect_equal(self.guest.run("ls /var/log/kvm-manager-agent 2>/dev/null; true"), "", "the guest's audit log")

    def is_turned_on(self):
        self.run("guest-allow", "epsilon", "yes", check=0)
        expect_equal(self.run("guest-allow", "epsilon", check=0).stdout, b"yes\n", "the switch")
        expect_equal(self.run("guest-allow", "zeta", check=0).stdout, b"no\n", "the other machine's switch")
        self.run("guest-allow", "epsilon", "maybe", check=2)

    # ---- commands

    def runs(self):
        result = self.run("guest-run", "epsilon", "--", "/bin/sh", "-c", "printf out; printf err >&2; exit 7", check=7)
        expect_equal((result.stdout, result.stderr), (b"out", b"err"), "streams")
        result = self.run("guest-run", "epsilon", "--user", "root", "--", "/bin/id", "-u", check=0)
        expect_equal(result.stdout.strip(), b"0", "user")
        result = self.run("guest-run", "epsilon", "--", "/bin/sh", "-c", "kill -TERM $$", check=128 + 15)
        result = self.run("guest-run", "epsilon", "--", "/no/such/program", check=125)
        expect(result.stderr, "no message")
        self.run("guest-run", "epsilon", "--", "true", check=2)
        self.run("guest-run", "epsilon", check=2)

    def runs_named(self):
        result = self.run("guest-run", "epsilon", "--named", "disk-space", check=0)
        expect(b"/dev/vda" in result.stdout, result.stdout)
        self.run("guest-run", "epsilon", "--named", "no-such-command", check=125)

    def streams_bytes(self):
        data = os.urandom(MIB)
        result = self.run("guest-run", "epsilon", "--stdin", "--", "/bin/cat", stdin=data, check=0)
        expect(result.stdout == data, f"{len(result.stdout)} bytes of {len(data)} came back as they went")

    def ends_in_time(self):
        started = time.monotonic()
        self.run("guest-run", "epsilon", "--timeout", "2", "--", "/bin/sleep", "60", check=124)
        expect(time.monotonic() - started < 30, "it took too long")

    def forwards_interrupts(self):
        process = self.start("guest-run", "epsilon", "--", "/bin/sh", "-c", "trap 'echo caught; exit 9' INT; echo on; "
                             "while :; do sleep 0.1; done", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            expect_equal(process.stdout.readline(), b"on\n", "first line")
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=60)
        finally:
            process.kill()
        expect_equal((process.returncode, output), (9, b"caught\n"), f"after INT ({errors})")

    def dies_in_mid_command(self):
        """kill -9 of the program: the command ends when the grace of a hang-up is over, 10 s, and TERM was ignored for 5.
        Meanwhile the agent has a port without a host, and must not turn round on it."""
        process = self.start("guest-run", "epsilon", "--", "/bin/sh", "-c", "trap '' TERM HUP; echo on; sleep 4711; sleep 4712",
                             stdout=subprocess.PIPE)
        try:
            expect_equal(process.stdout.readline(), b"on\n", "first line")
        finally:
            process.kill()
            process.communicate()
        used = f"cut -d' ' -f14,15 /proc/{self.guest.agent_pid()}/stat"
        before = sum(map(int, self.guest.run(used).split()))
        started = time.monotonic()
        wait_until(lambda: not self.guest.run("ps | grep '[s]leep 471' || true"), 40, "the end of the command", 0.5)
        seconds = time.monotonic() - started
        ticks = sum(map(int, self.guest.run(used).split())) - before
        print(f"# ended after {seconds:.1f} s, the agent used {ticks} ticks")
        expect(seconds < 20, f"the command ended after {seconds:.1f} s")
        expect(ticks <= 5 * seconds, f"the agent used {ticks} ticks of 10 ms within {seconds:.1f} s")

    # ---- files

    def copies_out(self):
        self.guest.run("dd if=/dev/urandom of=/srv/big bs=64k count=48 2>/dev/null; chmod 640 /srv/big")
        wanted = self.guest.run("sha256sum /srv/big").split()[0]
        target = self.folder / "big"
        self.run("guest-copy", "epsilon:/srv/big", str(target), check=0)
        expect_equal(hashlib.sha256(target.read_bytes()).hexdigest(), wanted, "sha256")
        expect_equal([path.name for path in self.folder.iterdir()], ["big"], "files beside it")
        result = self.run("guest-copy", "epsilon:/srv/big", str(target), check=1)
        expect(b"--force" in result.stderr, result.stderr)
        self.run("guest-copy", "epsilon:/srv/big", str(target), "--force", check=0)
        result = self.run("guest-copy", "epsilon:/srv/big", "-", check=0)
        expect_equal(hashlib.sha256(result.stdout).hexdigest(), wanted, "sha256 through standard output")

    def copies_in(self):
        source = self.folder / "up"
        source.write_bytes(os.urandom(3 * MIB + 17))
        wanted = hashlib.sha256(source.read_bytes()).hexdigest()
        self.run("guest-copy", str(source), "epsilon:/srv/up", check=0)
        expect_equal(self.guest.run("sha256sum /srv/up").split()[0], wanted, "sha256")
        result = self.run("guest-copy", str(source), "epsilon:/srv/up", check=1)
        expect(b"--force" in result.stderr, result.stderr)
        self.run("guest-copy", "-", "epsilon:/srv/up", "--force", stdin=b"short", check=0)
        expect_equal(self.guest.run("cat /srv/up"), "short", "content")
        self.run("guest-copy", "-", "epsilon:/srv/empty", stdin=b"", check=0)
        expect_equal(self.guest.run("stat -c %s /srv/empty"), "0", "size of an empty file")

    def refuses_what_is_no_file(self):
        for arguments, words in (((str(self.folder), "epsilon:/srv/x"), b"directory"),
                                 (("epsilon:/srv", str(self.folder / "x")), b"directory"),
                                 (("epsilon:/srv/big", str(self.folder)), b"directory")):
            result = self.run("guest-copy", *arguments, "--force", check=1)
            expect(words in result.stderr, f"{arguments}: {result.stderr}")
        result = self.run("guest-copy", "epsilon:/proc/cpuinfo", "-")
        expect(result.returncode in (1, 6) and not result.stdout, f"/proc: {result}")
        self.run("guest-copy", "one", "two", check=2)
        expect_equal(sorted(path.name for path in self.folder.iterdir()), ["big", "up"], "files of the host")

    # ---- lists and logs

    def lists_processes(self):
        self.guest.run("sleep 4242 & echo $! > /tmp/sleeper")
        pid = int(self.guest.run("cat /tmp/sleeper"))
        shown = {process["pid"]: process for process in self.json("guest-ps", "epsilon")["processes"]}
        expect_equal(shown[pid]["command"], "sleep", "name of the process")
        expect_equal(shown[pid]["user"], "root", "its user")
        with_arguments = self.json("guest-ps", "epsilon", "--args", "--filter", "4242")["processes"]
        expect(any(process["pid"] == pid and "4242" in process["arguments"] for process in with_arguments), "arguments")
        pids = [process["pid"] for process in self.json("guest-ps", "epsilon", "--sort", "pid")["processes"]]
        expect_equal(pids, sorted(pids), "order by pid")
        self.run("guest-ps", "epsilon", "--sort", "colour", check=2)
        expect(b"sleep" in self.run("guest-ps", "epsilon", check=0).stdout, "the table")

    def has_no_service_manager(self):
        result = self.run("guest-services", "epsilon", check=1)
        expect(result.stderr, "no message")

    def prints_logs(self):
        self.guest.run("mkdir -p /var/log; printf 'one\\ntwo \\033[31mred\\n' >> /var/log/messages")
        result = self.run("guest-log", "epsilon", "-n", "2", check=0)
        expect_equal(result.stdout, b"one\ntwo \033[31mred\n", "bytes of the log")
        lines = [json.loads(line)["line"]
                 for line in self.run("guest-log", "epsilon", "-n", "2", "--json", check=0).stdout.splitlines()]
        expect_equal(lines, ["one", "two [31mred"], "lines")
        terminal = Terminal(self.program, "guest-log", "epsilon", "-n", "1", "--wait", "60")
        try:
            terminal.wait_for(b"two [31mred")
            expect_equal(terminal.wait(), 0, "exit status")
        finally:
            terminal.close()
        expect(self.run("guest-log", "epsilon", "--kernel", check=0).stdout, "the kernel's log is empty")

    def follows_logs(self):
        process = self.start("guest-log", "epsilon", "-n", "0", "-f", stdout=subprocess.PIPE)
        try:
            def appended():
                self.guest.run("echo again >> /var/log/messages")
                return select.select([process.stdout], [], [], 0.5)[0]
            wait_until(appended, 60, "a new line of the log")
            expect_equal(process.stdout.readline(), b"again\n", "the line")
            process.send_signal(signal.SIGINT)
            expect_equal(process.wait(30), 0, "exit status")
        finally:
            process.kill()

    # ---- the terminal

    def opens_a_shell(self):
        terminal = Terminal(self.program, "guest-shell", "epsilon", "--shell", "--wait", "60", columns=101, rows=33)
        try:
            terminal.wait_for(b"# ")
            expect(not terminal.is_restored(), "the terminal is not raw")
            terminal.say(b"stty size; tty\r")
            terminal.wait_for(b"33 101")
            terminal.wait_for(b"/dev/pts/")
            terminal.resize(90, 20)
            terminal.process.send_signal(signal.SIGWINCH)

            def resized():
                terminal.say(b"stty size\r")
                time.sleep(0.3)
                terminal.drain()
                return b"20 90" in terminal.output
            wait_until(resized, 30, "the new size")
            terminal.say(b"exit 5\r")
            status = terminal.wait()
            terminal.drain()
            expect_equal(status, 5, f"exit status; the terminal shows {terminal.output}")
            expect(terminal.is_restored(), "the terminal is not as it was")
        finally:
            terminal.close()

    def leaves_a_shell(self):
        for leave in (lambda terminal: terminal.say(b"\r~."), lambda terminal: terminal.process.terminate()):
            terminal = Terminal(self.program, "guest-shell", "epsilon", "--shell", "--wait", "60")
            try:
                terminal.wait_for(b"# ")
                terminal.say(b"echo a~.b\r")
                terminal.wait_for(b"a~.b")
                terminal.wait_for(b"a~.b")
                leave(terminal)
                expect(terminal.wait() in (0, 128 + 15), "exit status")
                expect(terminal.is_restored(), "the terminal is not as it was")
            finally:
                terminal.close()
        wait_until(lambda: self.guest.run("ls /dev/pts | grep -c '^[0-9]'; true") == "0", 30, "the guest's terminals")

    def needs_a_terminal(self):
        result = self.run("guest-shell", "epsilon", check=125)
        expect(b"terminal" in result.stderr, result.stderr)

    # ---- the guest refuses

    def names_the_lines(self):
        self.guest.run("cp /etc/kvm-manager-agent/agent.conf /tmp/agent.conf; echo > /etc/kvm-manager-agent/agent.conf; "
                       f"kill -HUP {self.guest.agent_pid()}")

        def refused():
            result = self.run("guest-run", "epsilon", "--", "/bin/true")
            return result if result.returncode == 125 and b"exec=any" in result.stderr else None
        wait_until(refused, 60, "the refusal")
        result = self.run("guest-log", "epsilon", check=6)
        expect(b"logs=allow" in result.stderr and b"/etc/kvm-manager-agent/" in result.stderr, result.stderr)
        self.guest.run(f"cp /tmp/agent.conf /etc/kvm-manager-agent/agent.conf; kill -HUP {self.guest.agent_pid()}")
        wait_until(lambda: self.run("guest-run", "epsilon", "--", "/bin/true").returncode == 0, 60, "the old policy")

    def is_turned_off(self):
        self.run("guest-allow", "epsilon", "no", check=0)
        self.run("guest-run", "epsilon", "--", "/bin/true", check=125)

    # ---- shut down

    def shuts_down(self):
        result = self.run("shutdown", "epsilon", "--json", check=0)
        expect(b"Asked the guest agent" in result.stderr, result.stderr)
        expect_equal(json.loads(result.stdout)["outcome"], "done", "outcome")
        expect(not self.guest.is_active(), "it still runs")
        self.run("shutdown", "epsilon", check=1)

    def shuts_down_by_the_button(self):
        self.other.run(f"touch /run/agent-hold; kill -9 {self.other.agent_pid()}")
        result = self.run("shutdown", "zeta", "--wait", "1", check=0)
        expect(b"power button" in result.stderr, result.stderr)
        expect(not self.other.is_active(), "it still runs")


def make_cases(host):
    """The cases of this program."""
    cases = Cases(host)
    return [
        ("guest-agents: all machines", cases.agents),
        ("the switch is off at first, and nothing reaches the guest", cases.is_off_at_first),
        ("guest-allow: turned on for one machine", cases.is_turned_on),
        ("guest-run: streams, user, exit code, signal", cases.runs),
        ("guest-run: a named command", cases.runs_named),
        ("guest-run: a mebibyte in and out, byte for byte", cases.streams_bytes),
        ("guest-run: a time limit", cases.ends_in_time),
        ("guest-run: Ctrl+C reaches the command", cases.forwards_interrupts),
        ("guest-run: kill -9 of the program, the command ends", cases.dies_in_mid_command),
        ("guest-copy: out, byte for byte, without overwriting", cases.copies_out),
        ("guest-copy: in, byte for byte, without overwriting", cases.copies_in),
        ("guest-copy: only files", cases.refuses_what_is_no_file),
        ("guest-ps: as the guest's own commands say", cases.lists_processes),
        ("guest-services: without a service manager", cases.has_no_service_manager),
        ("guest-log: bytes, JSON, a terminal", cases.prints_logs),
        ("guest-log: follows", cases.follows_logs),
        ("guest-shell: size, resize, exit code", cases.opens_a_shell),
        ("guest-shell: left, and the terminal is as it was", cases.leaves_a_shell),
        ("guest-shell: needs a terminal", cases.needs_a_terminal),
        ("the lines that the guest's policy lacks", cases.names_the_lines),
        ("guest-allow: turned off", cases.is_turned_off),
        ("shutdown: by the agent", cases.shuts_down),
        ("shutdown: by the button when there is no agent", cases.shuts_down_by_the_button),
    ], cases.diagnose


if __name__ == "__main__":
    harness.main(make_cases)
