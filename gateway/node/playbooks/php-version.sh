# shellcheck shell=bash
# Lets the site run on another PHP, of those that the container's package sources have: {version}. Nothing of the site changes until all of the
# new one is there; when the site does not answer on it, the old one is put back. Cut off in the middle it goes on when it is run again.

parts() { local one; for one in fpm cli mysql curl gd intl mbstring xml zip bcmath; do echo "php$1-$one"; done; }
# Whole: what dpkg was cut in is not.
complete() {
  local said
  # shellcheck disable=SC2046
  said=$(dpkg-query -W -f '${db:Status-Status}\n' $(parts "$1") 2> /dev/null) && [ "$(sort -u <<< "$said")" = installed ]
}
# What nginx speaks to, which need not be what is `php` on the command line.
serving() { local one; one=$(readlink -f /run/php/php-fpm.sock); one=${one##*/php}; echo "${one%-fpm.sock}"; }
# Those that would come up with the container besides $1.
others() {
  local one
  for one in /etc/php/*/fpm; do
    one=${one#/etc/php/}; one=${one%/fpm}
    if [ "$one" != "$1" ] && systemctl is-enabled --quiet "php$one-fpm" 2> /dev/null; then echo "$one"; fi
  done
}
retire() { systemctl disable --quiet --now "php$1-fpm"; }

fetched() {
  local all plan lost
  mapfile -t all < <(parts "$1")
  dpkg --configure -a || fail 'packages are broken here: dpkg --configure -a fails'
  apt-get -q update || say 'the lists of packages cannot be fetched; those that are here count'
  apt-cache show "php$1-fpm" > /dev/null 2>&1 ||
    fail "PHP $1 is in none of the package sources of this container. A release of Ubuntu or Debian has one PHP; others come from a source that is added first (docs/gateway.md, PHP versions)" 69
  plan=$(apt-get -sqq --no-install-recommends install "${all[@]}") || fail "PHP $1 does not fit the packages of this container; nothing was changed" 69
  lost=$(sed -nE 's/^Remv ((php[0-9]|nginx|mariadb)[^ ]*).*/\1/p' <<< "$plan")
  [ -z "$lost" ] || fail "PHP $1 of these package sources does not stand beside what is here: it would take away ${lost//$'\n'/ }; nothing was changed" 69
  # Packages set the newest PHP to work by themselves, on settings that are not ours. What is chosen by hand stays, what is masked does not start.
  update-alternatives --quiet --set php "/usr/bin/php$(php_version)"
  if [ -e "/run/php/php$(serving)-fpm.sock" ]; then update-alternatives --quiet --set php-fpm.sock "/run/php/php$(serving)-fpm.sock"; fi
  systemctl mask --quiet "php$1-fpm"
  apt-get -qy -o DPkg::Lock::Timeout=300 install --no-install-recommends "${all[@]}" && complete "$1" || fail "PHP $1 cannot be installed"
}

switch() {
  update-alternatives --quiet --set php "/usr/bin/php$1" && php_limits || return 1
  systemctl unmask --quiet "php$1-fpm"
  service_do start php-fpm && service_do reload php-fpm && update-alternatives --quiet --set php-fpm.sock "/run/php/php$1-fpm.sock"
}

perform() {
  local in_url old one url='' title='' version=''
  exclusively php-version
  [ -d /run/systemd/system ] || fail 'PHP can be changed only where systemd runs' 69
  read_site || fail 'the database holds no site'
  in_url=$url
  old=$(others "$in_version" | head -n 1)
  if [ -z "$old" ] && [ "$(serving)" = "$in_version" ] && [ "$(php_version)" = "$in_version" ]; then result version="$in_version"; return; fi
  complete "$in_version" || fetched "$in_version"
  # Or it may be taken away as something that nobody asked for.
  # shellcheck disable=SC2046
  apt-mark -qq manual $(parts "$in_version")
  if ! switch "$in_version" || ! until_true 20 served "$title"; then
    [ -n "$old" ] || fail "the site does not answer on PHP $in_version, and there is no other"
    switch "$old"
    retire "$in_version"
    until_true 20 served "$title" || fail "the site answers neither on PHP $in_version nor on $old"
    fail "the site does not answer on PHP $in_version; it runs on $old again"
  fi
  for one in $(others "$in_version"); do retire "$one"; done
  [ "$(serving)" = "$in_version" ] || fail 'the web server does not use it'
  result version="$(php_version)"
}
