# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""What a person does in the main window."""

import configparser
import os
import time

import kvmm_ui
from kvmm_ui import Atspi, Failure, text_of, wait

THREE = (("alpha", True, 1024), ("beta", False, 512), ("gamma", True, 2048))


def start_three(flow, **options):
    app = flow.start("--connect", flow.machines(*THREE), **options)
    app.wait_names(["alpha", "beta", "gamma"])
    return app


def read_settings(app):
    parser = configparser.ConfigParser()
    parser.read(f"{app.home}/config/glib-2.0/settings/keyfile")
    return parser["org/kvmmanager/KvmManager"] if parser.has_section("org/kvmmanager/KvmManager") else {}


def wait_setting(app, key, value):
    wait(lambda: read_settings(app).get(key) == value, f"setting {key} {value}, not {read_settings(app).get(key)}")


def check(condition, what):
    if not condition:
        raise Failure(what)


def shows_every_machine_and_its_state(flow):
    app = start_three(flow)
    check([row[1] for row in app.rows()] == ["Running", "Shut off", "Running"], f"states {app.rows()}")
    check(app.rows()[1][3] == "512 MiB", f"memory {app.rows()[1]}")
    app.wait_for("list item", "^All, 3$")
    app.wait_for("list item", "^Running, 2$")
    app.wait_for("list item", "^Stopped, 1$")
    app.wait_for("label", "^3 virtual machines$")
    app.shot("list-small")


def starts_a_machine(flow):
    app = start_three(flow)
    app.select("beta")
    app.key("ctrl+shift+s")
    app.wait_state("beta", "Running")
    app.wait_for("list item", "^Running, 3$")


def shuts_down_a_machine(flow):
    app = start_three(flow)
    app.select("gamma")
    app.key("ctrl+shift+d")
    app.wait_state("gamma", "Shut off")
    app.wait_for("list item", "^Stopped, 2$")


def says_why_a_machine_cannot_be_started(flow):
    app = start_three(flow)
    app.select("alpha")
    app.key("ctrl+shift+s")
    app.wait_for("label", "runs already")


def asks_before_force_off(flow):
    app = start_three(flow)
    app.select("alpha")
    app.key("ctrl+shift+k")
    app.wait_for("label", "^Force Off “alpha”")
    app.wait_for("label", "Unsaved work in “alpha” will be lost")
    app.shot("confirm-force-off")
    app.press_button("^_?Cancel")
    app.wait_gone("label", "^Force Off “alpha”")
    check(app.state("alpha") == "Running", "Cancel must change nothing")
    app.focus("KVM Manager")
    app.key("ctrl+shift+k")
    app.wait_for("label", "^Force Off “alpha”")
    app.press_button("^Force Off")
    app.wait_state("alpha", "Shut off")


def searches_as_one_types(flow):
    app = start_three(flow)
    app.key("ctrl+f")
    app.type("GAM")
    app.wait_names(["gamma"])
    app.type("zzz")
    app.wait_for("label", "^No Results Found$")
    app.shot("search-nothing")
    app.press_button("Clear Search")
    app.wait_names(["alpha", "beta", "gamma"])


def typing_in_the_list_searches(flow):
    app = start_three(flow)
    app.select("alpha")
    app.type("bet")
    app.wait_names(["beta"])
    app.key("Escape")
    app.wait_names(["alpha", "beta", "gamma"])


def open_menu(app):
    app.key("F10")
    app.wait_for("menu item", "Preferences")


def sorts_by_column_and_remembers(flow):
    app = start_three(flow, home=flow.folder + "/home")
    open_menu(app)
    app.press_button("^Sort By$")
    app.press_button("^Memory$", index=-1)
    app.wait_names(["beta", "alpha", "gamma"])
    wait_setting(app, "sort-column", "'memory'")
    flow.stop(app)

    again = flow.start("--connect", f"test:///{flow.folder}/machines.xml", home=flow.folder + "/home")
    again.wait_names(["beta", "alpha", "gamma"])


