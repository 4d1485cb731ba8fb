#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""Measure one desktop program: start, full list, memory, idle cost, deafness. Prints one JSON object (medians).

usage: startup.py --title REGEX [--rows N --rows-probe table|list:REGEX|label:REGEX] [options] -- COMMAND...

Without --rows the program runs with accessibility off and is left alone; with --rows its list is counted over AT-SPI, which costs
the program something: the two kinds of run are kept apart.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

import probe


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--title", required=True)
    parser.add_argument("--label", default="")
    parser.add_argument("--rows", type=int, default=0)
    parser.add_argument("--rows-probe", default="label:^([0-9]+) virtual machines?")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--settle", type=float, default=3, help="seconds after the window before idle begins")
    parser.add_argument("--idle", type=float, default=0, help="seconds of undisturbed idle")
    parser.add_argument("--ping", type=float, default=0, help="seconds of asking whether the window is awake, from the start on")
    parser.add_argument("--timeout", type=float, default=240)
    parser.add_argument("--screenshot")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    if arguments.command[:1] == ["--"]:
        arguments.command = arguments.command[1:]
    return arguments


def count_rows(tree, node, how):
    """The number of rows that the node found by find_counter() shows now."""
    node.clear_cache()
    if how == "table":
        return tree.atspi.Table.get_n_rows(node)
    if how.startswith("list:"):
        return node.get_child_count()
    found = re.search(how.split(":", 1)[1], tree.text(node).strip())
    return int(found[1]) if found else 0


def find_counter(tree, how):
    """A table, a list of that name, or a label that names the number of machines: found once, then asked again and again. The rows themselves are left
    alone, since each question to a row costs the program something."""
    application = tree.application()
    if application is None:
        return None
    if how == "table":
        return tree.find(application, lambda node: node.get_role_name() in ("table", "tree table"))
    pattern = re.compile(how.split(":", 1)[1])
    if how.startswith("list:"):
        return tree.find(application, lambda node: node.get_role_name() == "list" and pattern.search(node.get_name() or ""))
    return tree.find(application, lambda node: node.get_role_name() == "label" and pattern.search(tree.text(node).strip()),
                     skip=("list", "table", "tree table"))


def wait_for_rows(arguments, process, begin):
    tree = probe.Accessible(process.pid)
    node = None
    while time.monotonic() - begin < arguments.timeout and process.poll() is None:
        try:
            node = node or find_counter(tree, arguments.rows_probe)
            if node and count_rows(tree, node, arguments.rows_probe) >= arguments.rows:
                return round(time.monotonic() - begin, 3)
        except Exception:  # a widget vanished between two questions
            node = None
        time.sleep(0.01)
    return None


def one_run(arguments, watch):
    environment = dict(os.environ)
    if arguments.rows:
        environment.update(GTK_A11Y="atspi")
        environment.pop("NO_AT_BRIDGE", None)
    else:
        environment.update(GTK_A11Y="none", NO_AT_BRIDGE="1")
    result = {}
    errors = tempfile.TemporaryFile("w+")
    begin = time.monotonic()
    process = subprocess.Popen(arguments.command, env=environment, stdout=subprocess.DEVNULL, stderr=errors)
    try:
        window = None
        while window is None and time.monotonic() - begin < arguments.timeout and process.poll() is None:
            window = watch.find()
            time.sleep(0.004)
        if window is None:
            sys.exit(f"no window titled {arguments.title}: {arguments.command}")
        result["window_s"] = round(time.monotonic() - begin, 3)
        if arguments.rows:
            result["list_s"] = wait_for_rows(arguments, process, begin)
        if arguments.ping:
            result["start"] = watch.deaf_seconds(window, arguments.ping)
        time.sleep(arguments.settle)
        result.update(probe.memory_mb(process.pid))
        if arguments.idle:
            before = probe.cpu_seconds(process.pid)
            time.sleep(arguments.idle)
            spent = probe.cpu_seconds(process.pid) - before
            result["idle_cpu_s_per_60s"] = round(spent * 60 / arguments.idle, 2)
            result["idle"] = watch.deaf_seconds(window, 5)
        if arguments.screenshot:
            subprocess.run(["import", "-window", "root", arguments.screenshot], check=False)
    finally:
        probe.stop(process)
    errors.seek(0)
    turns = [float(value) for value in re.findall(r"^turn: longest ([0-9.]+) ms", errors.read(), re.M)]
    if turns:
        result["longest_turn_ms"] = turns[-1]
    return result


def median(results, path):
    values = []
    for result in results:
        value = result
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        if value is not None:
            values.append(value)
    return round(statistics.median(values), 3) if values else None


def main():
    arguments = parse()
    watch = probe.WindowWatch(arguments.title)
    results = []
    for _ in range(arguments.runs):
        results.append(one_run(arguments, watch))
        time.sleep(0.5)
    paths = [("window_s",), ("list_s",), ("private_mb",), ("rss_mb",), ("idle_cpu_s_per_60s",), ("longest_turn_ms",),
             ("start", "longest_ms"), ("start", "deaf_share"), ("idle", "longest_ms"), ("idle", "deaf_share")]
    summary = {"label": arguments.label, "runs": arguments.runs}
    for path in paths:
        value = median(results, path)
        if value is not None:
            summary["_".join(path)] = value
    print(json.dumps(summary), flush=True)


if __name__ == "__main__":
    main()
