# shellcheck shell=bash
# Makes a site that was built for nobody into somebody's: new keys of every kind, its address and title, its owner. Cut in the middle
# it is `unfinished` and done again from the start; done again it ends the same, with new keys.

# Identities that all copies of an image would share.
machine_identity() {
  rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub
  if command -v ssh-keygen > /dev/null; then ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key || fail 'no SSH host key can be made'; fi
  php -n -r 'echo bin2hex(random_bytes(16)), "\n";' | write_file /etc/machine-id 444
  if [ -d /var/lib/dbus ]; then ln -sfn /etc/machine-id /var/lib/dbus/machine-id; fi
}

# Its address in options and content – what was made for nobody names a place that is nowhere –, its title, and the first administrator,
# who gets a password that nobody knows: a log-in link or a new password lets them in.
ownership() {
  local url='' title='' version=''
  read_site || fail 'the database holds no site'
  [[ ${url%/} =~ ^https?://[A-Za-z0-9.:-]+$ ]] || fail 'the site that stands here has no plain address'
  BERTH_FROM=${url%/} BERTH_URL=${in_url%/} BERTH_TITLE=$in_title BERTH_MAIL=$in_adminEmail wp_php <<'END' || fail 'WordPress does not take its new owner'
<?php
list( $from, $url, $title, $mail ) = array_map( 'getenv', array( 'BERTH_FROM', 'BERTH_URL', 'BERTH_TITLE', 'BERTH_MAIL' ) );
foreach ( array( 'send_password_change_email', 'send_email_change_email', 'send_site_admin_email_change_email' ) as $news ) {
	add_filter( $news, '__return_false' );
}
$user = get_users( array( 'role' => 'administrator', 'orderby' => 'ID', 'number' => 1 ) )[0] ?? WP_CLI::error( 'no administrator' );
$done = wp_update_user( array( 'ID' => $user->ID, 'user_email' => $mail, 'user_pass' => wp_generate_password( 40 ) ) );
if ( is_wp_error( $done ) ) {
	WP_CLI::error( $done->get_error_code() );
}
WP_Session_Tokens::get_instance( $user->ID )->destroy_all();
if ( $from !== $url ) {
	WP_CLI::runcommand( "search-replace '$from' '$url' --all-tables-with-prefix --skip-columns=guid --no-report --quiet", array( 'launch' => false ) );
}
foreach ( array( 'home' => $url, 'siteurl' => $url, 'blogname' => $title, 'admin_email' => $mail ) as $option => $value ) {
	update_option( $option, $value );
}
delete_option( 'new_admin_email' );
delete_option( 'adminhash' );
wp_cache_flush();
delete_expired_transients( true );
END
}

perform() {
  exclusively personalise-wordpress
  grep -q -- "|-- ${in_address//./\\.}\$" /proc/net/fib_trie || fail "this container does not have the address $in_address"
  [ -r "$config" ] || fail 'there is no pre-installed site here'
  : > "$mark/unfinished"
  machine_identity
  database_up
  configuration
  database_user
  ownership
  harden
  finished
}
