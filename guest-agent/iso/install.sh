#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
#
# Installs, updates or removes the KVM Manager guest agent in this machine. POSIX sh and the usual small programs only:
# it has to work in Debian, Ubuntu, Fedora, RHEL, Alpine and in a busybox.
#
# DESTDIR=/some/folder installs below that folder and starts nothing, for whoever builds images.

set -eu
umask 022

port=org.kvmmanager.agent.1
root=${DESTDIR:-}
program=/usr/libexec/kvm-manager-agent
config=/etc/kvm-manager-agent
unit=/etc/systemd/system/kvm-manager-agent.service
dropin=/etc/systemd/system/kvm-manager-agent.service.d/hardened.conf
rules=/etc/udev/rules.d/90-kvm-manager-agent.rules
openrc=/etc/init.d/kvm-manager-agent
start=yes
hardened=no
purge=no

usage ()
{
  cat <<USAGE
usage: sh install.sh [--no-start] [--hardened]
                                          install the KVM Manager guest agent, or update it; --hardened, with systemd,
                                          confines it to what an agent needs that only tells facts
       sh install.sh --uninstall [--purge] remove it; --purge removes its policy too
       sh install.sh --version            print the version that this disc holds
       sh install.sh --help               print this text

The policy in $config/agent.conf is never overwritten; the default of this version is put beside it as agent.conf.dist.
The exit status is 0, or 1 if something failed, or 2 for a wrong option.
USAGE
}

say ()
{
  printf '%s\n' "$*"
}

fail ()
{
  printf 'install.sh: %s\n' "$*" >&2
  exit 1
}

have ()
{
  command -v "$1" >/dev/null 2>&1
}

# put SOURCE DESTINATION MODE: beside the old file first and then in its place, so that there is at no time half a file,
# and the program that is running keeps its own.
put ()
{
  mkdir -p "$(dirname "$root$2")" || fail "cannot make the folder $(dirname "$2"); is this file system read-only?"
  rm -f "$root$2.new"
  cp "$here/$1" "$root$2.new" || fail "cannot write $2; is this file system full or read-only?"
  chmod "$3" "$root$2.new"
  if [ "$(id -u)" = 0 ]; then
    chown 0:0 "$root$2.new"
  fi
  # An agent that cannot run here would leave the machine with none.
  if [ "$2" = "$program" ] && [ -z "$root" ] && ! "$2.new" --version >/dev/null 2>&1; then
    rm -f "$2.new"
    fail "the agent of this disc does not run on this machine; nothing was changed"
  fi
  mv -f "$root$2.new" "$root$2"
}

# Which program starts services here. Below DESTDIR the files tell, in the machine itself what is running.
init_system ()
{
  if [ -n "$root" ]; then
    if [ -d "$root/usr/lib/systemd/system" ] || [ -d "$root/lib/systemd/system" ]; then
      echo systemd
    elif [ -x "$root/sbin/openrc-run" ]; then
      echo openrc
    else
      echo none
    fi
  elif [ -d /run/systemd/system ]; then
    echo systemd
  elif [ -x /sbin/openrc-run ] && have rc-service; then
    echo openrc
  else
    echo none
  fi
}

# The ids of the processes that run the agent. An updated one's file is shown as deleted.
running ()
{
  for entry in /proc/[0-9]*; do
    case $(readlink "$entry/exe" 2>/dev/null) in
      "$program" | "$program (deleted)" | "$program.new (deleted)") echo "${entry#/proc/}" ;;
    esac
  done
}

# wait_until SECONDS COMMAND…
wait_until ()
{
  left=$1
  shift
  until "$@"; do
    [ "$left" -gt 0 ] || return 1
    left=$((left - 1))
    sleep 1
  done
}

is_gone ()
{
  [ ! -e "/proc/$1" ]
}

is_running ()
{
  [ -n "$(running)" ]
}

end_process ()
{
  kill "$1" 2>/dev/null || return 0
  wait_until 5 is_gone "$1" || kill -9 "$1" 2>/dev/null || return 0
}

