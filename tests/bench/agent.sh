#!/bin/bash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
#
# The part of script/bench that sets our agent beside qemu-ga: makes the guest's image with both. usage: agent.sh BUILD [MIB [ROUNDS]]
set -euo pipefail
build=$1
here=$(cd "$(dirname "$0")" && pwd)
top=$here/../..
export KVMM_TEST_IMAGE=$build/tests/guest/image-qga KVMM_TEST_AGENT=$build/guest-agent/daemon/kvm-manager-agent
export KVMM_GUEST_KERNEL=${KVMM_GUEST_KERNEL:-$top/build-test-kernel}
"$top/script/lib/guest-image.sh" --qga --agent "$KVMM_TEST_AGENT" --policy "$top/guest-agent/daemon/agent.conf" \
  "$KVMM_TEST_IMAGE" >/dev/null
exec "$top/script/lib/private-libvirt.sh" --system -- /usr/bin/python3 -B "$here/agent.py" "$build/tests/bench/agent-bench" "${@:2}"
