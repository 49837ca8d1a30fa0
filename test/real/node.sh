#!/usr/bin/env bash
# PID 1 of the stand-in for a Proxmox node: a bridge in a network of its own, with the node's leg on it. Runs as root of a user
# namespace; lives as long as its standard input is open, and everything that it started ends with it.
set -euo pipefail
dir=$1

mount --make-rprivate /
mount -t proc proc /proc
hostname node1
ip link set lo up
ip link add name vmbr1 type bridge
ip address add 192.168.1.1/24 dev vmbr1
ip link set vmbr1 up
mkdir -p "$dir"/{lxc,rootfs,run,snapshots,templates}
# Disks are gone with the node, and need nothing of the file system below.
mount -t tmpfs -o mode=0755,size=75% disks "$dir/rootfs"
mount -t tmpfs -o mode=0755,size=75% snapshots "$dir/snapshots"
rm -f "$dir"/lxc/* "$dir"/run/*

echo ready
# Bash reaps what is left to it while it waits here.
while read -r _; do :; done
