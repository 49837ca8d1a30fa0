# shellcheck shell=bash
# Goes before every playbook, inside the container, as its root. Stdout (3 from here on) is for the one line of the result; all
# else goes to stderr, which becomes the run's output: never print a secret. Every step looks first, so that a run may come twice.
exec 3>&1 1>&2 < /dev/null
umask 022
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
root=/var/www/wordpress
config=$root/wp-config.php
mark=/etc/berth
lock=/run/lock/berth-playbook
site_file=/etc/nginx/sites-enabled/wordpress

say() { printf '%s\n' "$*"; }
# Exit codes: 1 a step failed, 69 it cannot be had here, 75 something else is under way.
fail() { say "$1"; exit "${2:-1}"; }

# result <key>=<text> <key>:=<json>…: the line of JSON.
# shellcheck disable=SC2016
result() {
  php -n -r '$out = array();
    foreach (array_slice($argv, 1) as $one) {
      preg_match("/^(\w+)(:?)=(.*)$/s", $one, $part);
      $out[$part[1]] = $part[2] === ":" ? json_decode($part[3]) : $part[3];
    }
    echo json_encode($out, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE), "\n";' -- "$@" >&3
}

# Not before systemd listens: pct start returns earlier, and whoever starts a service then starts it beside systemd, or is not heard.
come_up() {
  [[ $(readlink /proc/1/exe) == */systemd ]] || return 0
  until_true 30 systemd_hears || fail 'the container does not come up' 69
}
systemd_hears() { [[ -d /run/systemd/system && $(systemctl is-system-running 2> /dev/null) =~ ^(starting|running|degraded|maintenance)$ ]]; }

# One playbook that changes something at a time; who holds it is written in it. A stopped container lets go of it by itself.
exclusively() {
  come_up
  mkdir -p "${lock%/*}"
  exec 9>> "$lock"
  flock -w 5 9 || fail "another playbook is under way: $(cat "$lock")" 75
  printf '%s\n' "$1" > "$lock"
}
# What is under way, nothing when it is nothing.
under_way() { if [ -e "$lock" ] && ! flock -n -s "$lock" true; then cat "$lock"; fi; }

# A container of one user id (rootless namespaces) has nobody else to give a file to.
one_uid() { awk '{ n += $3 } END { exit n > 1 }' /proc/self/uid_map; }
own() { if one_uid; then chmod -R u+rwX "${@:2}"; else chown -R "$@"; fi; }
# As the site's own user, because plugins run with it: never as root, never with our locks or our result.
as_site() {
  if one_uid; then "$@" 3>&- 9>&-
  else (cd "$root" && runuser -u www-data -- env HOME=/var/www "$@") 3>&- 9>&-; fi
}
# wp-cli without the customer's plugins and themes; `wp_with` is with them.
wp_with() {
  local how=(--path="$root" --no-color)
  if one_uid; then how+=(--allow-root); fi
  as_site wp "${how[@]}" "$@"
}
wp_do() { wp_with --skip-plugins --skip-themes "$@"; }
# PHP on stdin, inside WordPress. What it is told comes in its environment (`NAME=text wp_php`): wp-cli would take a text for an option.
wp_php() { wp_do eval-file -; }

php_version() { php -n -r 'echo PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION;'; }

# To ask is much faster than to do it again.
enable() { systemctl is-enabled --quiet "$1" 2> /dev/null || systemctl enable --quiet "$@"; }

# service_do start|restart|reload|stop <nginx|php-fpm|mariadb>, with systemd or without; what runs already is not started again.
service_do() {
  local unit=$2 process
  [ "$unit" = php-fpm ] && unit=php$(php_version)-fpm
  if [ -d /run/systemd/system ]; then
    case $1 in
      start) enable "$unit"; systemctl is-active --quiet "$unit" || systemctl start "$unit" ;;
      stop) systemctl disable --quiet --now "$unit" ;;
      restart) systemctl restart "$unit" ;;
      reload) systemctl reload-or-restart "$unit" ;;
    esac 3>&- 9>&-
    return
  fi
  process=$unit; case $2 in php-fpm) process='php-fpm' ;; mariadb) process='mariadbd' ;; esac
  case $1 in
    reload)
      if pkill -o "$([ "$process" = php-fpm ] && echo -USR2 || echo -HUP)" "$process"; then return 0; fi
      service_do start "$2" ;;
    restart) service "$unit" restart ;;
    stop) pkill -o "$process"; return 0 ;;
    start) pgrep "$process" > /dev/null || service "$unit" start ;;
  esac > /dev/null 2>&1 3>&- 9>&- || return
  # The name without a version is made by the unit of systemd.
  [ "$2" != php-fpm ] || ln -sfn "$unit.sock" /run/php/php-fpm.sock
}

# until_true <seconds> <command…>
until_true() {
  local tries=$(( $1 * 5 )); shift
  until "$@" > /dev/null 2>&1; do
    (( tries-- > 0 )) || return 1
    sleep 0.2
  done
}

# SQL comes on stdin, as root over the socket.
sql() { mariadb --batch --skip-column-names 3>&- 9>&-; }
sql_up() { sql <<< 'SELECT 1'; }
random_text() { php -n -r 'echo substr(strtr(base64_encode(random_bytes(48)), "+/", "-_"), 0, (int) $argv[1]);' -- "$1"; }

# What nginx answers here for the site's own name: path on $1, body on stdout; fails on anything but $2.
# shellcheck disable=SC2016
page() {
  php -n -r '$c = stream_context_create(array("http" => array("header" => "Host: $argv[1]\r\nX-Forwarded-Proto: $argv[4]\r\nConnection: close", "ignore_errors" => true, "follow_location" => 0, "timeout" => 20)));
    $body = @file_get_contents("http://127.0.0.1" . $argv[2], false, $c);
    $status = isset($http_response_header[0]) ? explode(" ", $http_response_header[0])[1] : "none";
    if ($status !== $argv[3]) { fwrite(STDERR, "the site answers $status instead of $argv[3]\n"); exit(1); }
    echo $body;' -- "$1" "$2" "${3:-200}" "${4:-https}"
}
