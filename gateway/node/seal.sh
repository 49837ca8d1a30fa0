# shellcheck shell=bash disable=SC2016,SC2154
# Makes a template of a container in which a site stands: whatever must be each site's own goes – the site itself, keys, machine id, the
# database's files, logs – and with it whatever would differ the next time. Says what is in it, a line each: key, value. `root`, `config` and
# `mark` are prelude.sh's, `in_epoch` is berth-image's.

perform() {
  local one version
  [ -r "$root/wp-includes/version.php" ] || fail 'there is no WordPress here'
  version=$(php_version)
  for one in nginx php-fpm mariadb; do service_do stop "$one"; done
  if [ -d /run/systemd/system ]; then systemctl enable --quiet nginx "php$version-fpm" mariadb; fi
  until_true 60 gone || fail 'a service does not stop'
  first_boot
  mkdir -p "$mark"
  clean
  {
    echo "wordpress $(php -n -r 'require $argv[1]; echo $wp_version;' -- "$root/wp-includes/version.php")"
    echo "php $version"
    dpkg-query -W -f 'package ${Package} ${Version}\n' | sort
  } >&3
}

gone() { ! pgrep 'mariadbd|php-fpm|nginx' > /dev/null; }

# The database's own files are made when a container boots for the first time: a copy of them would not be the same twice, and would
# give every site the same keys.
first_boot() {
  write_file /usr/local/sbin/berth-first-boot 755 <<'END'
#!/bin/sh
# Before MariaDB starts: its system tables, when this container has none yet.
[ -d /var/lib/mysql/mysql ] && exit 0
exec mariadb-install-db --user=mysql --auth-root-authentication-method=socket --skip-test-db --skip-log-bin > /var/log/berth-first-boot.log 2>&1
END
  write_file /etc/systemd/system/mariadb.service.d/berth.conf 644 <<'END'
[Service]
ExecStartPre=+/usr/local/sbin/berth-first-boot
END
  if [ ! -d /run/systemd/system ]; then
    write_file /etc/init.d/berth-first-boot 755 <<'END'
#!/bin/sh
### BEGIN INIT INFO
# Provides:          berth-first-boot
# Required-Start:    $local_fs
# Required-Stop:
# X-Start-Before:    mariadb
# Default-Start:     2 3 4 5
# Default-Stop:
### END INIT INFO
[ "$1" != start ] || /usr/local/sbin/berth-first-boot
END
    update-rc.d berth-first-boot defaults > /dev/null
  fi
}

clean() {
  rm -rf "$config" "$root"/wp-content/{uploads,cache,upgrade} /var/lib/mysql/* /var/lib/php/sessions/* /var/cache/nginx/berth/* /etc/apt/apt.conf.d/50berth-snapshot
  apt-get -qq clean
  rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/ldconfig/* /var/cache/debconf/*-old /var/lib/dpkg/*-old /var/lib/apt/periodic/* /var/backups/* /var/lib/packages
  rm -rf /etc/ssh/ssh_host_* ~root/.bash_history ~root/.wp-cli ~root/.cache /var/www/.wp-cli /var/cache/man/* /var/lib/systemd/random-seed /var/lib/logrotate/status
  rm -f /etc/passwd- /etc/group- /etc/shadow- /etc/gshadow- /etc/subuid- /etc/subgid- /etc/.pwd.lock /var/lib/systemd/timers/* /var/lib/ucf/*.[0-9]
  find /var/log -type f ! -path '/var/log/init.log' -delete
  rm -rf /var/log/journal/* /tmp/* /var/tmp/*
  : > /etc/machine-id
  rm -f /var/lib/dbus/machine-id
  : > /etc/hostname
  # The day on which an account was made is the day of the build.
  sed -i "s/^\(\([^:]*:\)\{2\}\)[0-9]*:/\1$((in_epoch / 86400)):/" /etc/shadow
  find / -xdev -name __pycache__ -type d -prune -exec rm -rf {} +
}
