# shellcheck shell=bash
# Lets the site run on another PHP, of those that the container's package sources have: {version}. When the site does not answer on
# it, the old one is put back.

packages() {
  local one all=()
  for one in fpm cli mysql curl gd intl mbstring xml zip bcmath; do all+=("php$in_version-$one"); done
  apt-cache show "php$in_version-fpm" > /dev/null 2>&1 || apt-get -q update
  apt-cache show "php$in_version-fpm" > /dev/null 2>&1 || fail "PHP $in_version is not to be had here" 69
  apt-get -qy -o DPkg::Lock::Timeout=300 install --no-install-recommends "${all[@]}" || fail "PHP $in_version cannot be installed"
}
switch() {
  update-alternatives --set php "/usr/bin/php$1" > /dev/null && php_limits && service_do start php-fpm && service_do reload php-fpm || return 1
  ln -sfn "/run/php/php$1-fpm.sock" /run/php/php-fpm.sock
  update-alternatives --set php-fpm.sock "/run/php/php$1-fpm.sock" > /dev/null 2>&1
  service_do reload nginx
}

perform() {
  local in_url old url='' title='' version=''
  exclusively php-version
  old=$(php_version)
  if [ "$old" = "$in_version" ]; then result version="$old"; return; fi
  [ -d /run/systemd/system ] || fail 'PHP can be changed only where systemd runs' 69
  read_site || fail 'the database holds no site'
  in_url=$url
  [ -x "/usr/sbin/php-fpm$in_version" ] || packages
  if ! switch "$in_version" || ! until_true 20 served "$title"; then
    switch "$old"
    fail "the site does not answer on PHP $in_version; it runs on $old again"
  fi
  systemctl disable --quiet --now "php$old-fpm"
  [ "$(readlink -f /run/php/php-fpm.sock)" = "/run/php/php$in_version-fpm.sock" ] || fail 'the web server does not use it'
  result version="$(php_version)"
}
