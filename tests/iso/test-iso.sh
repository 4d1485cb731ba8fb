#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
#
# usage: test-iso.sh ISO MAKE-ISO VERSION POLICY MACHINE AGENT [MACHINE AGENT]…
#
# The disc of the guest agent: that it is the same bytes wherever it is built, that it says what it is, and that its
# installer does what it promises in each family of systems, under the shells that they have. Prints TAP.

set -uo pipefail

iso=$(realpath "$1")
make_iso=$(realpath "$2")
version=$3
policy=$(realpath "$4")
shift 4
machines=()
programs=()
while [ $# -ge 2 ]; do
  machines+=("$1")
  programs+=("$1" "$(realpath "$2")")
  shift 2
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
count=0
failures=0

# check NAME COMMAND…: one case.
check ()
{
  local name=$1
  shift
  count=$((count + 1))
  if "$@" >"$work/log" 2>&1; then
    echo "ok $count $name"
  else
    failures=$((failures + 1))
    echo "not ok $count $name"
    sed 's/^/# /' "$work/log"
  fi
}

skip ()
{
  count=$((count + 1))
  echo "ok $count $1 # SKIP $2"
}

field_of_volume ()
{
  dd if="$iso" bs=1 skip=$((32768 + $1)) count="$2" status=none | sed 's/ *$//'
}

same_bytes ()
{
  mkdir -p "$work/a/deeper" "$work/b"
  (cd "$work/a" && umask 077 && TZ=Asia/Tokyo "$make_iso" deeper/x.iso "$version" "$policy" "${programs[@]}") || return 1
  cp "${programs[1]}" "$work/b/another-name"
  touch -d 2001-02-03 "$work/b/another-name"
  (cd / && umask 002 && TZ=America/Lima "$make_iso" "$work/b/y.iso" "$version" "$policy" "${programs[0]}" "$work/b/another-name" \
    "${programs[@]:2}") || return 1
  cmp "$work/a/deeper/x.iso" "$work/b/y.iso" && cmp "$work/b/y.iso" "$iso"
}

no_leftovers ()
{
  [ "$(ls "$work/a/deeper")" = x.iso ]
}

labels ()
{
  [ "$(field_of_volume 40 32)" = KVMMANAGER_AGENT ] &&
    [ "$(field_of_volume 574 128)" = "KVM-MANAGER-AGENT $version" ] &&
    [ "$(cat "$disc/VERSION")" = "$version" ]
}

complete ()
{
  local file machine

  for machine in "${machines[@]}"; do
    [ -x "$disc/bin/$machine/kvm-manager-agent" ] || { echo "no agent for $machine"; return 1; }
    # What a sanitizer adds is not of the agent's size.
    grep -q __asan_init "$disc/bin/$machine/kvm-manager-agent" ||
      [ "$(stat -c %s "$disc/bin/$machine/kvm-manager-agent")" -le 1048576 ] ||
      { echo "the agent for $machine is larger than 1 MiB"; return 1; }
  done

  for file in README.txt install.sh install-debian.sh install-rhel.sh install-alpine.sh agent.conf \
    systemd/kvm-manager-agent.service systemd/hardened.conf systemd/90-kvm-manager-agent.rules \
    openrc/kvm-manager-agent; do
    [ -s "$disc/$file" ] || { echo "$file is missing"; return 1; }
  done
  [ -x "$disc/install.sh" ]
}

mode_is ()
{
  [ "$(stat -c %a "$1")" = "$2" ] || { echo "$1 has mode $(stat -c %a "$1"), not $2"; return 1; }
}

# fake_root FAMILY: an empty system of that family.
fake_root ()
{
  rm -rf "$work/root"
  mkdir -p "$work/root"
  case $1 in
    systemd) mkdir -p "$work/root/usr/lib/systemd/system" ;;
    openrc) mkdir -p "$work/root/sbin"; : >"$work/root/sbin/openrc-run"; chmod +x "$work/root/sbin/openrc-run" ;;
  esac
}

run ()
{
  DESTDIR=$work/root "${shell[@]}" "$@"
}

