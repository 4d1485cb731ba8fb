#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
#
# usage: test-polkit.sh PROGRAM ISO SCHEMAS
#
# The program as two people of a host whose libvirt asks polkit: one is in the group that a rule lets in, one is not.
# D-Bus, polkit and libvirtd run in namespaces of their own, with folders of their own, and end with this script.

set -euo pipefail

readonly MEMBER=nobody STRANGER=daemon
readonly START_SECONDS=60

skip ()
{
  echo "1..0 # SKIP $1"
  exit 0
}

# ---- outside ------------------------------------------------------------------------------------------------------

find_polkitd ()
{
  local path

  for path in /usr/lib/polkit-1/polkitd /usr/libexec/polkitd /usr/lib/policykit-1/polkitd; do
    if [ -x "$path" ]; then
      echo "$path"
      return
    fi
  done
  return 1
}

main ()
{
  local program polkitd user dir

  PATH=$PATH:/usr/sbin:/sbin
  [ "$(id -u)" = 0 ] || skip 'only root can be two people'
  for program in libvirtd virsh dbus-daemon unshare setpriv qemu-system-x86_64; do
    type -P "$program" >/dev/null || skip "$program is not installed"
  done
  polkitd=$(find_polkitd) || skip 'polkitd is not installed'
  for user in "$MEMBER" "$STRANGER"; do
    getent passwd "$user" >/dev/null || skip "there is no user $user"
  done
  getent group libvirt >/dev/null || skip 'there is no group libvirt'
  [ -e /usr/share/polkit-1/actions/org.libvirt.unix.policy ] || skip 'this libvirt does not know polkit'
  unshare --mount --pid --fork --mount-proc true 2>/dev/null || skip 'namespaces are not allowed here'

  dir=$(mktemp -d /tmp/kvmm.XXXXXX)
  # shellcheck disable=SC2064
  trap "rm -rf '$dir'" EXIT
  chmod 755 "$dir"
  mkdir -p "$dir/schemas" "$dir/iso"
  # Copies: the build folder may be closed to others.
  install -m 755 "$1" "$dir/kvm-manager"
  install -m 644 "$3/gschemas.compiled" "$dir/schemas/gschemas.compiled"
  install -m 644 "$2" "$dir/iso/kvmmanager-guest-agent.iso"
  # QEMU may not go there, so that the disc has to be uploaded; the two may.
  chmod 755 "$dir/schemas"
  chown "$MEMBER" "$dir/iso"
  chmod 700 "$dir/iso"
  unshare --mount --pid --fork --kill-child --mount-proc --propagation private \
    "${BASH_SOURCE[0]}" --inside "$dir" "$polkitd"
}

# ---- inside -------------------------------------------------------------------------------------------------------

cover_folders ()
{
  local dir=$1 pair

  mount -t tmpfs -o mode=755 tmpfs /run
  mkdir -p /run/dbus /run/libvirt /run/lock "$dir"/{etc,lib/qemu,lib/images,log/qemu,cache,rules}
  for pair in etc:/etc/libvirt lib:/var/lib/libvirt log:/var/log/libvirt cache:/var/cache/libvirt \
    rules:/etc/polkit-1/rules.d; do
    mkdir -p "${pair#*:}"
    mount --bind "$dir/${pair%%:*}" "${pair#*:}"
  done
  # As a distribution's rule and its administrator have it.
  cat >"$dir/rules/60-libvirt.rules" <<'RULES'
polkit.addRule(function(action, subject) {
    if (action.id == "org.libvirt.unix.manage" && subject.isInGroup("libvirt"))
        return polkit.Result.YES;
});
RULES
  sed "s/^\(libvirt:.*:\)$/\1$MEMBER/; s/^\(libvirt:.*[^:]\)$/\1,$MEMBER/; s/,$MEMBER,$MEMBER$/,$MEMBER/" \
    /etc/group >"$dir/group"
  chmod 644 "$dir/group" "$dir/rules/60-libvirt.rules"
  mount --bind "$dir/group" /etc/group
  cat >/etc/libvirt/qemu.conf <<'CONF'
stdio_handler = "file"
security_driver = "none"
user = "root"
group = "root"
dynamic_ownership = 0
CONF
  cat >/etc/libvirt/libvirtd.conf <<'CONF'
auth_unix_rw = "polkit"
unix_sock_rw_perms = "0777"
CONF
}

