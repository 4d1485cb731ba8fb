#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""Starts the program on a machine's Guest page, waits until what the guest's agent tells is on screen, saves
screenshots, and prints where they are and the facts. Run inside dbus-run-session, with DISPLAY set."""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

# The graphs of the page fill while we look.
GRAPH_SECONDS = 30


def read_facts(program, uri, machine, deadline):
    """What the agent tells, by the program's own command. The address comes last: DHCP takes its time."""
    facts = None
    while time.monotonic() < deadline:
        run = subprocess.run(
            [program, "--connect", uri, "guest-info", machine, "--json", "--wait", "30"],
            stdout=subprocess.PIPE, check=False)
        if run.returncode == 0:
            facts = json.loads(run.stdout)
            if facts["address"]:
                break
        time.sleep(0.5)
    return facts


def shown_texts(pid):
    """All texts of the program's windows."""
    texts = []

    def walk(node, depth):
        if node is None or depth > 60:
            return
        try:
            node.clear_cache()
            texts.append(node.get_name() or "")
            if node.get_role() == Atspi.Role.LABEL and "Text" in node.get_interfaces():
                texts.append(Atspi.Text.get_text(node, 0, Atspi.Text.get_character_count(node)))
            for i in range(node.get_child_count()):
                walk(node.get_child_at_index(i), depth + 1)
        except GLib.Error:
            pass  # it went away while we looked

    desktop = Atspi.get_desktop(0)
    desktop.clear_cache()
    for i in range(desktop.get_child_count()):
        application = desktop.get_child_at_index(i)
        try:
            if application is not None and application.get_process_id() == pid:
                walk(application, 0)
        except GLib.Error:
            pass
    return texts


def wait_on_screen(process, wanted, deadline):
    """Returns which of the wanted texts were never seen."""
    missing = list(wanted)
    while missing and time.monotonic() < deadline:
        if process.poll() is not None:
            sys.exit(f"the program ended by itself, with {process.returncode}")
        texts = "\n".join(shown_texts(process.pid))
        missing = [text for text in wanted if text not in texts]
        if missing:
            time.sleep(0.2)
    return missing


def window_ids(pid):
    """The program's windows on the screen, by title."""
    found = subprocess.run(["xdotool", "search", "--onlyvisible", "--pid", str(pid)],
                           stdout=subprocess.PIPE, text=True, check=False)
    windows = {}
    for identifier in found.stdout.split():
        title = subprocess.run(["xdotool", "getwindowname", identifier], stdout=subprocess.PIPE, text=True, check=False)
        if title.stdout.strip():
            windows[title.stdout.strip()] = identifier
    return windows


def save_screenshots(pid, machine, path):
    """The machine's window as path, the list as path with -list; without a window manager they lie on each other."""
    saved = []
    left = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    for title, identifier in sorted(window_ids(pid).items(), key=lambda item: machine not in item[0]):
        target = path if machine in title else path.with_name(f"{path.stem}-list{path.suffix}")
        subprocess.run(["xdotool", "windowmove", "--sync", identifier, str(left), "0"], check=False, timeout=10)
        left += 1200
        saved.append((identifier, target))
    time.sleep(1)  # the server has no event for "painted"
    for identifier, target in saved:
        subprocess.run(["import", "-window", identifier, str(target)], check=True)
    return [target for _, target in saved]


def print_facts(facts):
    system = facts["system"]
    print(f"system      {system['os_pretty']}")
    print(f"kernel      {system['kernel']} {system['arch']}")
    print(f"host name   {system['hostname']}")
    print(f"up          {system['uptime_ms'] / 1000:.0f} s")
    print(f"memory      {system['memory_bytes'] / 2**20:.1f} MiB")
    if facts["metrics"]:
        print("load        " + " ".join(f"{load:.2f}" for load in facts["metrics"]["load"]))
    for interface in facts["interfaces"]:
        for address in interface["addresses"]:
            print(f"{interface['name']:<11} {address['ip']}/{address['prefix']}")
    for fs in facts["filesystems"]:
        print(f"{fs['mount']:<11} {fs['used_bytes'] / 2**20:.1f} of {fs['total_bytes'] / 2**20:.1f} MiB ({fs['type']})")
    for user in facts["users"]:
        print(f"{user['user']:<11} on {user['terminal']}")
    print(f"agent       {facts['agent_version']}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--timeout", type=int, required=True)
    parser.add_argument("--screenshot", type=pathlib.Path, required=True)
    parser.add_argument("program")
    parser.add_argument("machine")
    options = parser.parse_args()
    uri = os.environ["KVMM_LIBVIRT_URI"]

    facts = read_facts(options.program, uri, options.machine, time.monotonic() + options.timeout)
    if facts is None:
        sys.exit(f"the agent in {options.machine} did not answer within {options.timeout} seconds")
    wanted = [facts["system"][name] for name in ("os_pretty", "hostname", "kernel")]
    if facts["address"]:
        wanted.append(facts["address"])

    with subprocess.Popen([options.program, "--connect", uri, "--show-domain", options.machine,
                           "--page", "guest"]) as process:
        try:
            missing = wait_on_screen(process, wanted, time.monotonic() + options.timeout)
            if missing:
                print("\n".join(text for text in shown_texts(process.pid) if text), file=sys.stderr)
                sys.exit(f"not on screen within {options.timeout} seconds: {', '.join(missing)}")
            time.sleep(GRAPH_SECONDS)
            saved = save_screenshots(process.pid, options.machine, options.screenshot)
        finally:
            process.terminate()
    if options.screenshot not in saved:
        sys.exit(f"there is no window of {options.machine}")
    for path in saved:
        print(f"screenshot  {path}")
    print_facts(facts)


if __name__ == "__main__":
    main()
