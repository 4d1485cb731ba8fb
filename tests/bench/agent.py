#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""Our agent and the QEMU guest agent in the same guest, one after the other, each over the unix socket of its own port.

usage (inside script/lib/private-libvirt.sh, as script/bench does): agent.py AGENT-BENCH [MIB]
Prints one JSON object a line.
"""
import base64
import hashlib
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

    content = os.urandom(min(mib, 16) << 20)
    handle = qga.call("guest-file-open", path="/srv/qga.bin", mode="w")
    started = time.monotonic()
    for offset in range(0, len(content), CHUNK):
        qga.call("guest-file-write", handle=handle, **{"buf-b64": base64.b64encode(content[offset:offset + CHUNK]).decode()})
    qga.call("guest-file-flush", handle=handle)
    qga.call("guest-file-close", handle=handle)
    result["upload_mib_s"] = (len(content) >> 20) / (time.monotonic() - started)
    # What a caller gets who names no count: 4 KiB.
    handle = qga.call("guest-file-open", path="/srv/qga.bin", mode="r")
    started, amount = time.monotonic(), 0
    while amount < 1 << 20:
        amount += qga.call("guest-file-read", handle=handle)["count"]
    result["download_default_count_mib_s"] = (amount >> 20) / (time.monotonic() - started)
    qga.call("guest-file-close", handle=handle)
    handle = qga.call("guest-file-open", path="/srv/qga.bin", mode="r")
    digest, started = hashlib.sha256(), time.monotonic()
    while True:
        part = qga.call("guest-file-read", handle=handle, count=CHUNK)
        digest.update(base64.b64decode(part["buf-b64"]))
        if part["eof"]:
            break
    result["download_mib_s"] = (len(content) >> 20) / (time.monotonic() - started)
    qga.call("guest-file-close", handle=handle)
    harness.expect_equal(digest.hexdigest(), hashlib.sha256(content).hexdigest(), "qemu-ga's file")
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


def main():
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
        ours, theirs = {"label": "agent"}, {"label": "qemu-ga"}
        ours["rss_kb_idle"], ours["wakeups_per_min_no_host"] = idle_wakeups(guest, "kvm-manager-agent")
        theirs["rss_kb_idle"], theirs["wakeups_per_min_no_host"] = idle_wakeups(guest, "qemu-ga")
        ours.update(json.loads(subprocess.run([program, str(guest.socket), "/srv", str(mib)], check=True,
                                              stdout=subprocess.PIPE, timeout=600).stdout))
        theirs.update(measure_qga(guest.qga_socket, mib))
        ours["rss_kb_after"], _ = process_figures(guest, "kvm-manager-agent")
        theirs["rss_kb_after"], _ = process_figures(guest, "qemu-ga")
        for row in (ours, theirs):
            print(json.dumps({key: round(value, 3) if isinstance(value, float) else value for key, value in row.items()}), flush=True)
    finally:
        host.close()


if __name__ == "__main__":
    main()