start_daemons ()
{
  local dir=$1 deadline=$((SECONDS + START_SECONDS))

  dbus-daemon --system --fork --nopidfile
  "$2" --no-debug </dev/null >"$dir/polkitd.log" 2>&1 &
  libvirtd </dev/null >"$dir/libvirtd.log" 2>&1 &
  # root is not asked by polkit; the member is, so that all three are there when it gets in.
  until as "$MEMBER" virsh -q -c qemu:///system uri >/dev/null 2>&1; do
    if [ $SECONDS -ge $deadline ]; then
      tail -n 20 "$dir/polkitd.log" "$dir/libvirtd.log" >&2
      return 1
    fi
    sleep 0.2
  done
}

# as USER COMMAND…: without a system bus of its own, a home of its own.
as ()
{
  local user=$1 home=$dir/home.$1

  shift
  mkdir -p "$home/config/glib-2.0/settings"
  printf '[org/kvmmanager/KvmManager]\nagent-iso-path=%s\n' "'$dir/iso/kvmmanager-guest-agent.iso'" \
    >"$home/config/glib-2.0/settings/keyfile"
  chown -R "$user" "$home"
  setpriv --reuid="$(id -u "$user")" --regid="$(id -g "$user")" --init-groups -- \
    env LC_ALL=C.UTF-8 HOME="$home" XDG_RUNTIME_DIR="$home" XDG_CONFIG_HOME="$home/config" XDG_CACHE_HOME="$home/cache" \
    XDG_DATA_HOME="$home/data" GSETTINGS_BACKEND=keyfile GSETTINGS_SCHEMA_DIR="$dir/schemas" "$@"
}

number=0
failed=0

# check NAME COMMAND…
check ()
{
  local name=$1

  shift
  number=$((number + 1))
  if "$@" >"$dir/output" 2>&1; then
    echo "ok $number $name"
  else
    failed=1
    echo "not ok $number $name"
    sed 's/^/# /' "$dir/output"
  fi
}

manager ()
{
  local user=$1

  shift
  as "$user" "$dir/kvm-manager" --connect qemu:///system "$@"
}

stranger_is_told ()
{
  local status=0

  manager "$STRANGER" list >"$dir/told" 2>&1 || status=$?
  cat "$dir/told"
  [ $status = 4 ] && grep -q 'group “libvirt” and log in again' "$dir/told"
}

asks_for_the_pool ()
{
  local status=0

  manager "$MEMBER" agent-iso --deploy >"$dir/told" 2>&1 || status=$?
  cat "$dir/told"
  [ $status = 1 ] && grep -q -- '--make-pool' "$dir/told" && [ -z "$(virsh -q -c qemu:///system pool-list --all)" ]
}

uploads ()
{
  manager "$MEMBER" agent-iso --deploy --make-pool &&
    cmp "$dir"/lib/images/kvmmanager-guest-agent-*.iso "$dir/iso/kvmmanager-guest-agent.iso"
}

mounts ()
{
  cat >"$dir/machine.xml" <<'XML'
<domain type='qemu'><name>off</name><memory unit='MiB'>64</memory><os><type arch='x86_64' machine='pc'>hvm</type></os>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator></devices></domain>
XML
  virsh -q -c qemu:///system define "$dir/machine.xml" &&
    manager "$MEMBER" mount-agent-iso off &&
    virsh -q -c qemu:///system dumpxml --inactive off >"$dir/told" &&
    grep -q "/var/lib/libvirt/images/kvmmanager-guest-agent-" "$dir/told" &&
    grep -q "startupPolicy='optional'" "$dir/told" && grep -q org.kvmmanager.agent.1 "$dir/told"
}

inside ()
{
  dir=$1
  cover_folders "$dir"
  if ! start_daemons "$dir" "$2"; then
    echo 'Bail out! libvirtd with polkit did not start'
    exit 1
  fi
  check 'who is not in the group is told what to do' stranger_is_told
  check 'a member is asked before a pool is made' asks_for_the_pool
  check 'a member uploads the disc' uploads
  check 'a member mounts it from there' mounts
  echo "1..$number"
  exit $failed
}

if [ "${1:-}" = --inside ]; then
  inside "$2" "$3"
else
  main "$@"
fi