installs ()
{
  local family=$1 script=$2 root=$work/root

  fake_root "$family"
  (cd / && run "$disc/$script") || return 1
  cmp "$disc/bin/x86_64/kvm-manager-agent" "$root/usr/libexec/kvm-manager-agent" || return 1
  mode_is "$root/usr/libexec/kvm-manager-agent" 755 || return 1
  mode_is "$root/etc/kvm-manager-agent/agent.conf" 600 || return 1
  cmp "$policy" "$root/etc/kvm-manager-agent/agent.conf" || return 1
  case $family in
    systemd)
      mode_is "$root/etc/systemd/system/kvm-manager-agent.service" 644 &&
        mode_is "$root/etc/udev/rules.d/90-kvm-manager-agent.rules" 644 && [ ! -e "$root/etc/init.d" ]
      ;;
    openrc)
      mode_is "$root/etc/init.d/kvm-manager-agent" 755 && [ ! -e "$root/etc/systemd" ]
      ;;
    none)
      [ ! -e "$root/etc/systemd" ] && [ ! -e "$root/etc/init.d" ]
      ;;
  esac
}

keeps_policy ()
{
  fake_root none
  run "$disc/install.sh" || return 1
  echo '# mine' >"$work/root/etc/kvm-manager-agent/agent.conf"
  chmod 640 "$work/root/etc/kvm-manager-agent/agent.conf"
  [[ $(run "$disc/install.sh") = *' is kept '* ]] || return 1
  [ "$(cat "$work/root/etc/kvm-manager-agent/agent.conf")" = '# mine' ] &&
    mode_is "$work/root/etc/kvm-manager-agent/agent.conf" 640 &&
    cmp "$policy" "$work/root/etc/kvm-manager-agent/agent.conf.dist"
}

hardens ()
{
  local dropin=etc/systemd/system/kvm-manager-agent.service.d/hardened.conf

  fake_root systemd
  run "$disc/install.sh" && [ ! -e "$work/root/$dropin" ] && run "$disc/install.sh" --hardened || return 1
  mode_is "$work/root/$dropin" 644 || return 1
  fake_root openrc
  [[ $(run "$disc/install.sh" --hardened) = *'Without systemd'* ]] && [ ! -e "$work/root/etc/systemd" ]
}

uninstalls ()
{
  local family=$1

  fake_root "$family"
  run "$disc/install.sh" --hardened || return 1
  run "$disc/install.sh" --uninstall || return 1
  [ "$(cd "$work/root" && find . -name '*kvm-manager-agent*' -o -name 'agent.conf*' | sort | tr '\n' ' ')" = \
    './etc/kvm-manager-agent ./etc/kvm-manager-agent/agent.conf ' ] || return 1
  run "$disc/install.sh" --uninstall --purge || return 1
  [ ! -e "$work/root/etc/kvm-manager-agent" ]
}

fails_with ()
{
  local status=$1 text=$2 output
  shift 2
  output=$("$@" 2>&1)
  if [ $? != "$status" ] || ! grep -q "$text" <<<"$output"; then
    echo "$output"
    return 1
  fi
}

other_architecture ()
{
  fake_root none
  fails_with 1 'no agent for i686' env DESTDIR="$work/root" setarch i686 "${shell[@]}" "$disc/install.sh" && [ ! -e "$work/root/usr" ]
}

not_root ()
{
  local -a as=()

  [ "$(id -u)" != 0 ] || as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
  fails_with 1 'run as root' "${as[@]}" "${shell[@]}" "$disc/install.sh" &&
    fails_with 1 'run as root' "${as[@]}" "${shell[@]}" "$disc/install.sh" --uninstall
}

wrong_place ()
{
  mkdir -p "$work/alone"
  cp "$disc/install.sh" "$work/alone/"
  fails_with 1 'run it from the mounted disc' "${shell[@]}" "$work/alone/install.sh"
}

usage ()
{
  fails_with 2 'unknown option --frobnicate' "${shell[@]}" "$disc/install.sh" --frobnicate &&
    fails_with 0 'usage:' "${shell[@]}" "$disc/install.sh" --help &&
    fails_with 0 "^$version\$" "${shell[@]}" "$disc/install.sh" --version
}

