# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""What a person does in a machine's window, on libvirt's test driver."""

import kvmm_ui
from kvmm_ui import Atspi, Failure, has_state, text_of, wait

MACHINES = (("alpha", True, 1024), ("beta", False, 512))


def check(condition, what):
    if not condition:
        raise Failure(what)


def open_machine(flow, name="alpha", page=None, env=None):
    """The program, and the window of one of its machines, opened with Enter."""
    app = flow.start("--connect", flow.machines(*MACHINES), env=env)
    app.wait_names(["alpha", "beta"])
    app.select(name)
    app.key("Return")
    window = app.wait_window(name)
    if page is not None:
        show_page(app, window, page)
    return app, window


def show_page(app, window, number):
    titles = ("Console", "Overview", "Guest", "Terminal", "Hardware", "XML", "Log")
    app.key(f"alt+{number}")
    wait(lambda: is_selected(app, window, titles[number - 1]), f"page {titles[number - 1]}")


def is_selected(app, window, title):
    return any(has_state(tab, Atspi.StateType.SELECTED) for tab in app.nodes("page tab", f"^{title}$", window))


def press_menu(app, window, name):
    """A menu button is a node round the button that opens the menu."""
    app.find("push button", f"^{name}$", window)
    app.press(app.nodes("push button", f"^{name}$", window)[-1])


def opens_with_enter_and_shows_the_state(flow):
    app, window = open_machine(flow)
    app.wait_for("label", "^Running$", window)
    app.wait_for("list item", "^Size: 2 CPUs, 1 GiB of memory$", window)
    app.wait_for("list item", "^Guest agent: ", window)
    app.find("push button", "^Shut Down$", window)
    app.shot("machine-overview")


def opens_each_machine_once(flow):
    app, _ = open_machine(flow)
    app.focus("KVM Manager")
    app.key("Return")
    app.wait_window("alpha")
    app.focus("KVM Manager")
    app.select("beta")
    app.key("Return")
    app.wait_window("beta")
    check(len([w for w in app.windows() if w.get_name() == "alpha"]) == 1, "one window of alpha")


def pages_switch_by_keyboard(flow):
    app, window = open_machine(flow)
    for number in (2, 3, 4, 5, 6, 7, 1):
        show_page(app, window, number)
    app.key("ctrl+w")
    app.wait_window_gone("alpha")


def says_that_the_driver_gives_no_figures(flow):
    app, window = open_machine(flow)
    app.wait_for("label", "reports no CPU, memory, disk and network figures", window)


def says_that_a_stopped_machine_has_no_figures(flow):
    app, window = open_machine(flow, "beta")
    app.wait_for("label", "^Shut off$", window)
    app.wait_for("label", "appear while the virtual machine runs", window)


def starts_and_shuts_down(flow):
    app, window = open_machine(flow, "beta")
    app.press_button("^Start$", window)
    app.wait_for("label", "^Running$", window)
    app.find("push button", "^Shut Down$", window)
    app.key("ctrl+shift+d")
    app.wait_for("label", "^Shut off$", window)
    app.find("push button", "^Start$", window)


def power_menu_says_why_not(flow):
    app, window = open_machine(flow)
    press_menu(app, window, "Power")
    app.wait_for("label", "runs already", window)
    app.wait_sensitive(app.find("push button", "^Force Off$", window))
    resume = app.find("push button", "^Resume$", window)
    app.wait_sensitive(resume, False)
    app.shot("machine-power")
    app.press(app.find("push button", "^Pause$", window))
    app.wait_for("label", "^Paused$", window)


def guest_page_says_not_supported(flow):
    app, window = open_machine(flow, page=3)
    app.wait_for("label", "^No Guest Agent Here$", window)
    for button in ("Mount Agent Disc", "Add Channel", "Take Over", "Try Now"):
        check(not app.has("push button", f"^{button}$", window), f"{button} is offered where it cannot help")
    app.shot("guest-not-supported")


def guest_page_offers_to_start(flow):
    app, window = open_machine(flow, "beta", page=3)
    app.wait_for("label", "^The Virtual Machine Does Not Run$", window)
    app.shot("guest-off")
    app.press(app.nodes("push button", "^Start$", window)[-1])
    app.wait_for("label", "^No Guest Agent Here$", window)


def hardware_lists_every_device(flow):
    app = flow.start("--connect", "test:///default")
    app.wait_names(["test"])
    app.select("test")
    app.key("Return")
    window = app.wait_window("test")
    show_page(app, window, 5)
    for device in ("^Processors", "^Memory", "^Disk vda", "^Network aa:bb:cc:dd:ee:ff", "^Memory balloon"):
        app.wait_for("list item", device, window)
    devices = app.find("list", "^Devices$", window)
    disk = [text_of(device) for device in devices.children()]
    index = next(i for i, name in enumerate(disk) if name.startswith("Disk vda"))
    devices.select_child(index)
    app.wait_for("label", "/guest/diskimage1", window)
    app.shot("machine-hardware")


def xml_is_shown_and_searched(flow):
    app, window = open_machine(flow, page=6)
    view = app.find("text", None, window)
    wait(lambda: "<name>alpha</name>" in text_of(view), "the XML")
    check(not has_state(view, Atspi.StateType.EDITABLE), "the XML is there to read")
    app.key("ctrl+f")
    entry = app.find("entry", "^Search in the XML$", window)
    wait(lambda: has_state(entry, Atspi.StateType.FOCUSED), "the focus in the search entry")
    app.type("<uuid>")
    app.wait_for("label", "^1 match$", window)
    app.shot("machine-xml")


