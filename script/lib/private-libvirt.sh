#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
#
# Runs a command beside a libvirt of its own, which nothing else on this machine can see or be disturbed by, and which
# ends with the command, whichever way that ends. The command finds in its environment:
#
#   KVMM_LIBVIRT_URI      what to connect to
#   KVMM_LIBVIRT_CONTROL  a pipe: the words kill, start, stop and continue, one a line, do that to the daemon
#   KVMM_PRIVATE_DIR      a folder that goes away at the end
#   KVMM_LIBVIRT_FLAVOUR  session or system
#
# session: an unprivileged daemon, which any user can start. When root asks for it, it runs in a user namespace, since
#          a daemon of root's is always the system one.
# system:  what qemu:///system is on a real host. Needs root; the folders of the machine's own libvirt are covered by
#          private ones in a mount namespace.
#
# Root's daemon finds no KVM, so that the guests are the same on every machine: there are hosts whose device opens and
# whose guests hang.
#
# KVMM_LIBVIRT_KVM      yes: it finds what there is
# KVMM_LIBVIRT_GROUP    system only: a group whose members may use the daemon, by the rights of its socket alone
#
# Where namespaces are allowed, all processes are in one for process ids: the kernel ends them with its first.

set -euo pipefail

# shellcheck source=script/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

readonly SELF=${BASH_SOURCE[0]}
readonly START_SECONDS=20

# remove_files FOLDER: and the locks of the guests' consoles and channels, which are named after their sockets.
remove_files ()
{
  rm -rf "$1" 2>/dev/null || true
  rm -f "/var/lock/LCK..${1//\//_}"_* 2>/dev/null || true
}

# A daemon that is killed leaves the locks of its consoles, with a process id that another one has in its own namespace:
# that one would take the terminal for locked by itself. What locks a terminal that is not there locks nothing.
remove_stale_locks ()
{
  local lock

  for lock in /var/lock/LCK..*pts_*; do
    if [ -e "$lock" ] && [ ! -e "/dev/pts/${lock##*_}" ]; then
      rm -f "$lock" 2>/dev/null || true
    fi
  done
}

usage ()
{
  echo 'usage: private-libvirt.sh [--session | --system] [--] COMMAND [ARGUMENTS]'
}

# ---- inside the namespaces ----------------------------------------------------------------------------------------

write_qemu_conf ()
{
  echo 'stdio_handler = "file"' >"$1"
  [ "$2" = system ] || return 0
  cat >>"$1" <<'CONF'
security_driver = "none"
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
namespaces = [ ]
cgroup_controllers = [ ]
CONF
}

# Without polkit: who may open the socket may do everything.
write_libvirtd_conf ()
{
  cat >"$1" <<CONF
unix_sock_group = "$2"
unix_sock_rw_perms = "0770"
auth_unix_rw = "none"
CONF
}

