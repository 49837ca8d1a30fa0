// The setup against a wrangler that plays an account: what is missing is made once, what is there is left alone, no secret is
// shown or stands on a command line, and nothing begins before the settings are finished.
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { install } from '../../operator/install.ts'
import { examplesIn, readSettings, refusal, secretHelps } from '../../operator/settings.ts'
import { wranglerIn } from '../../operator/wrangler.ts'

const project = path.join(import.meta.dirname, '../..')

/** An account in a folder: files `d1`, `queue-<name>`, `secrets`; `calls` records every command line, `stdin` what came in. */
const fake = `#!/bin/sh
input=$(cat)
echo "$*" >> "$ACCOUNT/calls"
[ -n "$input" ] && printf '%s' "$input" > "$ACCOUNT/stdin"
[ "$*" = "$(cat "$ACCOUNT/fails" 2>/dev/null)" ] && { echo "the account is read-only: $input" >&2; exit 1; }
case "$*" in
'whoami --json') [ -e "$ACCOUNT/out" ] && echo '{"loggedIn":false}' || echo '{"loggedIn":true,"email":"me@host.test","accounts":[{"id":"1","name":"Hoster"}]}' ;;
'd1 list --json') if [ -e "$ACCOUNT/d1" ]; then echo '[{"uuid":"u","name":"other"},{"uuid":"v","name":"berth-production"}]'; else echo '[]'; fi ;;
'd1 create berth-production --update-config=false') touch "$ACCOUNT/d1" ;;
'queues info '*) [ -e "$ACCOUNT/queue-$3" ] || { echo "Queue \\"$3\\" does not exist. To create it, run: wrangler queues create $3" >&2; exit 1; } ;;
'queues create '*) touch "$ACCOUNT/queue-$3" ;;
'd1 migrations apply DB --remote --env production') [ -e "$ACCOUNT/d1" ] || exit 1 ;;
'secret list --env production') [ -e "$ACCOUNT/secrets" ] && cat "$ACCOUNT/secrets" || { echo 'Worker "berth-production" (env: production) not found.' >&2; exit 1; } ;;
'secret bulk --env production') { echo '['; printf '%s' "$input" | grep -o '"[A-Z][A-Z_0-9]*":' | sed 's/:$//; s/.*/{"name":&,"type":"secret_text"},/; $ s/,$//'; echo ']'; } > "$ACCOUNT/secrets" ;;
'deploy --env production') [ -e "$ACCOUNT/secrets" ] || exit 1 ;;
*) echo "Unknown arguments: $*" >&2; exit 1 ;;
esac
`

const secrets = {
  API_KEYS: `[{"connection":"shop","sha256":"${'1'.repeat(64)}"}]`, GATEWAY_KEY: 'worker-1:a-very-secret-gateway-key', CLOUDFLARE_TOKEN: 'the-cloudflare-token', OPERATOR_KEY_SHA256: '2'.repeat(64), HELP_DESK_KEYS: '[]',
}

let folder: string
let said: string[]
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'berth-setup-'))
  said = []
  mkdirSync(path.join(folder, 'bin'))
  writeFileSync(path.join(folder, 'bin/wrangler'), fake)
  chmodSync(path.join(folder, 'bin/wrangler'), 0o755)
  cpSync(path.join(project, '.dev.vars.example'), path.join(folder, '.dev.vars.example'))
  const finished = readFileSync(path.join(project, 'wrangler.toml'), 'utf8').replaceAll('example.com', 'hoster.test').replaceAll('example-node', 'pve').replaceAll('198.51.100.', '10.1.2.').replaceAll('203.0.113.', '9.9.9.').replaceAll('"00000000000000000000000000000000"', '"5d1f6a0c9b7e4f3a8c2d1e0f9a8b7c6e"')
  writeFileSync(path.join(folder, 'wrangler.toml'), finished)
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Runs it; `answers` are what the person types. */
async function setup(argv: string[], { env = {}, answers = [], root = folder }: { env?: Record<string, string>; answers?: string[]; root?: string } = {}): Promise<string> {
  const surroundings = { PATH: `${path.join(folder, 'bin')}:${process.env['PATH'] ?? ''}`, ACCOUNT: folder, ...env }
  const ask = (question: string, hidden: boolean): Promise<string> => {
    said.push(`${question}${hidden ? '(hidden)' : ''}`)
    return Promise.resolve(answers.shift() ?? 'no answer')
  }
  return install(argv, { root, env: surroundings, ask, say: (line) => said.push(line), wrangler: wranglerIn(root, surroundings) }).then(() => '', (error: unknown) => (error as Error).message)
}

const calls = (): string[] => {
  const file = path.join(folder, 'calls')
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []
  rmSync(file, { force: true })
  return lines
}
const changing = (lines: readonly string[]): string[] => lines.filter((line) => !/^(?:whoami|d1 list|queues info|secret list)/.test(line))

