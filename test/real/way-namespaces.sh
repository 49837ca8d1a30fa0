# shellcheck shell=bash disable=SC2154
# How a container is made of plain namespaces, for pct: no root, no systemd, its processes are the node's own children. `dir`, `here`, `disk`, `part`
# and `failed` are pct's. Each way has: root_id, as_root, running, boot, halt, power_off, inside, frozen.

root_id=0
as_root() { "$@"; }
init() { cat "$dir/run/$1.pid" 2> /dev/null || true; }
running() { local pid; pid=$(init "$1"); [[ -n $pid && -d /proc/$pid ]]; }

boot() {
  local vmid=$1 net=$2 address peer hardware pid other
  address=$(part "$net" ip)
  unshare --mount --pid --net --uts --ipc --fork --kill-child setsid "$here/inside.sh" "$(disk "$vmid")/root" "${address:--}" "$(part "$net" gw)" \
    < /dev/null > "$dir/run/$vmid.log" 2>&1 &
  local parent=$!
  disown
  for _ in {1..200}; do
    pid=$(tr -d ' ' < "/proc/$parent/task/$parent/children" || true)
    # Until it has become unshare it is this script, with short-lived children of its own.
    other=$([[ -z $pid ]] || readlink "/proc/$pid/ns/net") && [[ -n $other && $other != "$(readlink /proc/$$/ns/net)" ]] && break
    pid=''
    sleep 0.01
  done 2> /dev/null
  [[ -n $pid ]] || failed "$vmid"
  printf '%s' "$pid" > "$dir/run/$vmid.pid"
  if [[ -n $address ]]; then
    peer=p${vmid}
    ip link del "veth${vmid}i0" 2> /dev/null || true
    ip link add name "veth${vmid}i0" type veth peer name "$peer"
    ip link set "veth${vmid}i0" master vmbr1 up
    # The same after every start, or neighbours go on asking for the old one.
    hardware=$(part "$net" hwaddr)
    [[ -z $hardware ]] || ip link set "$peer" address "$hardware"
    ip link set "$peer" netns "$pid" name eth0
  fi
  for _ in {1..500}; do
    [[ -d /proc/$pid ]] || failed "$vmid"
    # The node's file system is out of sight only when the container has become itself.
    [[ $(readlink "/proc/$pid/exe" 2> /dev/null) == */bash && ! -e /proc/$pid/root/.node && -e /proc/$pid/root/run/lock && $(tr '\0' ' ' < "/proc/$pid/cmdline") != *inside.sh* ]] && return
    sleep 0.01
  done
  failed "$vmid"
}

halt() { ended "$1" KILL; }
power_off() { ended "$1" PWR; }
ended() {
  local pid
  pid=$(init "$1")
  kill "-$2" "$pid"
  for _ in {1..500}; do
    [[ -d /proc/$pid ]] || break
    sleep 0.02
  done
  ip link del "veth${1}i0" 2> /dev/null || true
  rm -f "$dir/run/$1.pid"
}

inside() {
  local vmid=$1; shift
  exec 7> "$dir/busy.$vmid"
  flock -s 7
  nsenter --target "$(init "$vmid")" --mount --pid --net --uts --ipc --root --wd "$@" 7>&-
}

# Nothing in the container runs while the command does, as when LXC freezes it.
frozen() {
  local vmid=$1 pids=() status=0; shift
  # Not while a command runs: runuser and nsenter stop themselves when a child of theirs is stopped, and nothing wakes them.
  exec 7> "$dir/busy.$vmid"
  flock 7
  if running "$vmid"; then mapfile -t pids < <(pidsof "$(init "$vmid")"); fi
  ((${#pids[@]} == 0)) || kill -STOP "${pids[@]}" 2> /dev/null || true
  "$@" || status=$?
  ((${#pids[@]} == 0)) || kill -CONT "${pids[@]}" 2> /dev/null || true
  flock -u 7
  return "$status"
}
pidsof() {
  local space one
  space=$(readlink "/proc/$1/ns/pid")
  for one in /proc/[0-9]*; do
    if [[ $(readlink "$one/ns/pid" 2> /dev/null) == "$space" && ${one#/proc/} != "$1" ]]; then printf '%s\n' "${one#/proc/}"; fi
  done
}
