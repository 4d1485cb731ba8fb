#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""From libvirt's event to the row on screen. Starts and stops one machine from outside and watches the program's list over AT-SPI.

usage: latency.py --uri URI --machine NAME [--rounds 10] [--on REGEX --off REGEX] -- COMMAND...
Prints one JSON object: milliseconds from libvirt's event (as a listener of our own hears it) to the first sight of the new word.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import threading
import time

import libvirt

import probe

LISTENER = """
import libvirt, sys, time
libvirt.virEventRegisterDefaultImpl()
connection = libvirt.open(sys.argv[1])
connection.domainEventRegisterAny(None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE,
    lambda c, d, event, detail, opaque: print(time.monotonic(), d.name(), event, flush=True), None)
print("ready", flush=True)
while True:
    libvirt.virEventRunDefaultImpl()
"""  # a process of its own: libvirt's loop would take libatspi's answers


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--uri", required=True)
    parser.add_argument("--machine", required=True)
    parser.add_argument("--label", default="")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--on", default="Running")
    parser.add_argument("--off", default="[Ss]hut ?[Oo]ff")
    parser.add_argument("--settle", type=float, default=4)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    if arguments.command[:1] == ["--"]:
        arguments.command = arguments.command[1:]
    return arguments


def row_text(tree, node, depth=0):
    node.clear_cache()
    text = tree.text(node)
    if depth < 5:
        for index in range(min(node.get_child_count(), 14)):
            child = node.get_child_at_index(index)
            if child:
                text += " " + row_text(tree, child, depth + 1)
    return text


def find_row(tree, machine):
    roles = ("table cell", "table row", "list item")
    application = tree.application()
    return tree.find(application, lambda node: node.get_role_name() in roles and machine in row_text(tree, node, 3))


def main():
    arguments = parse()
    listener = subprocess.Popen([sys.executable, "-c", LISTENER, arguments.uri], stdout=subprocess.PIPE, text=True)
    listener.stdout.readline()
    events = []

    def listen():
        for line in listener.stdout:
            stamp, name, event = line.rsplit(None, 2)
            events.append((float(stamp), name, int(event)))
    threading.Thread(target=listen, daemon=True).start()

    machine = libvirt.open(arguments.uri).lookupByName(arguments.machine)
    process = subprocess.Popen(arguments.command, env=dict(os.environ, GTK_A11Y="atspi"), stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    latencies = []
    try:
        tree = probe.Accessible(process.pid)
        row, deadline = None, time.monotonic() + 120
        while row is None and time.monotonic() < deadline:
            try:
                row = find_row(tree, arguments.machine)
            except Exception:  # the tree is still growing
                pass
            time.sleep(0.1)
        if row is None:
            sys.exit("the machine's row was not found")
        time.sleep(arguments.settle)
        # A row that names the state in its own label is asked for that alone: reading its cells takes longer than what is measured.
        states = re.compile(f"{arguments.on}|{arguments.off}")
        read = tree.text if states.search(tree.text(row)) else lambda node: row_text(tree, node)
        for index in range(arguments.rounds):
            starting = not machine.isActive()
            wanted = re.compile(arguments.on if starting else arguments.off)
            events.clear()
            (machine.create if starting else machine.destroy)()
            seen, deadline = None, time.monotonic() + 60
            while seen is None and time.monotonic() < deadline:
                try:
                    row.clear_cache()
                    if wanted.search(read(row)):
                        seen = time.monotonic()
                except Exception:
                    row = find_row(tree, arguments.machine) or row
                time.sleep(0.001)
            time.sleep(0.2)
            number = libvirt.VIR_DOMAIN_EVENT_STARTED if starting else libvirt.VIR_DOMAIN_EVENT_STOPPED
            heard = next((t for t, name, event in events if name == arguments.machine and event == number), None)
            if seen and heard:
                latencies.append((seen - heard) * 1e3)
            time.sleep(0.8 + 0.37 * (index % 5))
    finally:
        probe.stop(process)
        listener.terminate()
    if not latencies:
        sys.exit("no round was measured")
    print(json.dumps({"label": arguments.label, "rounds": len(latencies), "median_ms": round(statistics.median(latencies), 1),
                      "min_ms": round(min(latencies), 1), "max_ms": round(max(latencies), 1)}), flush=True)


if __name__ == "__main__":
    main()