it('makes what is missing, in order, and the second time only what may be new', async () => {
  expect(await setup(['--env', 'production', '--yes'], { env: { ...secrets, ORDER_LINK_SECRET: 'o'.repeat(24), SUPPORT_KEY_SECRET: 's'.repeat(24) } })).toBe('')
  const first = calls()
  expect(changing(first)).toEqual([
    'd1 create berth-production --update-config=false', 'queues create commands-production', 'queues create commands-dead-production', 'd1 migrations apply DB --remote --env production', 'secret bulk --env production', 'deploy --env production',
  ])
  expect(JSON.parse(readFileSync(path.join(folder, 'stdin'), 'utf8'))).toEqual({ ...secrets, ORDER_LINK_SECRET: 'o'.repeat(24), SUPPORT_KEY_SECRET: 's'.repeat(24) })
  expect(`${said.join('\n')}${first.join('\n')}`).not.toMatch(/very-secret|the-cloudflare-token|oooo|ssss|1111/)
  expect(said.at(-1)).toBe('Done. berth-production is deployed: npx berth doctor --url https://berth.hoster.test')
  expect(await setup(['--env', 'production', '--yes'])).toBe('')
  expect(changing(calls())).toEqual(['d1 migrations apply DB --remote --env production', 'deploy --env production'])
})

it('asks for each secret with its help and no echo, again when the Worker would not take it, and makes by chance what may be', async () => {
  const answers = ['yes', '{"not": "a list"}', secrets.API_KEYS, 'lab:lab-gateway-signing-secret', secrets.GATEWAY_KEY, secrets.CLOUDFLARE_TOKEN, '', secrets.OPERATOR_KEY_SHA256, '[]', '']
  expect(await setup(['--env', 'production'], { answers })).toBe('')
  const given = JSON.parse(readFileSync(path.join(folder, 'stdin'), 'utf8')) as Record<string, string>
  expect(given).toMatchObject(secrets)
  expect(given['ORDER_LINK_SECRET']).toMatch(/^[\w-]{43}$/)
  expect(given['SUPPORT_KEY_SECRET']).not.toBe(given['ORDER_LINK_SECRET'])
  const shown = said.join('\n')
  for (const words of ['API_KEYS: ', 'GATEWAY_KEY: that is the lab\'s', 'Cloudflare API token with Zone.DNS edit', 'Value: (hidden)', 'Enter: one is made by chance): (hidden)']) expect(shown).toContain(words)
  expect(shown).not.toMatch(/lab-operator-key|lab-billing-key|not": "a list|very-secret/)
})

it('only says what it would do: with --dry-run, when told no, and before the settings are finished', async () => {
  expect(await setup(['--env', 'production', '--dry-run'])).toBe('')
  expect(said.join('\n')).toContain('create the queue commands-dead-production\n    npx wrangler queues create commands-dead-production')
  expect(await setup(['--env', 'production'], { answers: ['no'] })).toBe('Nothing was done.')
  expect(changing(calls())).toEqual([])
  expect(await setup(['--env', 'production'], { root: project })).toContain('CLUSTER.zone still is an example')
  writeFileSync(path.join(folder, 'wrangler.toml'), readFileSync(path.join(folder, 'wrangler.toml'), 'utf8').replaceAll('"vmbr1"', '""'))
  expect(await setup(['--env', 'production'])).toContain('CLUSTER.bridge')
  expect(await setup(['--env', 'nowhere'])).toContain('no environment "nowhere"')
  expect(await setup([])).toContain('--env is required')
  expect(calls()).toEqual([])
})

it('stops where wrangler fails, with its words and without the secrets, and goes on there the next time', async () => {
  writeFileSync(path.join(folder, 'fails'), 'secret bulk --env production')
  const env = { ...secrets, ORDER_LINK_SECRET: 'o'.repeat(24), SUPPORT_KEY_SECRET: 's'.repeat(24) }
  const words = await setup(['--env', 'production', '--yes'], { env })
  expect(words).toMatch(/^wrangler secret bulk --env production ended with 1:\nthe account is read-only/)
  expect(words).not.toMatch(/very-secret|the-cloudflare-token|oooo|1111/)
  calls()
  rmSync(path.join(folder, 'fails'))
  expect(await setup(['--env', 'production', '--yes'], { env })).toBe('')
  expect(changing(calls())).toEqual(['d1 migrations apply DB --remote --env production', 'secret bulk --env production', 'deploy --env production'])
  writeFileSync(path.join(folder, 'fails'), 'queues info commands-production')
  expect(await setup(['--env', 'production', '--yes'])).toContain('wrangler queues info commands-production ended with 1')
  writeFileSync(path.join(folder, 'out'), '')
  expect(await setup(['--env', 'production', '--yes'])).toContain('Wrangler is not logged in')
  expect(changing(calls())).toEqual([])
})

it('has environments that differ from each other and have nothing of the lab', () => {
  const [staging, production] = [readSettings(project, 'staging'), readSettings(project, 'production')]
  for (const one of [staging, production]) {
    expect(refusal(one, {})).toBeUndefined()
    expect(JSON.stringify(one.vars)).not.toMatch(/localhost|127\.0\.0\.1|"lab"|5d1f6a0c/)
    expect(examplesIn(one.vars)).toContain('CLOUDFLARE_ZONE_ID')
    expect(one.secrets.every(({ help }) => help.length > 0 && !help.includes('lab'))).toBe(true)
    expect(one.queues.some((queue) => queue.startsWith('commands-dead'))).toBe(true)
  }
  expect([production.worker, production.database, ...production.queues, ...production.hosts].filter((name) => [staging.worker, staging.database, ...staging.queues, ...staging.hosts].includes(name))).toEqual([])
  expect(production.secrets.map(({ name }) => name)).toEqual([...secretHelps(readFileSync(path.join(project, '.dev.vars.example'), 'utf8')).keys()])
})