unit_is_valid ()
{
  # The program is not installed here.
  sed 's|^ExecStart=.*|ExecStart=/bin/true|' "$disc/systemd/kvm-manager-agent.service" >"$work/kvm-manager-agent.service"
  mkdir -p "$work/kvm-manager-agent.service.d"
  cp "$disc/systemd/hardened.conf" "$work/kvm-manager-agent.service.d/"
  systemd-analyze verify --man=no "$work/kvm-manager-agent.service" 2>&1 | tee "$work/verify"
  ! grep -q kvm-manager-agent "$work/verify"
}

# A machine of another kind picks its own program, and that one runs.
aarch64_runs ()
{
  local root=$work/root

  fake_root none
  mkdir -p "$work/fake"
  printf '#!/bin/sh\n[ "$1" != -m ] || { echo aarch64; exit; }\nexec /bin/uname "$@"\n' >"$work/fake/uname"
  chmod +x "$work/fake/uname"
  PATH=$work/fake:$PATH DESTDIR=$root sh "$disc/install.sh" &&
    cmp "$disc/bin/aarch64/kvm-manager-agent" "$root/usr/libexec/kvm-manager-agent" &&
    [ "$(qemu-aarch64-static "$root/usr/libexec/kvm-manager-agent" --version)" = "kvm-manager-agent $version" ] &&
    chmod -R go-w "$root/etc" &&
    qemu-aarch64-static "$root/usr/libexec/kvm-manager-agent" --check-config --config "$root/etc/kvm-manager-agent/agent.conf"
}

disc=$work/disc
if ! xorriso -osirrox on -indev "$iso" -extract / "$disc" >"$work/log" 2>&1; then
  sed 's/^/# /' "$work/log"
  echo 'Bail out! the disc cannot be read'
  exit 1
fi
chmod -R u+w "$disc"
chmod 755 "$work" "$disc"

check 'the same bytes in other folders, time zones, umasks' same_bytes
check 'nothing is left beside the disc' no_leftovers
check 'label and version can be read from outside' labels
check 'all files are there' complete
for name in dash 'busybox sh' 'bash --posix'; do
  read -r -a shell <<<"$name"
  if ! type -P "${shell[0]}" >/dev/null; then
    skip "$name" "there is no ${shell[0]} here"
    continue
  fi
  check "$name: installs with systemd" installs systemd install.sh
  check "$name: installs with OpenRC" installs openrc install.sh
  check "$name: installs with neither" installs none install.sh
  check "$name: install-debian.sh" installs systemd install-debian.sh
  check "$name: install-rhel.sh" installs systemd install-rhel.sh
  check "$name: install-alpine.sh" installs openrc install-alpine.sh
  check "$name: an update keeps the policy" keeps_policy
  check "$name: the confined unit" hardens
  for family in systemd openrc none; do
    check "$name: uninstalls with $family" uninstalls $family
  done
  check "$name: another architecture" other_architecture
  check "$name: not root" not_root
  check "$name: away from the disc" wrong_place
  check "$name: options" usage
done
if [ ! -e "$disc/bin/aarch64" ]; then
  skip 'the agent for aarch64' 'there is no compiler or no static jansson for aarch64 here'
elif ! type -P qemu-aarch64-static >/dev/null; then
  skip 'the agent for aarch64' 'there is no qemu-aarch64-static here'
else
  check 'the agent for aarch64' aarch64_runs
fi
if type -P systemd-analyze >/dev/null; then
  check 'the unit is valid' unit_is_valid
else
  skip 'the unit is valid' 'there is no systemd-analyze here'
fi
if type -P shellcheck >/dev/null; then
  check 'the installer passes shellcheck' shellcheck -s sh "$disc"/install*.sh "$disc/openrc/kvm-manager-agent" "$make_iso"
else
  skip 'the installer passes shellcheck' 'there is no shellcheck here'
fi
echo "1..$count"
[ "$failures" = 0 ]