def xml_is_edited(flow):
    app, window = open_machine(flow, page=6)
    view = app.find("text", None, window)
    wait(lambda: "<name>alpha</name>" in text_of(view), "the XML")
    app.press_button("^Edit XML$", window)
    wait(lambda: has_state(view, Atspi.StateType.EDITABLE), "a text that takes changes")
    text = text_of(view)
    app.set_text(view, text.replace("</uuid>", "</uuid> <title>From the XML</title>").replace("<name>alpha", "<name>gamma"))
    app.press_button("^_?Apply", window)
    app.wait_for("label", "^The XML cannot be used$")
    check(not app.nodes("label", "^Change “alpha”"), "what cannot be used is not asked about")
    app.set_text(view, text.replace("</uuid>", "</uuid> <title>From the XML</title>"))
    app.press_button("^_?Apply", window)
    app.wait_for("label", "^Change “alpha”")
    shown = app.find("text", "^What changes$")
    check("+   <title>From the XML</title>" in text_of(shown), f"the difference {text_of(shown)}")
    app.shot("xml-difference")
    app.press_button("^_Change")
    wait(lambda: not has_state(view, Atspi.StateType.EDITABLE), "the end of the edit")
    wait(lambda: "<title>From the XML</title>" in text_of(view), "the stored XML")
    return app, window, view


def an_earlier_definition_is_restored(flow):
    app, window = open_machine(flow, page=6)
    app.press_button("^Earlier Definitions$", window)
    history = app.wait_window("Earlier Definitions")
    app.wait_for("label", "^No Earlier Definitions$", history)
    app.key("Escape")
    app.wait_window_gone("Earlier Definitions")
    flow.stop(app)
    app, window, view = xml_is_edited(flow)
    app.press_button("^Earlier Definitions$", window)
    history = app.wait_window("Earlier Definitions")
    row = app.find("list item", "20[0-9][0-9]$", history)
    check(len(app.nodes("list item", None, history)) == 1, "the one definition that is not there any more")
    app.shot("earlier-definitions")
    app.tab_to(row)
    app.key("Return")
    shown = app.find("text", "^What changes$")
    check("−   <title>From the XML</title>" in text_of(shown), f"the difference {text_of(shown)}")
    app.press_button("^_Restore")
    app.wait_window_gone("Earlier Definitions")
    wait(lambda: "<title>" not in text_of(view), "the earlier XML")
    app.wait_for("label", "next start$", window)


def log_grows_on_an_event(flow):
    app, window = open_machine(flow, page=7)
    app.wait_for("label", "^Nothing Has Happened Yet$", window)
    press_menu(app, window, "Power")
    app.press(app.find("push button", "^Pause$", window))
    app.wait_for("list", "^Log$", window)
    app.wait_for("label", "[Pp]aused", app.find("list", "^Log$", window))
    app.shot("machine-log")


def follows_the_connection(flow):
    app, window = open_machine(flow)
    app.focus("KVM Manager")
    app.press_button("^Connection Menu")
    app.press_button("Disconnect")
    app.wait_for("label", "^Not connected to ", window)
    app.wait_for("label", "^Unknown$", window)
    app.focus("alpha")
    app.shot("machine-disconnected")
    app.press(app.find("push button", "^Connect$", window))
    app.wait_for("label", "^Running$", window)


def mounting_says_why_not(flow):
    """No machine of the test driver has a channel; what each path lacks is told where a machine could have one."""
    app, window = open_machine(flow)
    press_menu(app, window, "Menu")
    app.press_button("Mount Agent Disc", window)
    app.wait_for("label", "^Could not mount the agent disc in “alpha”$")
    app.press_button("_?Details")
    app.wait_for("label", "which has no channel for the agent")
    app.shot("mount-failed")


def remembers_page_and_size(flow):
    home = f"{flow.folder}/home"
    app = flow.start("--connect", flow.machines(*MACHINES), home=home)
    app.wait_names(["alpha", "beta"])
    app.select("alpha")
    app.key("Return")
    window = app.wait_window("alpha")
    show_page(app, window, 5)
    app.key("ctrl+w")
    app.wait_window_gone("alpha")
    app.select("beta")
    app.key("Return")
    window = app.wait_window("beta")
    wait(lambda: is_selected(app, window, "Hardware"), "the page of the last window")


if __name__ == "__main__":
    kvmm_ui.run(
        [
            opens_with_enter_and_shows_the_state,
            opens_each_machine_once,
            pages_switch_by_keyboard,
            says_that_the_driver_gives_no_figures,
            says_that_a_stopped_machine_has_no_figures,
            starts_and_shuts_down,
            power_menu_says_why_not,
            guest_page_says_not_supported,
            guest_page_offers_to_start,
            hardware_lists_every_device,
            xml_is_shown_and_searched,
            xml_is_edited,
            an_earlier_definition_is_restored,
            log_grows_on_an_event,
            follows_the_connection,
            mounting_says_why_not,
            remembers_page_and_size,
        ]
    )
