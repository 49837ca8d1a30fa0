// One PHP for one site: PHP compiled to WebAssembly with the folders it needs mounted, running one script at a time.
// Web pages and wp-cli run in the same PHP, so the site's database never has two writers. Must never be shared by two sites.
import { EventEmitter } from 'node:events'
import { mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PassThrough } from 'node:stream'
import { getPHPLoaderModule } from '@php-wasm/node-8-3'
import { loadPHPRuntime, PHP, PHPResponse } from '@php-wasm/universal'
import type { MountHandler, PHPRunOptions, SpawnHandler } from '@php-wasm/universal'
import type { WordPressFiles } from './download.ts'
import { seen } from './site-files.ts'

const iniPath = '/internal/shared/php.ini'
const blacklistPath = '/internal/shared/opcache-blacklist'
const argumentsPath = '/internal/wp-arguments.json'

export type Letter = { to: string | string[]; subject: string; text: string }

/** PHP with WordPress, wp-cli and the compiled-script cache in place, and no site yet. `post` gets each mail. */
export async function startPhp(files: WordPressFiles, post: (letter: Letter) => void): Promise<PHP> {
  const php = new PHP(await loadPHPRuntime(await getPHPLoaderModule()))
  // Under the name "cli" opcache stays off, which doubles the time of every page.
  await php.setSapiName('fpm-fcgi')
  await php.setSpawnHandler(noPrograms)
  php.onMessage((message) => {
    const { mail } = JSON.parse(message) as { mail?: Letter }
    if (mail) post(mail)
    return ''
  })
  // The path of wp-config.php is the same in every site, so its compiled form must never be shared.
  php.writeFile(blacklistPath, '/wp-config.php\n/internal/*\n')
  php.writeFile(
    iniPath,
    php.readFileAsText(iniPath)
      .replace(/^opcache\.file_cache = .*$/m, `opcache.file_cache = ${seen.opcache}`)
      .replace(/^(display_errors|display_startup_errors|html_errors) ?=.*$/gm, '$1 = 0')
      .replace(/^(upload_max_filesize|post_max_size) ?=.*$/gm, '$1 = 64M') +
      `\nopcache.blacklist_filename = ${blacklistPath}\nexpose_php = Off\n`,
  )
  mkdirSync(files.opcache, { recursive: true })
  await mount(php, seen.wordpress, files.wordpress)
  await mount(php, `${seen.tools}/sqlite`, files.sqlite)
  await mount(php, `${seen.tools}/wp-cli`, dirname(files.wpCli))
  await mount(php, seen.opcache, files.opcache)
  return php
}

/** Makes this PHP the one of the site in `folder`. */
export async function openSite(php: PHP, place: string, folder: string): Promise<void> {
  await mount(php, seen.site(place), folder)
  // WordPress and wp-cli look for it one level above the core when the core has none.
  php.writeFile('/wp-config.php', readFileSync(join(folder, 'wp-config.php'), 'utf8'))
}

export const runScript = async (php: PHP, options: PHPRunOptions): Promise<PHPResponse> =>
  PHPResponse.fromStreamedResponse(await php.runStream(options))

/** One wp-cli command. What it prints may hold a password, so only its own "Error:" lines are handed on, unless it is to be `heard`. */
export async function wpCli(php: PHP, args: string[], heard: boolean): Promise<{ exit: number; error: string; output: string }> {
  php.writeFile(argumentsPath, JSON.stringify(['wp', `--path=${seen.wordpress}`, '--no-color', ...args]))
  const answer = await runScript(php, { code: wpCliStarter })
  const lines = `${answer.text}\n${answer.errors}`.split('\n').filter((line) => /^(PHP )?(Fatal error|Error)\b/i.test(line))
  php.unlink(argumentsPath)
  return { exit: answer.exitCode, error: lines.join(' ').slice(0, 500), output: heard ? answer.text : '' }
}

// The phar's own first file insists on the SAPI name "cli"; what it would include next does not.
const wpCliStarter = `<?php
$argv = json_decode( file_get_contents( '${argumentsPath}' ), true );
$argc = count( $argv );
$GLOBALS['argv'] = $_SERVER['argv'] = $argv;
$GLOBALS['argc'] = $_SERVER['argc'] = $argc;
// This PHP takes every script for a visit to https://example.com.
unset( $_SERVER['HTTP_HOST'], $_SERVER['HTTPS'] );
putenv( 'HOME=/tmp' );
define( 'STDIN', fopen( 'php://memory', 'rb' ) );
define( 'STDOUT', fopen( 'php://output', 'wb' ) );
define( 'STDERR', fopen( 'php://output', 'wb' ) );
ini_set( 'memory_limit', '512M' );
Phar::loadPhar( '${seen.tools}/wp-cli/wp-cli.phar', 'wp-cli.phar' );
define( 'WP_CLI_ROOT', 'phar://wp-cli.phar/vendor/wp-cli/wp-cli' );
require WP_CLI_ROOT . '/php/wp-cli.php';
`

async function mount(php: PHP, at: string, root: string): Promise<void> {
  const handler: MountHandler = (_php, files, path) => {
    const nodeFiles = files.filesystems['NODEFS']
    if (!nodeFiles) throw new Error('this PHP cannot mount folders')
    files.mount(nodeFiles, { root }, path)
    return () => files.unmount(path)
  }
  php.mkdir(at)
  await php.mount(at, handler)
}

/** popen, proc_open and sendmail find no program, instead of crashing PHP. */
function noPrograms(): ReturnType<SpawnHandler> {
  const program = Object.assign(new EventEmitter(), { pid: 1, stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() })
  setTimeout(() => program.emit('spawn'), 1)
  setTimeout(() => program.emit('exit', 127), 2)
  return program as unknown as ReturnType<SpawnHandler>
}
