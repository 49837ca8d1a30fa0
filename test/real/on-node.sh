#!/usr/bin/env bash
# Runs a command as root on the stand-in node whose state is in BERTH_NODE. With LXC the node's root is the machine's own.
set -euo pipefail
[[ ${BERTH_WAY:?} == lxc ]] || user=--user
exec nsenter --target "$(cat "${BERTH_NODE:?}/node.pid")" ${user:-} --mount --pid --net --uts --ipc "$@"
