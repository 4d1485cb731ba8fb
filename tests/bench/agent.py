#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""Our agent and the QEMU guest agent in the same guest, one after the other, each over the unix socket of its own port.

usage (inside script/lib/private-libvirt.sh, as script/bench does): agent.py AGENT-BENCH [MIB [ROUNDS]]
Prints one JSON object a line. With ROUNDS only files are moved, by the one and the other in turn, so that a machine that is busy
with something else is so for both; a last line says how many times as fast ours is.
"""
import base64
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "guest"))
import harness  # noqa: E402

POLICY = """[policy]
exec=any
file-read=allow
file-write=allow
[exec]
run-as=root
users=root
root=yes
[files]
read=/srv
write=/srv
[audit]
required=no
"""
IDLE_SECONDS = 30
CHUNK = 1 << 20  # of a file, in one call of qemu-ga; larger ones make it and its peer parse ever longer lines


class Qga:
    """One client of qemu-ga, which knows one call at a time."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.file = self.socket.makefile("rb")
        self.socket.sendall(b"\xff" + json.dumps({"execute": "guest-sync-delimited", "arguments": {"id": 4711}}).encode() + b"\n")
        while b"4711" not in self.file.readline():
            pass

    def call(self, command, **arguments):
        self.socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        reply = json.loads(self.file.readline())
        if "error" in reply:
            raise RuntimeError(f"{command}: {reply['error']}")
        return reply["return"]


def timed(function, count):
    times = []
    for _ in range(count):
        started = time.monotonic()
        function()
        times.append((time.monotonic() - started) * 1e3)
    return sorted(times)


def measure_qga(path, mib):
    qga = Qga(path)
    times = timed(lambda: qga.call("guest-get-time"), 1000)
    result = {"round_trip_median_ms": times[500], "round_trip_p95_ms": times[950], "round_trip_p99_ms": times[990],
              "requests_per_second": 1000 / (sum(times) / 1e3)}

    def execute(path, *arguments, output=False):
        pid = qga.call("guest-exec", path=path, arg=list(arguments), **{"capture-output": output})["pid"]
        while True:
            status = qga.call("guest-exec-status", pid=pid)
            if status["exited"]:
                return status
            time.sleep(0.001)

    result["exec_median_ms"] = statistics.median(timed(lambda: execute("/bin/true"), 20))
    amount = min(mib, 8)  # it keeps at most 16 MiB, and all of it in memory
    started = time.monotonic()
    status = execute("/bin/dd", "if=/dev/zero", "bs=1048576", f"count={amount}", "status=none", output=True)
    expected = amount << 20
    harness.expect_equal(len(base64.b64decode(status["out-data"])), expected, "qemu-ga's output")
    result["exec_output_mib_s"] = amount / (time.monotonic() - started)

    result.update(measure_qga_files(qga, mib))
    return result


def write_qga(qga, content, count):
    handle = qga.call("guest-file-open", path="/srv/qga.bin", mode="w")
    for offset in range(0, len(content), count):
        qga.call("guest-file-write", handle=handle, **{"buf-b64": base64.b64encode(content[offset:offset + count]).decode()})
    qga.call("guest-file-flush", handle=handle)
    qga.call("guest-file-close", handle=handle)


def read_qga(qga, content, **count):
    """The first bytes of the file, which are those of content."""
    handle = qga.call("guest-file-open", path="/srv/qga.bin", mode="r")
    amount = 0
    while amount < len(content):
        part = qga.call("guest-file-read", handle=handle, **count)
        end = amount + part["count"]
        harness.expect(base64.b64decode(part["buf-b64"]) == content[amount:end], "qemu-ga's file is the same")
        amount = end
    qga.call("guest-file-close", handle=handle)


def measure_qga_files(qga, mib, vcpu=None):
    """1 MiB a call is the best of qemu-ga; 64 KiB is between; who names no count gets 4 KiB."""
    content, result = os.urandom(min(mib, 16) << 20), {}
    some = content[:1 << 20]
    for key, function, amount in (
            ("upload", lambda: write_qga(qga, content, CHUNK), content),
            ("download", lambda: read_qga(qga, content, count=CHUNK), content),
            ("download_64k", lambda: read_qga(qga, some, count=65536), some),
            ("download_default_count", lambda: read_qga(qga, some), some),
            ("upload_64k", lambda: write_qga(qga, some, 65536), some),
            ("upload_4k", lambda: write_qga(qga, some, 4096), some)):
        before, started = vcpu() if vcpu else 0, time.monotonic()
        function()
        result[key + "_mib_s"] = (len(amount) >> 20) / (time.monotonic() - started)
        if vcpu:
            result[key + "_vcpu_ms_per_mib"] = (vcpu() - before) * 1000 / (len(amount) >> 20)
    return result