def hides_a_column_and_remembers(flow):
    app = start_three(flow, home=flow.folder + "/home")
    check(len(app.rows()[0]) == 7, f"columns {app.rows()[0]}")
    open_menu(app)
    app.press_button("Columns")
    app.press_button("^Address$")
    wait(lambda: len(app.rows()[0]) == 6, "six columns")
    wait_setting(app, "visible-columns", "['name', 'state', 'cpu', 'memory', 'os', 'agent']")
    flow.stop(app)

    again = flow.start("--connect", f"test:///{flow.folder}/machines.xml", home=flow.folder + "/home")
    wait(lambda: again.rows() and len(again.rows()[0]) == 6, "six columns after a restart")


def acts_on_several_and_lists_each(flow):
    app = start_three(flow)
    app.select("alpha")
    app.key("ctrl+a")
    app.wait_for("label", "^3 selected$")
    app.shot("several-selected")
    app.press_button("^Start$")
    app.wait_state("beta", "Running")
    app.wait_for("label", "^Done for 1 of 3 virtual machines$")
    result = app.find("text", None)
    for line in ("alpha: ", "gamma: ", "beta"):
        check(line in text_of(result), f"{line} in {text_of(result)!r}")
    app.shot("bulk-result")
    app.press_button("^_?Close", app.window("") or None)


def filters_by_the_sidebar(flow):
    app = start_three(flow)
    sidebar = app.find("list", "^Filters and connections$")
    for index, names in ((1, ["alpha", "gamma"]), (2, ["beta"]), (3, ["alpha", "beta", "gamma"])):
        sidebar.select_child(index)
        app.wait_names(names)


def closes_without_a_complaint(flow):
    app = start_three(flow)
    app.key("F10")
    app.wait_for("menu item", "Preferences")
    app.key("Escape")
    app.key("ctrl+comma")
    app.wait_window("Preferences")
    app.key("Escape")
    app.wait_window_gone("Preferences")
    app.key("ctrl+q")
    wait(lambda: app.process.poll() is not None, "the end of the program")
    check(app.process.returncode == 0, f"ended with {app.process.returncode}")


def tells_that_nothing_is_running(flow):
    app = flow.start("--connect", flow.machines(("only", False, 64)))
    app.wait_names(["only"])
    app.find("list", "^Filters and connections$").select_child(1)
    app.wait_for("label", "^Nothing Is Running$")
    app.press_button("Show All")
    app.wait_names(["only"])


def tells_that_a_host_is_empty(flow):
    app = flow.start("--connect", flow.machines())
    app.wait_for("label", "^No Virtual Machines$")
    app.shot("empty")


def names_what_is_missing_at_first_run(flow):
    app = flow.start("--connect", f"qemu+unix:///system?socket={flow.folder}/no-such-socket")
    app.wait_for("label", "^Cannot Connect$")
    app.wait_for("label", "no-such-socket")
    app.shot("first-run")
    app.press_button("Try Again")
    app.wait_for("label", "^Cannot Connect$")
    app.press_button("Add Connection…")
    app.wait_window("Add Connection")


def adds_a_connection(flow):
    app = start_three(flow)
    app.key("ctrl+shift+n")
    dialog = app.wait_window("Add Connection")
    app.key("space")
    app.wait_for("label", "^Another Address$")
    app.key("End", "Return")
    entry = app.find("text", "libvirt URI", dialog)
    app.set_text(entry, "qemu:///nowhere")
    app.wait_for(None, "ends with /system or /session")
    add = app.find("push button", "^_?Add", dialog)
    app.wait_sensitive(add, False)
    app.shot("add-connection")
    app.set_text(entry, "test:///default")
    app.wait_sensitive(add)
    app.press(add)
    app.wait_window_gone("Add Connection")
    wait(lambda: "test" in app.names(), "the machine of the second connection")
    wait(lambda: len(app.rows()[0]) == 8, "the column of the connection")
    wait_setting_contains(app, "connections", "test:///default")


