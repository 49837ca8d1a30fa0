# shellcheck shell=bash
# The web server, PHP and the container itself: what may be reached, what may run, how much of it. Written so that a second time
# changes nothing; where a part is not installed (a container without nftables) it says so and goes on.

web_server() {
  write_file /etc/nginx/sites-available/wordpress 644 <<'END'
# Berth's. Only the reverse proxy reaches this, and it ends TLS.
limit_req_zone $binary_remote_addr zone=berth_login:1m rate=30r/m;
# Pages as a visitor sees them who is nobody in particular; WordPress empties it when something changes (page_cache).
fastcgi_cache_path /var/cache/nginx/berth levels=1:2 keys_zone=berth:4m max_size=256m inactive=1h use_temp_path=off;
map "$request_method $http_cookie" $berth_somebody {
	default 1;
	"~^(?:GET|HEAD) (?!.*(?:wordpress_logged_in|wordpress_sec|wp-postpass|comment_author|woocommerce_|wp_woocommerce_session|PHPSESSID))" 0;
}
map $request_uri $berth_fresh {
	default $berth_somebody;
	"~[?]|^/wp-(?:admin|json|login|cron)|/feed/|^/(?:cart|checkout|my-account)(?:/|$)" 1;
}
# Without the query, in which a log-in link carries its secret.
log_format berth '$remote_addr [$time_local] $host "$request_method $uri" $status $body_bytes_sent $request_time';
server {
	listen 80 default_server;
	listen [::]:80 default_server;
	server_name _;
	root /var/www/wordpress;
	index index.php;
	server_tokens off;
	client_max_body_size 64m;
	client_body_timeout 30s;
	access_log /var/log/nginx/access.log berth;
	set_real_ip_from 10.0.0.0/8;
	set_real_ip_from 172.16.0.0/12;
	set_real_ip_from 192.168.0.0/16;
	real_ip_header X-Real-IP;
	error_page 503 @suspended;
	if (-f /etc/berth/suspended) { return 503; }
	location @suspended {
		internal;
		default_type text/html;
		add_header Retry-After 3600 always;
		add_header Cache-Control no-store always;
		return 503 '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="robots" content="noindex"><title>Suspended</title><h1>This site is suspended</h1><p>If it is yours, your hosting account says why.</p></html>';
	}
	location / { try_files $uri $uri/ /index.php?$args; }
	location ~ /\.(?!well-known/) { return 404; }
	location = /wp-config.php { return 404; }
	location = /xmlrpc.php { return 404; }
	location ~* ^/wp-content/uploads/.*\.ph(?:p\d?|ar|tml)$ { return 404; }
	location = /wp-login.php {
		limit_req zone=berth_login burst=20 nodelay;
		limit_req_status 429;
		include fastcgi_params;
		fastcgi_param SCRIPT_FILENAME $document_root/wp-login.php;
		fastcgi_param HTTP_PROXY "";
		fastcgi_pass unix:/run/php/php-fpm.sock;
	}
	location ~ \.php$ {
		try_files $uri =404;
		include fastcgi_params;
		fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
		fastcgi_param HTTP_PROXY "";
		fastcgi_read_timeout 120s;
		fastcgi_cache berth;
		fastcgi_cache_key "$request_method $http_x_forwarded_proto $host $request_uri";
		fastcgi_cache_valid 200 301 10m;
		fastcgi_cache_bypass $berth_fresh;
		fastcgi_no_cache $berth_fresh;
		fastcgi_cache_lock on;
		fastcgi_cache_use_stale error timeout updating http_500;
		fastcgi_cache_background_update on;
		add_header X-Berth-Cache $upstream_cache_status;
		fastcgi_pass unix:/run/php/php-fpm.sock;
	}
}
END
  install -d -m 700 -o "$(one_uid && echo root || echo www-data)" /var/cache/nginx /var/cache/nginx/berth
  rm -f /etc/nginx/sites-enabled/default
  ln -sfn ../sites-available/wordpress "$site_file"
  # A stock nginx of a machine without IPv6 does not start with a listener for it.
  if [ ! -e /proc/net/if_inet6 ]; then sed -i '/listen \[::\]/d' /etc/nginx/sites-available/wordpress; fi
  nginx -t -q || fail 'nginx does not accept its configuration'
}

cache_emptied() { if [ -d /var/cache/nginx/berth ]; then find /var/cache/nginx/berth -type f -delete; fi; }

