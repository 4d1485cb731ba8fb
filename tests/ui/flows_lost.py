# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""What a person sees when libvirt goes away and comes back. Runs beside script/lib/private-libvirt.sh."""

import os
import re

import kvmm_ui
from kvmm_ui import Failure, wait

if "KVMM_LIBVIRT_URI" not in os.environ:
    kvmm_ui.skip_all("there is no private libvirt (script/lib/private-libvirt.sh)")

# The test driver behind a real daemon: the machine "test", over real RPC.
REMOTE = re.sub(r"^[^?]*", "test+unix:///default", os.environ["KVMM_LIBVIRT_URI"])


def control(word):
    with open(os.environ["KVMM_LIBVIRT_CONTROL"], "w", encoding="ascii") as pipe:
        pipe.write(word + "\n")


def start_beside_another(flow):
    app = flow.start("--connect", REMOTE, "--connect", flow.machines(("local", True, 64)))
    app.wait_names(["local", "test"])
    app.wait_state("test", "Running")
    return app


def keeps_the_rows_of_a_lost_connection(flow):
    app = start_beside_another(flow)
    try:
        control("kill")
        app.wait_for("label", "^Connection to .* lost")
        app.wait_state("test", "Unknown")
        if app.state("local") != "Running":
            raise Failure("the other connection must not be touched")
        app.wait_for("label", r"Next try in \d+ s|Trying now")
        app.shot("connection-lost")
    finally:
        control("start")
    app.wait_state("test", "Running")
    app.wait_gone("label", "^Connection to .* lost")


def reconnects_at_once_on_request(flow):
    app = start_beside_another(flow)
    control("kill")
    try:
        # The wait between two tries grows: 1 s, 2 s, 4 s …
        app.wait_for("label", r"Next try in [4-9] s")
    finally:
        control("start")
    app.press_button("Reconnect _?Now")
    app.wait_state("test", "Running")


def says_so_when_an_action_is_not_possible(flow):
    app = start_beside_another(flow)
    control("kill")
    try:
        app.wait_state("test", "Unknown")
        app.select("test")
        app.key("ctrl+shift+d")
        app.wait_for("label", "connection|connected|state")
    finally:
        control("start")
    app.wait_state("test", "Running")


def shows_the_way_back_when_nothing_else_is_there(flow):
    control("kill")
    try:
        app = flow.start("--connect", REMOTE)
        app.wait_for("label", "^Cannot Connect$")
        app.shot("not-reachable")
    finally:
        control("start")
    wait(lambda: app.names() == ["test"], "the machine, once libvirt is back")


if __name__ == "__main__":
    kvmm_ui.run(
        [
            keeps_the_rows_of_a_lost_connection,
            reconnects_at_once_on_request,
            says_so_when_an_action_is_not_possible,
            shows_the_way_back_when_nothing_else_is_there,
        ]
    )
