#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""The packages as files: the same bytes from two builds, nothing in them that lintian or rpmlint would have us explain, and
in those for RPM the tree, the dependencies and the scripts that are meant. Usage: test-packages.py SOURCE"""

import functools
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "guest"))
# harness speaks to libvirt as soon as it is imported, which this test has no need of.
for name in ("KVMM_LIBVIRT_URI", "KVMM_LIBVIRT_CONTROL", "KVMM_PRIVATE_DIR", "KVMM_TEST_IMAGE"):
    os.environ.setdefault(name, "/nonexistent")

# pylint: disable=wrong-import-position
from harness import expect, expect_equal, run_cases

SOURCE = pathlib.Path(sys.argv[1])
VERSION = re.search(r"version: '(.*)'", (SOURCE / "meson.build").read_text())[1]
ISO = "usr/share/kvm-manager/kvmmanager-guest-agent.iso"
# rpmlint of Debian knows neither Fedora's configuration nor its dictionaries; docs/packaging.md says why each is left.
RPMLINT_EXPLAINED = {
    "explicit-lib-dependency", "hardcoded-library-path", "invalid-license", "invalid-url", "manpage-not-compressed",
    "no-binary", "no-buildroot-tag", "no-documentation", "no-group-tag", "no-manual-page-for-binary", "no-packager-tag",
    "no-signature", "no-url-tag", "non-readable", "position-independent-executable-suggested", "statically-linked-binary",
}


def output(*command, check=True, **options):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)
    if check and result.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))} ended with {result.returncode}:\n{result.stdout[-4000:]}")
    return result.stdout


@functools.cache
def built(kind, turn):
    result = subprocess.run([HERE / "packages.sh", kind, turn], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            check=False)
    expect(result.returncode == 0, f"the build failed:\n{result.stderr[-6000:]}")
    return pathlib.Path(result.stdout.strip())


def same_bytes(kind, suffix):
    first, second = built(kind, "first"), built(kind, "second")
    names = sorted(path.name for path in first.glob(f"*{suffix}"))
    expect_equal(names, sorted(path.name for path in second.glob(f"*{suffix}")), "the files of both builds")
    expect(len(names) >= 3, f"three packages: {names}")
    differing = [name for name in names if (first / name).read_bytes() != (second / name).read_bytes()]
    expect_equal(differing, [], "packages that differ between two builds")


def lintian():
    text = output("lintian", "-EI", "--fail-on", "none", "--tag-display-limit", "0",
                  *sorted(built("deb", "first").glob("*.deb")))
    # Built without optimisation and hardening here; see --quick of script/package.
    tags = [line for line in text.splitlines() if re.match(r"[EWI]:", line) and "hardening-" not in line]
    expect_equal(tags, [], "tags of lintian")


def rpmlint():
    text = output("rpmlint", *sorted(built("rpm", "first").glob("*.rpm")), check=False)
    tags = set(re.findall(r"^\S+ [EW]: (\S+)", text, re.MULTILINE))
    expect_equal(sorted(tags - RPMLINT_EXPLAINED), [], f"tags of rpmlint without an explanation, in\n{text[-3000:]}\n")


def rpm_of(name):
    return next(path for path in built("rpm", "first").glob(f"{name}-{VERSION}-*.rpm") if ".src." not in path.name)


def rpm_files(name):
    return {line.split()[0]: line.split()[1:] for line in
            output("rpm", "-qp", "--queryformat", "[%{FILENAMES} %{FILEMODES:perms} %{FILEUSERNAME}\n]", rpm_of(name)).splitlines()}


def rpm_trees():
    program = rpm_files("kvm-manager")
    for path in ("/usr/bin/kvm-manager", "/usr/share/applications/org.kvmmanager.KvmManager.desktop",
                 "/usr/share/dbus-1/services/org.kvmmanager.KvmManager.service",
                 "/usr/share/glib-2.0/schemas/org.kvmmanager.KvmManager.gschema.xml",
                 "/usr/share/icons/hicolor/scalable/apps/org.kvmmanager.KvmManager.svg",
                 "/usr/share/metainfo/org.kvmmanager.KvmManager.metainfo.xml",
                 "/usr/share/bash-completion/completions/kvm-manager"):
        expect(path in program, f"{path} is in kvm-manager")
    expect_equal([path for path in program if path.endswith(("gschemas.compiled", ".cache"))], [], "caches in the package")
    disc = rpm_files("kvm-manager-guest-agent")
    expect_equal(disc[f"/{ISO}"], ["-rw-r--r--", "root"], "the disc")
    agent = rpm_files("kvm-manager-agent")
    expect_equal(agent["/etc/kvm-manager-agent/agent.conf"], ["-rw-------", "root"], "the policy")
    expect("/usr/lib/systemd/system/kvm-manager-agent.service" in agent, f"the unit: {sorted(agent)}")
    expect("/usr/lib/udev/rules.d/90-kvm-manager-agent.rules" in agent, "the rule")
    expect("/etc/kvm-manager-agent/agent.conf" in output("rpm", "-qpc", rpm_of("kvm-manager-agent")), "the policy is configuration")


def rpm_dependencies():
    requires = output("rpm", "-qp", "--requires", rpm_of("kvm-manager"))
    for wanted in ("libgtk-4.so.1()", "libadwaita-1.so.0", "libvirt.so.0", "adwaita-icon-theme", "librsvg2"):
        expect(wanted in requires, f"{wanted} in\n{requires}")
    recommends = output("rpm", "-qp", "--recommends", rpm_of("kvm-manager"))
    for wanted in ("dconf", "libvirt-daemon-kvm", "qemu-kvm", "openssh-clients", "kvm-manager-guest-agent"):
        expect(wanted in recommends, f"{wanted} in\n{recommends}")
    for name in ("kvm-manager-guest-agent", "kvm-manager-agent"):
        needed = [line for line in output("rpm", "-qp", "--requires", rpm_of(name)).splitlines()
                  if not re.match(r"rpmlib\(|/bin/sh$|config\(", line)]
        expect_equal(needed, [], f"what {name} requires")


def rpm_scripts():
    """None for the disc: it is in no pool, and rpm labels its files itself."""
    for name in ("kvm-manager", "kvm-manager-guest-agent"):
        expect_equal(output("rpm", "-qp", "--scripts", rpm_of(name)), "", f"scripts of {name}")
    scripts = output("rpm", "-qp", "--scripts", rpm_of("kvm-manager-agent"))
    expect("systemctl" in scripts, scripts)
    with tempfile.NamedTemporaryFile("w", suffix=".sh") as file:
        file.write(re.sub(r"^\w+ scriptlet.*$", "", scripts, flags=re.MULTILINE))
        file.flush()
        output("sh", "-n", file.name)


def rpm_program():
    """The program of the package, on the libraries of this system."""
    with tempfile.TemporaryDirectory() as tree:
        with subprocess.Popen(["rpm2cpio", str(rpm_of("kvm-manager"))], stdout=subprocess.PIPE) as archive:
            subprocess.run(["cpio", "--quiet", "-idm"], stdin=archive.stdout, cwd=tree, check=True)
        schemas = f"{tree}/usr/share/glib-2.0/schemas"
        output("glib-compile-schemas", "--strict", schemas)
        environment = {**os.environ, "GSETTINGS_SCHEMA_DIR": schemas, "GSETTINGS_BACKEND": "memory"}
        listed = output(f"{tree}/usr/bin/kvm-manager", "--connect", "test:///default", "list", env=environment)
        expect("test" in listed, listed)
        for text in ("desktop-file-validate", f"{tree}/usr/share/applications/org.kvmmanager.KvmManager.desktop"), \
                ("appstreamcli", "validate", "--no-net", f"{tree}/usr/share/metainfo/org.kvmmanager.KvmManager.metainfo.xml"):
            output(*text)
        screenshot = pathlib.Path(os.environ["MESON_BUILD_ROOT"]) / "tests/package/rpm.png"
        output("xvfb-run", "-a", "-s", "-screen 0 1400x900x24", "dbus-run-session", "--", "sh", "-c",
               '"$1" --connect test:///default & program=$!; count=0; '
               'until xdotool search --onlyvisible --name "KVM Manager|Virtual Machines" >/dev/null 2>&1; do '
               'kill -0 $program || exit 1; count=$((count + 1)); [ $count -lt 600 ] || exit 2; sleep 0.2; done; '
               'until [ "$(import -window root "$2" && identify -format %k "$2")" -gt 20 ]; do '
               'count=$((count + 1)); [ $count -lt 600 ] || exit 3; sleep 0.2; done; kill $program; wait $program || :',
               "sh", f"{tree}/usr/bin/kvm-manager", str(screenshot),
               env={**environment, "GDK_BACKEND": "x11", "GSK_RENDERER": "cairo"}, timeout=400)


def build_dependencies():
    """Whatever meson asks for, both kinds of packages ask for when they are built."""
    names = set()
    for path in (SOURCE / "src").rglob("meson.build"):
        names |= set(re.findall(r"dependency\('([^']+)'", path.read_text()))
    names |= set(re.findall(r"dependency\('([^']+)'", (SOURCE / "guest-agent/daemon/meson.build").read_text()))
    spec = (SOURCE / "data/packaging/rpm/kvm-manager.spec").read_text()
    expect_equal(sorted(name for name in names if f"pkgconfig({name})" not in spec), [], "missing in the spec")
    control = (SOURCE / "data/packaging/debian/control").read_text().split("\n\n")[0]
    missing = []
    for name in sorted(names):
        owner = output("sh", "-c", f"dpkg-query -S '*/pkgconfig/{name}.pc' | grep -v ':arm64:'", check=False).split(":")[0]
        if owner and not re.search(rf"\b{re.escape(owner)}(,| |$)", control):
            missing.append(f"{owner} (for {name})")
    expect_equal(missing, [], "missing in debian/control")


def versions_agree(source=SOURCE, version=VERSION):
    changelog = (source / "data/packaging/debian/changelog").read_text()
    expect(changelog.startswith(f"kvm-manager ({version}-"), "the version of debian/changelog")
    spec = (source / "data/packaging/rpm/kvm-manager.spec").read_text()
    expect(re.search(rf"^Version: +{re.escape(version)}$", spec, re.MULTILINE), "the version of the spec")
    expect(f" - {version}-1" in spec, "the spec's changelog")
    metainfo = (source / "data/org.kvmmanager.KvmManager.metainfo.xml.in").read_text()
    expect_equal(re.search(r'<release version="([^"]*)"', metainfo)[1], version, "the newest release of the metainfo")


def release():
    """In a clone: the version is written everywhere, tagged, and the source is there with its checksum."""
    with tempfile.TemporaryDirectory() as folder:
        clone = pathlib.Path(folder) / "clone"
        git = ["git", "-C", str(clone), "-c", "user.name=Tester", "-c", "user.email=tester@example.org"]
        environment = {**os.environ, "GIT_CONFIG_COUNT": "3", "GIT_CONFIG_KEY_0": "user.name", "GIT_CONFIG_VALUE_0": "Tester",
                       "GIT_CONFIG_KEY_1": "user.email", "GIT_CONFIG_VALUE_1": "tester@example.org",
                       "GIT_CONFIG_KEY_2": "safe.directory", "GIT_CONFIG_VALUE_2": "*"}
        output("git", "clone", "-q", "--no-local", str(SOURCE), str(clone), env=environment)
        # What is being worked on counts too, as in the packages.
        for script in ("release", "package"):
            shutil.copy(SOURCE / "script" / script, clone / "script" / script)
        output(*git, "add", "script")
        output(*git, "commit", "-q", "--allow-empty", "-m", "script: as it is", env=environment)

        def refuses(why, *arguments):
            result = subprocess.run([clone / "script/release", *arguments], env=environment, stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT, text=True, check=False)
            expect(result.returncode != 0 and why in result.stdout, f"release {arguments}: {result.stdout}")

        refuses("usage", "next")
        refuses("not newer", VERSION)
        (clone / "stray").write_text("")
        refuses("not committed", "999.0.0")
        (clone / "stray").unlink()
        output(clone / "script/release", "--no-packages", "--date", "2030-01-02", "999.0.0", env=environment)
        output(*git, "commit", "-q", "--allow-empty", "-m", "ui: a change of 100%", env=environment)
        output(clone / "script/release", "--no-packages", "--date", "2030-01-03", "999.0.1", env=environment)
        versions_agree(clone, "999.0.1")
        expect("a change of 100%" in output(*git, "tag", "-l", "--format=%(contents)", "v999.0.1"), "the tag's message")
        expect_equal(output(*git, "status", "--porcelain"), "", "changes that are left")
        output("sh", "-c", f"cd {clone}/dist && sha256sum -c SHA256SUMS")
        parsed = output("dpkg-parsechangelog", "-l", str(clone / "data/packaging/debian/changelog"))
        expect("Version: 999.0.1-1" in parsed and "a change of 100%" in parsed, parsed)
        output("rpmspec", "-q", str(clone / "data/packaging/rpm/kvm-manager.spec"))
        output("appstreamcli", "validate", "--no-net", str(clone / "data/org.kvmmanager.KvmManager.metainfo.xml.in"))


def flatpak():
    """The manifest is complete and names this program; nothing is built."""
    import json  # pylint: disable=import-outside-toplevel
    manifest = json.loads((SOURCE / "data/packaging/flatpak/org.kvmmanager.KvmManager.json").read_text())
    expect_equal((manifest["id"], manifest["command"]), ("org.kvmmanager.KvmManager", "kvm-manager"), "the program")
    for module in manifest["modules"]:
        expect({"name", "buildsystem", "sources"} <= set(module), f"module {module.get('name')}")
        for source in module["sources"]:
            expect(source["type"] == "dir" or source.get("tag"), f"a source of {module['name']} names no version")


def main():
    for tool in ("dpkg-buildpackage", "rpmbuild", "lintian", "rpmlint", "rpm2cpio"):
        if not shutil.which(tool):
            print(f"1..0 # SKIP {tool} is not installed")
            return
    passed = run_cases([
        ("the version is the same everywhere", versions_agree),
        ("build dependencies are those of meson", build_dependencies),
        ("the Flatpak manifest is whole", flatpak),
        ("script/release writes, tags and sums", release),
        (".deb: two builds are bit-identical", lambda: same_bytes("deb", ".deb")),
        (".deb: lintian has nothing to say", lintian),
        (".rpm: two builds are bit-identical", lambda: same_bytes("rpm", ".rpm")),
        (".rpm: rpmlint has nothing to say that is not explained", rpmlint),
        (".rpm: its tree", rpm_trees),
        (".rpm: its dependencies", rpm_dependencies),
        (".rpm: its scripts", rpm_scripts),
        (".rpm: its program runs, its window appears", rpm_program),
    ])
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