# What is changed in WordPress is seen at once: after such a request the whole cache of the site is emptied. A theme or a plugin that writes
# past WordPress is seen after ten minutes.
page_cache() {
  mkdir -p "$root/wp-content/mu-plugins"
  write_file "$root/wp-content/mu-plugins/berth-page-cache.php" 644 <<'END'
<?php
/* Plugin Name: Berth: the page cache forgets what has changed */
( function () {
	$empty = function () {
		static $done = false;
		if ( $done || ! is_dir( '/var/cache/nginx/berth' ) ) {
			return;
		}
		$done = true;
		register_shutdown_function( function () {
			foreach ( new RecursiveIteratorIterator( new RecursiveDirectoryIterator( '/var/cache/nginx/berth', FilesystemIterator::SKIP_DOTS ) ) as $file ) {
				@unlink( $file->getPathname() );
			}
		} );
	};
	foreach ( array( 'clean_post_cache', 'clean_term_cache', 'clean_comment_cache', 'clean_user_cache', 'switch_theme', 'customize_save_after', 'wp_update_nav_menu', 'activated_plugin', 'deactivated_plugin', 'upgrader_process_complete' ) as $hook ) {
		add_action( $hook, $empty );
	}
	add_action( 'updated_option', function ( $name ) use ( $empty ) {
		if ( ! preg_match( '/^(?:_(?:site_)?transient_|cron$|berth_|rewrite_rules$|recently_)/', $name ) ) {
			$empty();
		}
	} );
} )();
END
}

php_limits() {
  local version; version=$(php_version)
  [ -d "/etc/php/$version/fpm/conf.d" ] || { say "no /etc/php/$version/fpm: the limits of PHP are left as they are"; return 0; }
  write_file "/etc/php/$version/fpm/conf.d/90-berth.ini" 644 <<'END'
expose_php = Off
display_errors = Off
memory_limit = 256M
upload_max_filesize = 64M
post_max_size = 64M
max_execution_time = 120
allow_url_include = Off
session.cookie_httponly = On
session.use_strict_mode = On
cgi.fix_pathinfo = 0
END
  write_file "/etc/php/$version/fpm/pool.d/zz-berth.conf" 644 <<'END'
[www]
pm = ondemand
pm.max_children = 8
pm.process_idle_timeout = 60s
pm.max_requests = 500
request_terminate_timeout = 150s
security.limit_extensions = .php
END
}

# In: the web and what belongs to connections of its own. Who may reach port 80 is the cluster's firewall's matter.
firewall() {
  command -v nft > /dev/null || { say 'no nftables here: there is no firewall inside the container'; return 0; }
  write_file /etc/nftables.conf 644 <<'END'
#!/usr/sbin/nft -f
flush ruleset
table inet berth {
	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
		ct state invalid drop
		iifname "lo" accept
		meta l4proto { 1, 58 } limit rate 20/second accept
		tcp dport 80 accept
	}
	chain forward { type filter hook forward priority filter; policy drop; }
}
END
  if [ -d /run/systemd/system ]; then enable nftables; fi
  nft -f /etc/nftables.conf || fail 'the firewall does not accept its rules'
}

# Security updates by themselves, nobody logs in over the network, WordPress's own clock ticks without visitors.
system() {
  local unit
  write_file /etc/apt/apt.conf.d/20auto-upgrades 644 <<'END'
APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
APT::Periodic::AutocleanInterval "7";
END
  wrote=''
  write_file /etc/systemd/system/berth-cron.service 644 <<'END'
[Unit]
Description=What WordPress has planned
[Service]
Type=oneshot
User=www-data
Environment=HOME=/var/www
ExecStart=/usr/local/bin/wp --path=/var/www/wordpress --quiet cron event run --due-now
TimeoutStartSec=300
MemoryMax=384M
NoNewPrivileges=yes
END
  write_file /etc/systemd/system/berth-cron.timer 644 <<'END'
[Timer]
OnBootSec=1min
OnUnitInactiveSec=1min
RandomizedDelaySec=30s
[Install]
WantedBy=timers.target
END
  if [ -d /run/systemd/system ]; then
    if [ -n "$wrote" ]; then systemctl daemon-reload; fi
    enable berth-cron.timer --now
    for unit in ssh.socket ssh.service; do
      if systemctl is-enabled --quiet "$unit" 2> /dev/null; then systemctl disable --quiet --now "$unit"; fi
    done
  fi
  return 0
}

# Everything around WordPress, then the services with it.
harden() {
  web_server; page_cache; php_limits; login_plugin; permissions; firewall; system
  local one
  for one in php-fpm nginx; do
    service_do start "$one" || fail "$one does not start"
    service_do reload "$one" || fail "$one does not take its configuration"
  done
  cache_emptied
}

# The site by its own name, through nginx, PHP and the database: the title there must be the one in the database.
# shellcheck disable=SC2016
served() {
  local host=${in_url#*://} scheme=${in_url%%://*}
  host=${host%/}
  page "$host" '/?rest_route=/' 200 "$scheme" | php -n -r '$seen = json_decode(stream_get_contents(STDIN));
    $name = html_entity_decode($seen->name ?? "", ENT_QUOTES | ENT_HTML5, "UTF-8");
    exit($name === $argv[1] && rtrim($seen->home ?? "", "/") === $argv[2] ? 0 : 1);' -- "$1" "${in_url%/}"
}

# The last step of whoever makes or remakes a site: read back, not assumed.
finished() {
  local url='' title='' version=''
  read_site || fail 'the database holds no site'
  [ "${url%/}" = "${in_url%/}" ] || fail "the site says that it is $url"
  until_true 20 served "$title" || served "$title" || fail "the site does not answer as ${in_url%/} with its title"
  rm -f "$mark/unfinished"
  result installed:=true busy:=false url="$url" title="$title" version="$version"
}