cover_system_folders ()
{
  local dir=$1 pair

  mkdir -p "$dir"/s/{run,lock,etc/qemu/networks,etc/nwfilter,lib/qemu,lib/images,lib/boot,log/qemu,cache}
  for pair in run:/run/libvirt etc:/etc/libvirt lib:/var/lib/libvirt log:/var/log/libvirt cache:/var/cache/libvirt \
    lock:/var/lock; do
    mkdir -p "${pair#*:}"
    mount --bind "$dir/s/${pair%%:*}" "$(realpath "${pair#*:}")"
  done
}

# The short names keep the paths of the guests' sockets under the 108 bytes that a socket's name may have.
use_session_folders ()
{
  local dir=$1

  mkdir -p "$dir"/{r,c/libvirt,h}
  chmod 700 "$dir/r"
  export HOME=$dir/h XDG_RUNTIME_DIR=$dir/r XDG_CONFIG_HOME=$dir/c XDG_CACHE_HOME=$dir/h/.cache \
    XDG_DATA_HOME=$dir/h/.local/share
}

start_daemon ()
{
  # Not this script's files: the reading end of the control pipe above all.
  libvirtd --pid-file "$1/libvirtd.pid" </dev/null >>"$1/libvirtd.log" 2>&1 {control}<&- &
  daemon=$!
}

# Without a namespace the guests outlive their daemon; libvirt left a file with each one's process id.
end_guests ()
{
  local file pid

  for file in "$1"/*/libvirt/qemu/run/*.pid "$1"/r/libvirt/qemu/run/*.pid "$1"/s/run/qemu/*.pid; do
    pid=$(cat "$file" 2>/dev/null) || continue
    kill -KILL "$pid" 2>/dev/null || true
  done
}

supervise ()
{
  local flavour=$1 dir=$2 word daemon=''

  if [ "$flavour" = system ]; then
    cover_system_folders "$dir"
    write_qemu_conf /etc/libvirt/qemu.conf system
    [ -z "${KVMM_LIBVIRT_GROUP:-}" ] || write_libvirtd_conf /etc/libvirt/libvirtd.conf "$KVMM_LIBVIRT_GROUP"
  else
    use_session_folders "$dir"
    write_qemu_conf "$XDG_CONFIG_HOME/libvirt/qemu.conf" session
  fi
  remove_stale_locks
  trap '' HUP INT TERM
  exec {control}<"$dir/control"
  start_daemon "$dir"
  # Ends when the last writer has closed the pipe: the command and we are gone, or want to be.
  while read -r word <&"$control"; do
    case $word in
      kill) kill -KILL "$daemon" 2>/dev/null; wait "$daemon" 2>/dev/null ;;
      start) start_daemon "$dir" ;;
      stop) kill -STOP "$daemon" ;;
      continue) kill -CONT "$daemon" ;;
      *) ;;
    esac || true
  done
  kill -KILL "$daemon" 2>/dev/null || true
  wait "$daemon" 2>/dev/null || true
  end_guests "$dir"
  remove_files "$dir"
  remove_stale_locks
}

# ---- outside ------------------------------------------------------------------------------------------------------

# hiding_command DIR: sets hide to the words that start a command for which there is no KVM. What is in its place is
# a file that not even root may write: libvirt takes /dev/null for a KVM that works, finds that QEMU does not agree,
# and asks QEMU for all it can, twice a second or more, again at every look at a machine.
hiding_command ()
{
  hide=()
  : >"$1/no-kvm"
  # shellcheck disable=SC2016
  if [ "$(id -u)" = 0 ] && [ -e /dev/kvm ] && [ "${KVMM_LIBVIRT_KVM:-}" != yes ]; then
    hide=(unshare --mount sh -c 'mount --bind "$0" /dev/kvm && mount -o remount,bind,ro /dev/kvm; exec "$@"' "$1/no-kvm")
    "${hide[@]}" true 2>/dev/null || hide=()
  fi
}

# namespace_command FLAVOUR: the words to put before the supervisor.
namespace_command ()
{
  local -a words=(unshare --pid --fork --kill-child --mount --mount-proc)

  if [ "$1" = system ]; then
    "${words[@]}" true 2>/dev/null || die "a private system libvirt needs root and mount namespaces"
    wrap=("${words[@]}")
  elif [ "$(id -u)" = 0 ]; then
    # Seen from inside we are somebody; seen by the files we still are their owner.
    words+=(--user --map-user=65534 --map-group=65534)
    if "${words[@]}" true 2>/dev/null; then
      wrap=("${words[@]}")
    else
      chown nobody "$dir"
      wrap=(setpriv --reuid=65534 --regid=65534 --clear-groups --)
    fi
  else
    words+=(--user --map-current-user)
    if "${words[@]}" true 2>/dev/null; then
      wrap=("${words[@]}")
    fi
  fi
}

# shellcheck disable=SC2317
cleanup ()
{
  local status=$?

  trap - EXIT
  trap '' INT TERM HUP
  [ -z "${command:-}" ] || kill -KILL -- "-$command" 2>/dev/null || true
  # A test that failed is half explained without the other side of it.
  if [ "$status" != 0 ] && [ "$stopped" = 0 ] && [ -s "$dir/libvirtd.log" ]; then
    echo "The last that libvirtd said:" >&2
    tail -n 30 "$dir/libvirtd.log" >&2
  fi
  exec {lifeline}>&-
  [ -z "${supervisor:-}" ] || wait "$supervisor" 2>/dev/null || true
  remove_files "$dir"
  exit "$status"
}

# The command and what it started are a process group.
# shellcheck disable=SC2317
pass_on ()
{
  [ -z "${command:-}" ] || kill -TERM -- "-$command" 2>/dev/null || true
  stopped=$1
}

wait_for_daemon ()
{
  local socket=$1 deadline=$((SECONDS + START_SECONDS))

  until [ -S "$socket" ] && virsh -q -c "$KVMM_LIBVIRT_URI" uri >/dev/null 2>&1; do
    if [ $SECONDS -ge $deadline ] || ! kill -0 "$supervisor" 2>/dev/null; then
      cat "$dir/libvirtd.log" >&2 || true
      die "the private libvirt did not start within $START_SECONDS seconds"
    fi
    sleep 0.05
  done
}

main ()
{
  local flavour=session dir socket status stopped=0
  local -a wrap=() hide=()

  while [ $# -gt 0 ]; do
    case $1 in
      --session | --system) flavour=${1#--} ;;
      --supervise) supervise "$2" "$3"; exit 0 ;;
      --help) usage; exit 0 ;;
      --) shift; break ;;
      -*) usage >&2; exit 2 ;;
      *) break ;;
    esac
    shift
  done
  if [ $# -eq 0 ]; then
    usage >&2
    exit 2
  fi
  PATH=$PATH:/usr/sbin:/sbin
  have libvirtd || die "libvirtd is not installed"

  # Not below TMPDIR: the name of a socket has to be short.
  dir=$(mktemp -d /tmp/kvmm.XXXXXX)
  trap cleanup EXIT
  trap 'pass_on 130' INT
  trap 'pass_on 143' TERM
  trap 'pass_on 129' HUP
  mkfifo "$dir/control"
  exec {lifeline}<>"$dir/control"
  hiding_command "$dir"
  namespace_command "$flavour"

  setsid "${hide[@]}" "${wrap[@]}" "$SELF" --supervise "$flavour" "$dir" {lifeline}>&- &
  supervisor=$!
  # Opened for writing only, now that there is a reader: the reader then sees the end when we are gone.
  exec {writer}>"$dir/control" {lifeline}>&-
  lifeline=$writer

  socket=$dir/s/run/libvirt-sock
  [ "$flavour" = system ] || socket=$dir/r/libvirt/libvirt-sock
  export KVMM_LIBVIRT_URI="qemu:///$flavour?socket=$socket"
  export KVMM_LIBVIRT_CONTROL=$dir/control KVMM_PRIVATE_DIR=$dir KVMM_LIBVIRT_FLAVOUR=$flavour
  wait_for_daemon "$socket"

  # Job control gives it a process group of its own: Ctrl+C comes to us, and from us to all of them.
  set -m
  "$@" </dev/null {lifeline}>&- &
  command=$!
  set +m
  # A signal that has a trap ends the first wait while the command is still ending.
  status=0
  wait "$command" || status=$?
  while kill -0 "$command" 2>/dev/null; do
    wait "$command" || status=$?
  done
  [ "$stopped" = 0 ] || status=$stopped
  exit "$status"
}

main "$@"