def wait_setting_contains(app, key, text):
    wait(lambda: text in read_settings(app).get(key, ""), f"{text} in setting {key}")


def disconnects_and_connects(flow):
    app = start_three(flow)
    app.press_button("^Connection Menu")
    app.press_button("Disconnect")
    app.wait_state("alpha", "Unknown")
    app.press_button("^Connection Menu")
    app.press_button("^_?Connect$")
    app.wait_state("alpha", "Running")


def removes_a_connection_and_brings_it_back(flow):
    app = start_three(flow)
    app.press_button("^Connection Menu")
    app.press_button("Remove From List")
    app.wait_for("label", "^No Connections$")
    app.press_button("Undo")
    app.wait_names(["alpha", "beta", "gamma"])


def sets_the_path_of_the_agent_disc(flow):
    app = start_three(flow)
    app.key("ctrl+comma")
    window = app.wait_window("Preferences")
    app.press_button("Agent Disc", window)
    app.wait_for("label", "^No Usable Agent Disc$|^/", window)
    entry = app.find("text", "^Path", window)
    missing = f"{flow.folder}/no-such-disc.iso"
    app.click(entry)
    app.type(missing)
    app.key("Return")
    wait_setting(app, "agent-iso-path", f"'{missing}'")
    app.wait_for("label", "^No Usable Agent Disc$", window)
    app.wait_for("label", "no-such-disc.iso", window)
    app.shot("preferences-agent-disc")


def the_menu_says_why_not(flow):
    app = start_three(flow)
    app.select("beta")
    app.key("shift+F10")
    item = app.find("push button", "^Shut Down")
    app.wait_sensitive(item, False)
    app.wait_for("label", "does not run")
    app.shot("menu")
    app.wait_sensitive(app.find("push button", "^Start$"))
    app.key("Escape")
    app.wait_gone("push button", "^Shut Down$")


def works_with_the_keyboard_alone(flow):
    app = start_three(flow)
    app.select("beta")
    app.key("shift+F10")
    start = app.find("push button", "^Start$")
    app.tab_to(start)
    app.key("space")
    app.wait_state("beta", "Running")
    app.select("beta")
    app.key("Return")
    app.wait_window("beta.*")
    app.shot("machine-window")
    app.key("ctrl+w")
    wait(lambda: not app.window("beta.*"), "the machine's window closed")


def focused_cell(app):
    """The name of the machine whose cell of the grid has the keyboard."""
    for node in app.nodes(None, ".*, (Running|Shut off)$"):
        if kvmm_ui.has_state(node, Atspi.StateType.FOCUSED):
            return node.get_name().split(",")[0]
    return None


def shows_screens_and_remembers(flow):
    app = start_three(flow, home=flow.folder + "/home")
    app.select("alpha")
    app.press_button("^Show screens$")
    wait_setting(app, "machines-view", "'grid'")
    for name in ("alpha, Running", "beta, Shut off", "gamma, Running"):
        app.wait_for(None, f"^{name}$")
    app.shot("grid-small")
    # The keyboard goes with the view, and the selection.
    app.key("Home")
    wait(lambda: focused_cell(app) == "alpha", "the focus on alpha")
    app.key("Right")
    wait(lambda: focused_cell(app) == "beta", "the focus on beta")
    app.key("shift+F10")
    app.wait_sensitive(app.find("push button", "^Start$"))
    app.shot("grid-menu")
    app.key("Escape")
    app.wait_gone("push button", "^Start$")
    app.key("ctrl+shift+s")
    app.wait_for(None, "^beta, Running$")
    wait(lambda: focused_cell(app) == "beta", "the focus on beta after the menu")
    app.key("Return")
    app.wait_window("beta.*")
    app.key("ctrl+w")
    wait(lambda: not app.window("beta.*"), "the machine's window closed")
    app.focus("KVM Manager")
    app.key("ctrl+f")
    app.type("gam")
    app.wait_gone(None, "^beta, Running$")
    app.key("Escape")
    flow.stop(app)

    again = flow.start("--connect", f"test:///{flow.folder}/machines.xml", home=flow.folder + "/home")
    again.wait_for(None, "^gamma, Running$")
    open_menu(again)
    again.press_button("^View As$")
    again.press_button("^List$")
    again.wait_names(["alpha", "beta", "gamma"])


