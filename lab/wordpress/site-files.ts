// What makes a folder a WordPress site of the lab: its own wp-content, database folder and wp-config.php; the core is
// shared and never written. Secrets are made here and stay in the folder; nothing of a site lies outside of it.
import { randomBytes } from 'node:crypto'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { WordPressFiles } from './download.ts'

/** Where things appear to PHP. A site's `place` is never used twice, because all sites share one cache of compiled scripts. */
export const seen = { wordpress: '/wordpress', tools: '/tools', opcache: '/opcache', site: (place: string) => `/sites/${place}` }

export interface Site { id: string; url: string; title: string; adminEmail: string }

/** Empties `folder` and lays out a site that only lacks its database. Throws when the url is none. */
export function layOutSite(files: WordPressFiles, folder: string, site: Site, place: string): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(folder, 'database'), { recursive: true })
  cpSync(join(files.wordpress, 'wp-content'), join(folder, 'wp-content'), { recursive: true })
  mkdirSync(join(folder, 'wp-content', 'mu-plugins'))
  mkdirSync(join(folder, 'wp-content', 'uploads'))
  writeFileSync(join(folder, 'wp-content', 'mu-plugins', 'berth-lab.php'), labPlugin)
  const dropIn = readFileSync(join(files.sqlite, 'db.copy'), 'utf8')
  const filledIn = dropIn
    .replaceAll('{SQLITE_IMPLEMENTATION_FOLDER_PATH}', `${seen.tools}/sqlite`)
    .replaceAll('{SQLITE_PLUGIN}', 'sqlite-database-integration/load.php')
  writeFileSync(join(folder, 'wp-content', 'db.php'), filledIn)
  writeConfig(folder, place, site.url)
}

/** Writes the configuration, with keys that no site had before. Throws when the url is none. */
export function writeConfig(folder: string, place: string, url: string): void {
  writeFileSync(join(folder, 'wp-config.php'), config(place, new URL(url).href.replace(/\/+$/, '')), { mode: 0o600 })
}

const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`

function config(place: string, url: string): string {
  const root = seen.site(place)
  const salts = ['AUTH_KEY', 'SECURE_AUTH_KEY', 'LOGGED_IN_KEY', 'NONCE_KEY', 'AUTH_SALT', 'SECURE_AUTH_SALT', 'LOGGED_IN_SALT', 'NONCE_SALT']
  const constants: [string, string][] = [
    ['DB_NAME', 'wordpress'], ['DB_USER', ''], ['DB_PASSWORD', ''], ['DB_HOST', ''], ['DB_CHARSET', 'utf8mb4'], ['DB_COLLATE', ''],
    ['DB_DIR', `${root}/database/`], ['WP_CONTENT_DIR', `${root}/wp-content`],
    ...salts.map((name): [string, string] => [name, randomBytes(48).toString('base64')]),
  ]
  return `<?php
// It answers under every name that the reverse proxy sends here, and the proxy sends no others.
$berth_home = ${quoted(url)};
if ( preg_match( '/^(?:[a-z0-9-]+\\.)+[a-z][a-z0-9-]*(?::\\d+)?$/i', $_SERVER['HTTP_HOST'] ?? '' ) ) {
	$berth_home = ( 'on' === ( $_SERVER['HTTPS'] ?? '' ) ? 'https://' : 'http://' ) . strtolower( $_SERVER['HTTP_HOST'] );
}
define( 'WP_HOME', $berth_home );
define( 'WP_SITEURL', $berth_home );
define( 'WP_CONTENT_URL', $berth_home . '/wp-content' );
${constants.map(([name, value]) => `define( ${quoted(name)}, ${quoted(value)} );`).join('\n')}
define( 'DISABLE_WP_CRON', true ); // the site's process runs wp-cron.php itself
define( 'AUTOMATIC_UPDATER_DISABLED', true );
$table_prefix = 'wp_';
if ( ! defined( 'ABSPATH' ) ) { define( 'ABSPATH', '${seen.wordpress}/' ); }
require_once ABSPATH . 'wp-settings.php';
`
}

// PHP as WebAssembly has no way out: real outbound HTTP kills the process, so WordPress is told that it failed. While it
// installs itself WordPress asks its own address whether pretty permalinks work, which they do, so that question is answered.
const labPlugin = `<?php
/* Plugin Name: Berth lab: no outbound HTTP, mail is handed to the lab */
add_filter( 'pre_http_request', function ( $answer, $args, $url ) {
	if ( wp_installing() && 0 === strpos( $url, home_url() ) ) {
		return array(
			'headers'  => array( 'X-Pingback' => get_bloginfo( 'pingback_url' ) ),
			'body'     => '',
			'response' => array( 'code' => 200, 'message' => 'OK' ),
			'cookies'  => array(),
			'filename' => null,
		);
	}
	return new WP_Error( 'http_request_not_executed', 'The lab has no way out to the internet.' );
}, 99, 3 );
add_filter( 'pre_wp_mail', function ( $sent, $mail ) {
	post_message_to_js( wp_json_encode( array( 'mail' => array(
		'to'      => $mail['to'],
		'subject' => $mail['subject'],
		'text'    => $mail['message'],
	) ) ) );
	return true;
}, 99, 2 );
`
