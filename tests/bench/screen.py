#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""Measure what showing a VNC screen costs: the program's own widget, and gvncviewer where it is installed, at the same server.

usage: screen.py BUILD [--seconds N] [--rounds N] [--keys N]     (on an X display that is larger than the screens)

Prints one JSON object a line: milliseconds of processor time of the viewer and of the X server for each update that was sent,
milliseconds from a key to the pixel that it changes, and seconds of processor time of a viewer whose screen stands still. The
viewers take turns, round by round; figures are medians of the rounds.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

from Xlib import X, XK
from Xlib.ext import xtest

import probe

SIZES = {"1080p": (1920, 1080), "4K": (3840, 2160)}
# Updates a second that one processor can carry for either viewer.
RATES = {("1080p", "full"): 15, ("1080p", "small"): 30, ("1080p", "one"): 30, ("4K", "full"): 5,
         ("4K", "small"): 30, ("4K", "one"): 30}


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keys", type=int, default=60)
    return parser.parse_args()


def find_x_server():
    """The process of this display, to whose cost drawing is added."""
    number = os.environ["DISPLAY"].split(":")[1].split(".")[0]
    return int(probe.read(f"/tmp/.X{number}-lock"))


class Run:
    """A server and a viewer of it, in the middle of their work."""

    def __init__(self, arguments, viewer, size, what, rate):
        self.width, self.height = SIZES[size]
        self.server = subprocess.Popen(
            [os.path.join(arguments.build, "tests/bench/screen-server"), str(self.width), str(self.height), what, str(rate)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        port = int(self.server.stdout.readline())
        if viewer == "gvncviewer":
            command, title = ["gvncviewer", f"127.0.0.1:{port - 5900}"], "^(bench|127|localhost)"
        else:
            command = [os.path.join(arguments.build, "tests/bench/screen-window"), str(port), str(self.width), str(self.height)]
            title = "^Screen window$"
        self.viewer = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        self.watch = probe.WindowWatch(title)
        self.window = None
        deadline = time.monotonic() + 60
        while (self.window is None or self.counts()[0] == 0) and time.monotonic() < deadline:
            if self.viewer.poll() is not None:
                sys.exit(f"{command[0]} ended")
            self.window = self.window or self.watch.find()
            time.sleep(0.05)
        if self.window is None:
            sys.exit(f"{command[0]} shows no window")
        time.sleep(2)

    def counts(self):
        self.server.stdin.write("?\n")
        self.server.stdin.flush()
        return [int(number) for number in self.server.stdout.readline().split()]

    def stop(self):
        for process in (self.viewer, self.server):
            process.terminate()
            process.wait()
        time.sleep(0.5)


def measure_cost(arguments, x_server, viewer, size, what):
    run = Run(arguments, viewer, size, what, RATES[size, what])
    before = (*run.counts(), probe.cpu_seconds(run.viewer.pid), probe.cpu_seconds(x_server))
    time.sleep(arguments.seconds)
    after = (*run.counts(), probe.cpu_seconds(run.viewer.pid), probe.cpu_seconds(x_server))
    run.stop()
    updates, requests, viewer_s, x_s = (b - a for a, b in zip(before, after))
    if updates == 0:
        sys.exit(f"{viewer}: no update was taken")
    return {"viewer_cpu_ms": viewer_s * 1e3 / updates, "x_cpu_ms": x_s * 1e3 / updates,
            "updates_per_second": updates / arguments.seconds, "requests_per_update": requests / updates}


def measure_idle(arguments, x_server, viewer, size, what):
    run = Run(arguments, viewer, size, "still", 30)
    before = probe.cpu_seconds(run.viewer.pid)
    time.sleep(arguments.seconds * 2)
    used = probe.cpu_seconds(run.viewer.pid) - before
    run.stop()
    return {"idle_cpu_s_per_60s": used * 60 / (arguments.seconds * 2)}


def measure_keys(arguments, x_server, viewer, size, what):
    """From the key on to the pixel in the middle of the window, which is asked for over and over."""
    run = Run(arguments, viewer, size, "key", 1000)
    display = run.watch.display
    root = run.watch.root
    display.set_input_focus(run.window, X.RevertToParent, X.CurrentTime)
    geometry = run.window.get_geometry()
    origin = run.window.translate_coords(root, 0, 0)
    x, y = geometry.width // 2 - origin.x, geometry.height // 2 - origin.y
    code = display.keysym_to_keycode(XK.XK_a)
    display.sync()
    time.sleep(0.5)

    def pixel():
        return root.get_image(x, y, 1, 1, X.ZPixmap, 0xFFFFFF).data

    found = []
    for index in range(arguments.keys):
        old = pixel()
        xtest.fake_input(display, X.KeyPress, code)
        display.flush()
        begin = time.monotonic()
        while pixel() == old and time.monotonic() - begin < 5:
            pass
        if time.monotonic() - begin < 5:
            found.append((time.monotonic() - begin) * 1e3)
        xtest.fake_input(display, X.KeyRelease, code)
        display.flush()
        # Not in step with the frames.
        time.sleep(0.06 + 0.007 * (index % 7))
    run.stop()
    if len(found) < arguments.keys // 2:
        sys.exit(f"{viewer}: a key changes no pixel")
    return {"key_to_pixel_ms": statistics.median(found), "key_to_pixel_p95_ms": sorted(found)[int(len(found) * 0.95) - 1]}


def main():
    arguments = parse()
    viewers = ["kvm-manager"] + (["gvncviewer"] if shutil.which("gvncviewer") else [])
    if len(viewers) == 1:
        print("gvncviewer is not installed: measured without a peer", file=sys.stderr)
    x_server = find_x_server()
    parts = [(size, what, measure_cost) for size in SIZES for what in ("one", "small", "full")]
    for size, what, function in parts + [("1080p", "key", measure_keys), ("1080p", "still", measure_idle)]:
        rounds = {viewer: [] for viewer in viewers}
        for _ in range(arguments.rounds):
            for viewer in viewers:
                rounds[viewer].append(function(arguments, x_server, viewer, size, what))
        for viewer in viewers:
            row = {key: round(statistics.median(each[key] for each in rounds[viewer]), 2) for key in rounds[viewer][0]}
            print(json.dumps({"label": f"screen {size} {what}, {viewer}", **row}), flush=True)


if __name__ == "__main__":
    main()