def shows_the_list_of_keys(flow):
    app = start_three(flow)
    app.key("ctrl+question")
    app.wait_for("label", "^Mount the agent disc$")
    app.shot("shortcuts")


def copes_with_a_thousand(flow):
    machines = [(f"vm-{i:04d}", i % 2 == 0, 256) for i in range(1000)]
    app = flow.start("--connect", flow.machines(*machines))
    app.wait_for("label", "^1000 virtual machines$")
    app.wait_for("list item", "^Running, 500$")
    app.key("End")
    wait(lambda: app.focused_row() == "vm-0999", f"the last row, not {app.focused_row()}")
    app.shot("list-1000")
    app.key("ctrl+f")
    app.type("vm-0777")
    app.wait_names(["vm-0777"])


def comes_to_rest(flow):
    """An animation that goes on where nobody sees it costs a fifth of a core; this is how it was found."""
    machines = [(f"vm-{i:03d}", i % 2 == 0, 256) for i in range(300)]
    app = flow.start("--connect", flow.machines(*machines))
    app.wait_for("label", "^300 virtual machines$")
    seen = []

    def is_quiet():
        with open(f"/proc/{app.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        now, ticks = time.monotonic(), int(fields[11]) + int(fields[12])
        seen.append((now, ticks))
        while now - seen[0][0] > 3:
            seen.pop(0)
        # At most 2 % of a core over two seconds and a half.
        return now - seen[0][0] > 2.5 and ticks - seen[0][1] <= os.sysconf("SC_CLK_TCK") * 0.05

    wait(is_quiet, f"rest: {seen[-1:]}")


def is_readable_in_the_dark(flow):
    home = f"{flow.folder}/home"
    os.makedirs(f"{home}/config/glib-2.0/settings")
    with open(f"{home}/config/glib-2.0/settings/keyfile", "w", encoding="utf-8") as file:
        file.write("[org/kvmmanager/KvmManager]\ncolor-scheme='dark'\nwindow-size=(360, 600)\n")
    app = flow.start("--connect", flow.machines(*THREE), home=home)
    app.wait_names(["alpha", "beta", "gamma"])
    app.shot("narrow-dark")
    app.key("F9")
    app.find("list", "^Filters and connections$")
    app.shot("narrow-dark-sidebar")


if __name__ == "__main__":
    kvmm_ui.run(
        [
            shows_every_machine_and_its_state,
            starts_a_machine,
            shuts_down_a_machine,
            says_why_a_machine_cannot_be_started,
            asks_before_force_off,
            searches_as_one_types,
            typing_in_the_list_searches,
            sorts_by_column_and_remembers,
            hides_a_column_and_remembers,
            acts_on_several_and_lists_each,
            filters_by_the_sidebar,
            closes_without_a_complaint,
            tells_that_nothing_is_running,
            tells_that_a_host_is_empty,
            names_what_is_missing_at_first_run,
            adds_a_connection,
            disconnects_and_connects,
            removes_a_connection_and_brings_it_back,
            sets_the_path_of_the_agent_disc,
            the_menu_says_why_not,
            works_with_the_keyboard_alone,
            shows_screens_and_remembers,
            shows_the_list_of_keys,
            copes_with_a_thousand,
            comes_to_rest,
            is_readable_in_the_dark,
        ]
    )
