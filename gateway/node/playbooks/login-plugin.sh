# shellcheck shell=bash
# The must-use plugin behind one-time log-in links. What is stored is a digest with its end of life; whoever deletes it first is let in.

login_plugin() {
  mkdir -p "$root/wp-content/mu-plugins"
  write_file "$root/wp-content/mu-plugins/berth-login.php" 644 <<'END'
<?php
/* Plugin Name: Berth: one-time log-in links */
add_action( 'login_init', function () {
	$token = $_GET['berth-login'] ?? '';
	if ( ! is_string( $token ) || ! preg_match( '/^[A-Za-z0-9_-]{43}$/', $token ) ) {
		return;
	}
	global $wpdb;
	nocache_headers();
	header( 'Referrer-Policy: no-referrer' );
	$name  = 'berth_login_' . hash( 'sha256', $token );
	$value = $wpdb->get_var( $wpdb->prepare( "SELECT option_value FROM {$wpdb->options} WHERE option_name = %s", $name ) );
	// One statement decides who was first.
	$mine = null !== $value && 1 === $wpdb->delete( $wpdb->options, array( 'option_name' => $name ) );
	list( $user, $until ) = array_map( 'intval', explode( ' ', $value ?? '0 0' ) );
	if ( ! $mine || time() > $until || ! get_userdata( $user ) ) {
		wp_die( 'This link has been used or is too old. Ask for a new one.', 'Log in', array( 'response' => 403 ) );
	}
	wp_set_current_user( $user );
	wp_set_auth_cookie( $user, false );
	do_action( 'wp_login', get_userdata( $user )->user_login, get_userdata( $user ) );
	wp_safe_redirect( admin_url() );
	exit;
} );
END
}
