# shellcheck shell=bash disable=SC2154
# How a container is made by LXC, for pct: unprivileged, its root is nobody outside, systemd is its init, with the settings that Proxmox itself
# includes. `dir`, `disk`, `part`, `value` and `failed` are pct's. Each way has: root_id, as_root, running, boot, halt, power_off, inside, frozen.

root_id=100000
as_root() { lxc-usernsexec -m "u:0:$root_id:65536" -m "g:0:$root_id:65536" -- "$@"; }
lxc() { local verb=$1 vmid=$2; shift 2; "lxc-$verb" -P "$dir/run" -n "$vmid" "$@"; }
running() { [[ $(lxc info "$1" -s 2> /dev/null) =~ (RUNNING|FROZEN)$ ]]; }

boot() {
  local vmid=$1 net=$2 address hardware groups
  address=$(part "$net" ip)
  hardware=$(part "$net" hwaddr)
  groups=$(basename "$dir")
  mkdir -p "$dir/run/$vmid"
  cat > "$dir/run/$vmid/config" <<END
lxc.include = /usr/share/lxc/config/common.conf
lxc.include = /usr/share/lxc/config/userns.conf
lxc.idmap = u 0 $root_id 65536
lxc.idmap = g 0 $root_id 65536
lxc.rootfs.path = dir:$(disk "$vmid")/root
lxc.uts.name = $(value "$vmid" hostname)
lxc.apparmor.profile = unconfined
lxc.cgroup.dir.container = $groups/$vmid
lxc.cgroup.dir.monitor = $groups/monitor-$vmid
lxc.cgroup.dir.monitor.pivot = $groups/pivot-$vmid
lxc.net.0.type = $([[ -n $address ]] && echo veth || echo empty)
END
  if [[ -n $address ]]; then
    printf 'lxc.net.0.%s\n' 'link = vmbr1' 'flags = up' 'name = eth0' "veth.pair = veth${vmid}i0" "ipv4.address = $address" "ipv4.gateway = $(part "$net" gw)" ${hardware:+"hwaddr = $hardware"} >> "$dir/run/$vmid/config"
  fi
  # As Proxmox: begun is enough, what runs in it comes up by itself.
  lxc start "$vmid" -d -o "$dir/run/$vmid.log" -l WARN < /dev/null > /dev/null 2>&1 || failed "$vmid"
}

halt() { lxc stop "$1" -k; }
power_off() { lxc stop "$1" -t 60; }

inside() { local vmid=$1; shift; lxc attach "$vmid" -- "$@"; }

frozen() {
  local vmid=$1 status=0; shift
  running "$vmid" || { "$@"; return; }
  lxc freeze "$vmid"
  "$@" || status=$?
  lxc unfreeze "$vmid"
  return "$status"
}
