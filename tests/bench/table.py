#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""Turn script/bench's results.jsonl into a Markdown table on stdout. usage: table.py FILE"""
import json
import os
import sys

COLUMNS = [("window_s", "window s"), ("list_s", "full list s"), ("total", "floor s"), ("private_mb", "private MB"), ("rss_mb", "RSS MB"),
           ("idle_cpu_s_per_60s", "CPU s / 60 s"), ("longest_turn_ms", "longest turn ms"), ("idle_deaf_share", "deaf share"),
           ("median_ms", "event to screen ms"), ("viewer_cpu_ms", "viewer CPU ms"), ("x_cpu_ms", "X CPU ms"),
           ("key_to_pixel_ms", "key to pixel ms"), ("key_to_pixel_p95_ms", "key p95 ms"),
           ("devices_ms", "devices read ms"), ("edit_ms", "edit ms"), ("edit_floor_ms", "libvirt's part ms"),
           ("round_trip_median_ms", "round trip ms"), ("round_trip_p95_ms", "p95 ms"), ("round_trip_p99_ms", "p99 ms"),
           ("requests_per_second", "requests/s"), ("upload_mib_s", "upload MiB/s"), ("download_mib_s", "download MiB/s"),
           ("exec_median_ms", "exec ms"), ("exec_output_mib_s", "exec output MiB/s"), ("rss_kb_idle", "RSS KiB idle"),
           ("rss_kb_after", "RSS KiB after"), ("wakeups_per_min_no_host", "wake-ups/min without host"), ("sessions_lost", "sessions lost"),
           ("host_cpu_ms_per_guest_minute", "host CPU ms per guest and minute"), ("host_kb_per_guest", "host KiB per guest"),
           ("host_growth_kb", "host growth KiB"), ("agent_rss_kb", "agent RSS KiB"), ("agents_growth_kb", "agents' growth KiB")]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as file:
        rows = [json.loads(line) for line in file if line.strip()]
    used = [column for column in COLUMNS if any(column[0] in row for row in rows)]
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; medians")
    print("| what | " + " | ".join(title for _, title in used) + " |")
    print("|---|" + "---|" * len(used))
    for row in rows:
        print(f"| {row['label']} | " + " | ".join(str(row.get(key, "")) for key, _ in used) + " |")


if __name__ == "__main__":
    main()
