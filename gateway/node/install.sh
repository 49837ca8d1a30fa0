#!/bin/bash
# Lets Berth's gateway run its playbooks on this Proxmox node, and nothing else. Run it as root on each node that holds sites; again
# after every update of the gateway; --uninstall takes everything away but the records of runs. It changes only what differs.
set -euo pipefail
umask 022
usage="berth-node-install --key '<public key of the gateway>' --vmids <first>-<last> [--from <address of the gateway>] [--tag berth]
berth-node-install --uninstall
Besides, for trying it elsewhere: [--lib <folder>] [--config <file>] [--state <folder>] [--pct <program>] [--authorized-keys <file>]"
key='' vmids='' from='' tag=berth uninstall=''
lib=/usr/local/lib/berth-node config=/etc/berth/node.conf state=/var/lib/berth-node pct=/usr/sbin/pct authorized=~root/.ssh/authorized_keys
wrong() { printf '%s\n' "$1" "$usage" >&2; exit 2; }
while [ $# -gt 0 ]; do
  case $1 in
    --uninstall) uninstall=1; shift; continue ;;
    --key|--vmids|--from|--tag|--lib|--config|--state|--pct|--authorized-keys) [ $# -ge 2 ] || wrong "$1 needs a value" ;;
    *) wrong "unknown: $1" ;;
  esac
  case $1 in
    --key) key=$2 ;; --vmids) vmids=$2 ;; --from) from=$2 ;; --tag) tag=$2 ;; --lib) lib=$2 ;;
    --config) config=$2 ;; --state) state=$2 ;; --pct) pct=$2 ;; --authorized-keys) authorized=$2 ;;
  esac
  shift 2
done
name=berth-gateway

# Everybody's line but ours; written in place, because in a cluster the file is a link into /etc/pve, which all nodes share.
authorize() {
  local kept wanted=$1
  mkdir -p -m 700 "$(dirname "$authorized")"
  kept=$( { grep -v " $name\$" "$authorized" 2> /dev/null || true; } )
  wanted="$kept${kept:+${wanted:+$'\n'}}$wanted"
  [ -e "$authorized" ] && [ "$wanted" = "$(cat "$authorized")" ] && return
  printf '%s\n' "$wanted" > "$authorized"
  # /etc/pve keeps its own permissions.
  chmod 600 "$authorized" 2> /dev/null || true
}

if [ -n "$uninstall" ]; then
  [ ! -e "$authorized" ] || authorize ''
  rm -rf "$lib" "$config"
  echo "berth-node is gone from this node; the records of its runs are left in $state"
  exit 0
fi
[[ $key =~ ^(ssh-ed25519|ecdsa-sha2-nistp[0-9]{3}|ssh-rsa)\ [A-Za-z0-9+/]{40,}={0,2}(\ [A-Za-z0-9@._-]*)?$ ]] || wrong 'the key must be the one line of a .pub file'
[[ $vmids =~ ^[1-9][0-9]{2,8}-[1-9][0-9]{2,8}$ ]] || wrong '--vmids must be first and last number, as in CLUSTER'
(( ${vmids%-*} <= ${vmids#*-} )) || wrong '--vmids must not end before it begins'
[[ $from =~ ^[0-9A-Fa-f.:,/]*$ ]] || wrong '--from must be addresses, with commas between them'
[[ $tag =~ ^[a-z0-9_][a-z0-9_+.-]{0,60}$ ]] || wrong '--tag must be a tag of Proxmox'
for one in "$lib" "$config" "$state" "$pct"; do [[ $one =~ ^/[A-Za-z0-9/._-]+$ ]] || wrong "$one is not a plain absolute path"; done
[ -x "$pct" ] || wrong "there is no $pct: is this a Proxmox node?"
for one in flock setsid timeout base64 sha256sum iconv; do command -v "$one" > /dev/null || wrong "the program $one is missing"; done

# Beside the old one, then in its place: a run that is just beginning finds the one or the other, whole.
rm -rf "$lib.new" && mkdir -p "$lib.new/playbooks"
put() { cat > "$lib.new/$1"; }
@FILES@
chmod 755 "$lib.new/berth-node" "$lib.new/berth-image"
if [ -e "$lib" ]; then rm -rf "$lib.old"; mv "$lib" "$lib.old"; fi
mv "$lib.new" "$lib"
rm -rf "$lib.old"
mkdir -p "$(dirname "$config")"
printf 'vmids=%s\ntag=%s\npct=%s\nstate=%s\n' "$vmids" "$tag" "$pct" "$state" > "$config"
mkdir -p -m 700 "$state"
IFS=' ' read -r kind body _ <<< "$key"
authorize "restrict,${from:+from=\"$from\",}command=\"$lib/berth-node $config\" $kind $body $name"

# Proven, not assumed.
word=$(printf '{"protocol":1,"playbook":"version"}' | base64 | tr '+/' '-_' | tr -d '=\n')
SSH_ORIGINAL_COMMAND=$word "$lib/berth-node" "$config" | grep -q '^end 0 ' || { echo 'berth-node does not answer here' >&2; exit 1; }
echo "berth-node is installed: containers $vmids with the tag $tag, for the key ending in ${body: -12}"
