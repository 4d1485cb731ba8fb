#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
#
# usage: with-sshd.sh PROGRAM…
#
# Runs PROGRAM with KVMM_TEST_SSH, a command that is ssh to this machine: with a server, keys and a list of known
# hosts of its own, which listens nowhere (each connection is the input and output of a new server). What it was
# called with is in KVMM_TEST_SSH_LOG, a line a call. Exit status 77: no ssh server is installed.
set -euo pipefail

sshd=$(PATH=$PATH:/usr/sbin:/sbin command -v sshd) || { echo "1..0 # SKIP sshd is not installed"; exit 0; }
command -v ssh >/dev/null || { echo "1..0 # SKIP ssh is not installed"; exit 0; }
if [ "$(id -u)" = 0 ]; then
  mkdir -p /run/sshd
fi

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
chmod 700 "$dir"
ssh-keygen -q -t ed25519 -N '' -f "$dir/host"
ssh-keygen -q -t ed25519 -N '' -f "$dir/user"
cp "$dir/user.pub" "$dir/authorized"
cat >"$dir/sshd_config" <<END
HostKey $dir/host
AuthorizedKeysFile $dir/authorized
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
PidFile none
LogLevel QUIET
END
cat >"$dir/ssh_config" <<END
Host *
  ProxyCommand $sshd -i -f $dir/sshd_config
  IdentityFile $dir/user
  IdentitiesOnly yes
  BatchMode yes
  UserKnownHostsFile $dir/known
  StrictHostKeyChecking no
  LogLevel ERROR
END
cat >"$dir/ssh" <<END
#!/bin/sh
echo "\$*" >>"$dir/log"
exec ssh -F "$dir/ssh_config" "\$@"
END
chmod 700 "$dir/ssh"
touch "$dir/log"
export KVMM_TEST_SSH=$dir/ssh KVMM_TEST_SSH_LOG=$dir/log XDG_RUNTIME_DIR=$dir
"$@"