def process_figures(guest, name):
    """Resident KiB and voluntary context switches of the process with this program."""
    text = guest.run(f"for p in /proc/[0-9]*; do case $(readlink $p/exe) in */{name}) cat $p/status;; esac; done; true")
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return int(fields["VmRSS"].split()[0]), int(fields["voluntary_ctxt_switches"])


def idle_wakeups(guest, name):
    _, before = process_figures(guest, name)
    time.sleep(IDLE_SECONDS)
    resident, after = process_figures(guest, name)
    return resident, (after - before) * 60 / IDLE_SECONDS


def vcpu_seconds(name):
    """What the guest's processor has cost the host so far: unlike the time of the clock it does not grow on a busy machine."""
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        if f"guest={name}," in path.read_bytes().decode(errors="replace"):
            for comm in path.parent.glob("task/*/comm"):
                if comm.read_text().startswith("CPU 0/"):
                    fields = (comm.parent / "stat").read_text().rsplit(")", 1)[1].split()
                    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    raise RuntimeError(f"no process runs {name}")


def move_files(guest, qga, program, mib, rounds, where):
    factors = {}
    for _ in range(rounds):
        ours, theirs = {"label": f"agent, {where}"}, {"label": f"qemu-ga, {where}"}
        for way in ("upload", "download"):
            before = vcpu_seconds(guest.name)
            ours.update(json.loads(subprocess.run([program, str(guest.socket), "/srv", str(mib), way], check=True,
                                                  stdout=subprocess.PIPE, timeout=600).stdout))
            ours[way + "_vcpu_ms_per_mib"] = (vcpu_seconds(guest.name) - before) * 1000 / mib
        theirs.update(measure_qga_files(qga, mib, lambda: vcpu_seconds(guest.name)))
        show(ours)
        show(theirs)
        for key, value in theirs.items():
            if key.endswith("_mib_s"):
                factors.setdefault(key, []).append(ours[key.split("_")[0] + "_mib_s"] / value)
    show({"label": f"times as fast, {where}", **{key: statistics.median(values) for key, values in factors.items()}})


def show(row):
    print(json.dumps({key: round(value, 3) if isinstance(value, float) else value for key, value in row.items()}), flush=True)


def main():
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    program, mib = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 32
    harness.prepare_image()
    host = harness.Host()
    try:
        # Not its usual name: libvirt would open the port itself.
        guest = host.guest("bench-agent", own_socket=True, qga="own", disk_mib=256)
        guest.start()
        guest.log_in()
        guest.run(f"printf '%s' '{POLICY}' > /etc/kvm-manager-agent/agent.conf && chmod 600 /etc/kvm-manager-agent/agent.conf "
                  "&& kill -HUP $(pidof kvm-manager-agent)")
        if rounds > 0:
            # What a file system and a disk cost both is told apart from what the agents do.
            qga = Qga(guest.qga_socket)
            move_files(guest, qga, program, mib, rounds, "disk")
            guest.run("mount -t tmpfs none /srv")
            move_files(guest, qga, program, mib, rounds, "memory")
            return
        ours, theirs = {"label": "agent"}, {"label": "qemu-ga"}
        ours["rss_kb_idle"], ours["wakeups_per_min_no_host"] = idle_wakeups(guest, "kvm-manager-agent")
        theirs["rss_kb_idle"], theirs["wakeups_per_min_no_host"] = idle_wakeups(guest, "qemu-ga")
        ours.update(json.loads(subprocess.run([program, str(guest.socket), "/srv", str(mib)], check=True,
                                              stdout=subprocess.PIPE, timeout=600).stdout))
        theirs.update(measure_qga(guest.qga_socket, mib))
        ours["rss_kb_after"], _ = process_figures(guest, "kvm-manager-agent")
        theirs["rss_kb_after"], _ = process_figures(guest, "qemu-ga")
        for row in (ours, theirs):
            show(row)
    finally:
        host.close()


if __name__ == "__main__":
    main()