has_port ()
{
  for name in /sys/class/virtio-ports/*/name; do
    if [ -r "$name" ] && [ "$(cat "$name")" = "$port" ]; then
      return 0
    fi
  done
  return 1
}

check_machine ()
{
  machine=$(uname -m)
  case $machine in
    x86_64 | amd64) machine=x86_64 ;;
  esac
  if [ ! -f "$here/bin/$machine/kvm-manager-agent" ]; then
    fail "this disc holds no agent for $machine machines, only for: $(cd "$here/bin" && echo *)"
  fi
  if [ -z "$root" ] && [ "$(id -u)" != 0 ]; then
    fail "this has to be run as root; try: sudo sh $0"
  fi
}

# With no service manager: replace the process ourselves.
start_alone ()
{
  for pid in $(running); do
    end_process "$pid"
    # Whoever looked after the old one will have started the new one.
    if wait_until 2 is_running; then
      say "The agent was restarted by what supervises it here."
      return
    fi
  done
  if is_running; then
    return
  fi
  "$program" </dev/null >/dev/null 2>&1 || fail "the agent is installed, but did not start"
  say "There is no systemd and no OpenRC here: the agent was started now, but nothing will start it at the next boot."
  say "Have your own init run $program."
}

start_agent ()
{
  case $1 in
    systemd)
      systemctl daemon-reload
      if have udevadm; then
        udevadm control --reload
        udevadm trigger --subsystem-match=virtio-ports
        udevadm settle --timeout=10 || :
      fi
      # Without its port the service would wait for the device; udev starts it when that comes.
      if has_port; then
        systemctl restart kvm-manager-agent.service
      fi
      ;;
    openrc)
      rc-update -q add kvm-manager-agent default
      rc-service -q kvm-manager-agent restart
      ;;
    none)
      start_alone
      ;;
  esac
}

install_agent ()
{
  init=$(init_system)
  version=$(cat "$here/VERSION")

  old=''
  if [ -z "$root" ]; then
    old=$("$program" --version 2>/dev/null || :)
  fi
  put "bin/$machine/kvm-manager-agent" "$program" 755
  put agent.conf "$config/agent.conf.dist" 600
  if [ -e "$root$config/agent.conf" ] || [ -L "$root$config/agent.conf" ]; then
    say "The policy $config/agent.conf is kept as it is."
  else
    put agent.conf "$config/agent.conf" 600
  fi
  case $init in
    systemd)
      put systemd/kvm-manager-agent.service "$unit" 644
      put systemd/90-kvm-manager-agent.rules "$rules" 644
      if [ $hardened = yes ]; then
        put systemd/hardened.conf "$dropin" 644
      fi
      ;;
    openrc)
      put openrc/kvm-manager-agent "$openrc" 755
      ;;
  esac
  if [ $hardened = yes ] && [ "$init" != systemd ]; then
    say "Without systemd --hardened does nothing."
  fi
  if [ -z "$root" ] && have restorecon; then
    restorecon -R "$program" "$config" 2>/dev/null || :
    for file in "$unit" "$dropin" "$rules" "$openrc"; do
      [ ! -e "$file" ] || restorecon "$file" 2>/dev/null || :
    done
  fi

  if [ -n "$root" ] || [ $start = no ]; then
    say "KVM Manager guest agent $version is installed${root:+ below $root}. It was not started."
    return
  fi
  start_agent "$init"
  if [ -n "$old" ]; then
    say "KVM Manager guest agent $version is installed (before: $old)."
  else
    say "KVM Manager guest agent $version is installed."
  fi
  if ! has_port; then
    say "This machine does not have the channel $port yet: add it in KVM Manager. The agent waits for it."
  fi
}

uninstall_agent ()
{
  if [ -z "$root" ]; then
    case $(init_system) in
      systemd)
        systemctl stop kvm-manager-agent.service 2>/dev/null || :
        ;;
      openrc)
        rc-service -q kvm-manager-agent stop 2>/dev/null || :
        rc-update -q del kvm-manager-agent default 2>/dev/null || :
        ;;
    esac
  fi
  rm -f "$root$program" "$root$unit" "$root$dropin" "$root$rules" "$root$openrc" "$root$config/agent.conf.dist" ||
    fail "could not remove all files; is this file system read-only?"
  rmdir "$(dirname "$root$dropin")" 2>/dev/null || :
  # After the file: what supervises the agent cannot start it again.
  if [ -z "$root" ]; then
    for pid in $(running); do
      end_process "$pid"
    done
    if [ "$(init_system)" = systemd ]; then
      systemctl daemon-reload
      ! have udevadm || udevadm control --reload
    fi
  fi
  if [ $purge = yes ]; then
    rm -rf "$root$config"
    say "KVM Manager guest agent and its policy are removed."
  elif [ -d "$root$config" ]; then
    rmdir "$root$config" 2>/dev/null || say "The policy in $config is kept; --purge removes it too."
    say "KVM Manager guest agent is removed."
  else
    say "KVM Manager guest agent is removed."
  fi
}

action=install
for option; do
  case $option in
    --uninstall) action=uninstall ;;
    --purge) purge=yes ;;
    --no-start) start=no ;;
    --hardened) hardened=yes ;;
    --version) action=version ;;
    --help | -h) usage; exit 0 ;;
    *) printf 'install.sh: unknown option %s\n\n' "$option" >&2; usage >&2; exit 2 ;;
  esac
done

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
if [ ! -f "$here/VERSION" ] || [ ! -d "$here/bin" ]; then
  fail "the files of the agent are not beside this script, in $here; run it from the mounted disc"
fi

case $action in
  version)
    cat "$here/VERSION"
    ;;
  uninstall)
    if [ -z "$root" ] && [ "$(id -u)" != 0 ]; then
      fail "this has to be run as root; try: sudo sh $0 --uninstall"
    fi
    uninstall_agent
    ;;
  install)
    check_machine
    install_agent
    ;;
esac
