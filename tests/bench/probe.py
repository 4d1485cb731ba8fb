# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""Looks at a desktop program from outside: its processes, its memory, its window, its accessible tree."""
import os
import re
import subprocess
import time

from Xlib import X, display, error

HZ = os.sysconf("SC_CLK_TCK")


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def process_tree(pid):
    found, todo = [], [pid]
    while todo:
        current = todo.pop()
        found.append(current)
        try:
            tasks = os.listdir(f"/proc/{current}/task")
        except OSError:
            continue
        for task in tasks:
            todo += [int(child) for child in read(f"/proc/{current}/task/{task}/children").split()]
    return found


def cpu_seconds(pid):
    """User and system seconds of a process and its children so far."""
    total = 0
    for process in process_tree(pid):
        stat = read(f"/proc/{process}/stat")
        if stat:
            fields = stat.rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
    return total / HZ


def memory_mb(pid):
    """Private and resident megabytes (10^6) of a process and its children."""
    sums = {}
    for process in process_tree(pid):
        for key, value in re.findall(r"^(\w+):\s+(\d+) kB", read(f"/proc/{process}/smaps_rollup"), re.M):
            sums[key] = sums.get(key, 0) + int(value)
    private = sums.get("Private_Clean", 0) + sums.get("Private_Dirty", 0)
    return {"private_mb": round(private * 1.024e-3, 1), "rss_mb": round(sums.get("Rss", 0) * 1.024e-3, 1)}


class WindowWatch:
    """Finds a top-level window by its title and asks it whether it is awake (_NET_WM_PING)."""

    def __init__(self, title):
        self.display = display.Display()
        self.root = self.display.screen().root
        self.title = re.compile(title)
        intern = self.display.intern_atom
        self.net_wm_name, self.utf8 = intern("_NET_WM_NAME"), intern("UTF8_STRING")
        self.ping, self.protocols = intern("_NET_WM_PING"), intern("WM_PROTOCOLS")
        self.root.change_attributes(event_mask=X.SubstructureNotifyMask)

    def name(self, window):
        value = window.get_full_property(self.net_wm_name, self.utf8)
        if value:
            return value.value.decode("utf8", "replace") if isinstance(value.value, bytes) else str(value.value)
        return str(window.get_wm_name() or "")

    def find(self, window=None, depth=0):
        try:
            children = (window or self.root).query_tree().children
        except error.XError:
            return None
        for child in children:
            try:
                if child.get_attributes().map_state == X.IsViewable:
                    geometry = child.get_geometry()
                    if geometry.width > 60 and geometry.height > 60 and self.title.search(self.name(child)):
                        return child
                    if depth < 2:
                        inner = self.find(child, depth + 1)
                        if inner:
                            return inner
            except error.XError:
                continue
        return None

    def deaf_seconds(self, window, seconds):
        """Pings 20 times a second. Returns the longest answer and the share of time without one (> 50 ms), in seconds."""
        from Xlib import protocol
        latencies, outstanding = [], None
        begin = time.monotonic()
        end, next_ping = begin + seconds, begin
        while time.monotonic() < end or (outstanding and time.monotonic() < end + 60):
            while self.display.pending_events():
                event = self.display.next_event()
                if event.type == X.ClientMessage and event.client_type == self.protocols and outstanding \
                        and event.data[1][0] == self.ping and event.data[1][1] == outstanding[0]:
                    latencies.append(time.monotonic() - outstanding[1])
                    outstanding = None
            if time.monotonic() >= next_ping and outstanding is None and time.monotonic() < end:
                stamp = int(time.monotonic() * 1000) & 0x7FFFFFFF
                outstanding = (stamp, time.monotonic())
                message = protocol.event.ClientMessage(window=window, client_type=self.protocols,
                                                       data=(32, [self.ping, stamp, window.id, 0, 0]))
                window.send_event(message, event_mask=0)
                self.display.flush()
                next_ping = time.monotonic() + 0.05
            time.sleep(0.002)
        if outstanding:
            latencies.append(time.monotonic() - outstanding[1])
        if not latencies:
            return {}
        span = time.monotonic() - begin
        return {"longest_ms": round(max(latencies) * 1e3, 1),
                "deaf_share": round(sum(latency for latency in latencies if latency > 0.05) / span, 3)}


class Accessible:
    """The program's accessible tree (AT-SPI), found by process id."""

    def __init__(self, pid):
        import gi
        gi.require_version("Atspi", "2.0")
        from gi.repository import Atspi
        self.atspi = Atspi
        Atspi.init()
        Atspi.set_timeout(120000, 120000)
        self.pids = lambda: process_tree(pid)

    def application(self):
        desktop = self.atspi.get_desktop(0)
        desktop.clear_cache()
        for index in range(desktop.get_child_count()):
            child = desktop.get_child_at_index(index)
            try:
                if child and child.get_process_id() in self.pids():
                    return child
            except Exception:  # the program may be busy or gone
                continue
        return None

    def text(self, node):
        text = node.get_name() or ""
        if "Text" in node.get_interfaces():
            count = self.atspi.Text.get_character_count(node)
            text += " " + self.atspi.Text.get_text(node, 0, count)
        return text

    def find(self, node, matches, depth=0, limit=60, skip=()):
        if node is None:
            return None
        if matches(node):
            return node
        if depth < 24 and node.get_role_name() not in ("menu bar", "menu") + skip:
            for index in range(min(node.get_child_count(), limit)):
                found = self.find(node.get_child_at_index(index), matches, depth + 1, limit, skip)
                if found:
                    return found
        return None


def stop(process):
    """Ends a program and returns its whole user and system seconds."""
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
