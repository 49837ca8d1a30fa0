// The rules of the house, read from the files themselves: who imports whom, how files are called, what never stands in them,
// and that what documents promise is there. Each law is given a breach of itself, so that none of them is asleep.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'

const root = path.join(import.meta.dirname, '..')
const self = 'test/tidy.test.ts'

interface File { path: string; text: string }

/**
 * Room -> what it may import besides itself. `types of x` allows only `import type`; a package is named without what lies in
 * it; `node:*` is all of Node. ARCHITECTURE.md shows the same table, and `test` and `bench` may import everything.
 */
const rooms: Record<string, readonly string[]> = {
  domain: ['zod', 'node:crypto', 'tldts'],
  engine: ['zod', 'domain'],
  upstreams: ['zod', 'node:crypto', 'http-message-signatures', 'dns-packet', 'domain'],
  doctor: ['upstreams', 'domain'],
  db: ['drizzle-orm', 'domain'],
  resources: ['zod', 'engine', 'upstreams', 'doctor', 'domain'],
  platform: ['upstreams', 'domain', 'config'],
  customer: ['cloudflare:workers', 'node:crypto', 'engine', 'resources', 'upstreams', 'doctor', 'platform', 'db', 'domain', 'config'],
  config: ['zod', 'domain', 'types of upstreams'],
  broker: ['cloudflare:workers', 'doctor', 'platform', 'db', 'domain', 'config'],
  tenant: ['cloudflare:workers', 'engine', 'resources', 'upstreams', 'doctor', 'platform', 'db', 'domain', 'config'],
  queues: ['domain', 'db', 'config'],
  functions: ['hono', 'zod', 'node:crypto', 'domain', 'db', 'queues', 'config'],
  'index.ts': ['functions', 'queues', 'tenant', 'customer', 'broker'],
  gateway: ['hono', '@hono/node-server', 'zod', 'node:*', 'dns-packet', 'jose', 'undici', 'domain', 'upstreams/signature.ts'],
  lab: ['hono', '@hono/node-server', 'zod', 'node:*', 'dns-packet', 'tldts', 'httpxy', '@php-wasm/node-8-3', '@php-wasm/universal', 'wrangler', 'miniflare', 'domain', 'gateway'],
  operator: ['node:*', 'zod', 'wrangler', 'config', 'domain', 'engine', 'resources', 'tenant', 'lab'],
}

/** Modules that only these files may import. */
const reserved: Record<string, readonly string[]> = {
  undici: ['gateway/trust.ts'],
  'cloudflare:workers': ['src/tenant/object.ts', 'src/customer/object.ts', 'src/broker/allocator.ts', 'src/broker/gate.ts', 'src/broker/support-desk.ts'],
  wrangler: ['lab/worker.ts', 'lab/start.ts', 'operator/settings.ts'],
  miniflare: ['lab/worker.ts'],
}

/** The only files of the Worker, the gateway and the simulators that touch clock, timers, chance or console. */
const rim = [
  'src/platform/lend.ts', 'src/tenant/object.ts', 'src/customer/object.ts', 'src/broker/allocator.ts', 'src/broker/gate.ts', 'src/broker/support-desk.ts',
  'src/queues/commands.ts', 'src/functions/cron/watchdog.ts', 'src/functions/problems.ts', 'src/functions/health.ts', 'src/functions/orders/orders.ts',
  // Runs in the customer's browser.
  'src/functions/orders/page-script.ts',
  'gateway/server.ts',
]
const rimWords = /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bconsole\.|\bset(?:Timeout|Interval|Immediate)\(|\bperformance\.now\b/
const inVirtualTime = /^(?:src|gateway|lab\/(?:proxmox|linstor|npm|cloudflare|dns|ispconfig))\//

const banned = new Set(['utils', 'helpers', 'common', 'shared', 'lib', 'types', 'constants', 'index'])
const generated = new Set(['worker-configuration.d.ts'])

interface Law { check: (files: readonly File[]) => string[]; breach: File }

const isCode = (file: File): boolean => /\.(?:ts|mjs|js)$/.test(file.path) && !generated.has(file.path)
const others = (files: readonly File[]): File[] => files.filter((file) => file.path !== self)
const find = (files: readonly File[], name: string): string => files.find((file) => file.path === name)?.text ?? ''

/** `path:line: word` for every match in the files. */
function hits(files: readonly File[], pattern: RegExp, read: (file: File) => string = (file) => file.text): string[] {
  return files.flatMap((file) => read(file).split('\n').flatMap((line, i) => {
    const found = pattern.exec(line)
    return found ? [`${file.path}:${i + 1}: ${found[0].trim()}`] : []
  }))
}

/** The code without its comments, line for line. */
const code = ({ text }: File): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, '')).replace(/(^|\s)\/\/.*$/gm, '$1')

interface Import { from: string; of: string; onlyTypes: boolean }

function imports(file: File): Import[] {
  const pattern = /^(?:import|export)\s+(type\s+)?[^'"`;]*?from\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gm
  return [...file.text.matchAll(pattern)].map((match) => {
    const of = match[2] ?? match[3] ?? match[4] ?? ''
    return { from: file.path, of: of.startsWith('.') ? path.posix.join(path.posix.dirname(file.path), of) : of, onlyTypes: match[1] !== undefined }
  })
}

/** `src/engine/plan.ts` -> engine, `lab/world.ts` -> lab, `zod/v4` -> zod. */
function roomOf(module: string): string {
  const [first = '', second = ''] = module.split('/')
  if (first === 'src') return second.replace(/^config\.ts$/, 'config')
  return first.startsWith('@') ? `${first}/${second}` : first
}

function trespasses(files: readonly File[]): string[] {
  return files.filter((file) => /^(?:src|gateway|lab|operator)\//.test(file.path) && isCode(file)).flatMap((file) => imports(file).flatMap(({ of, onlyTypes }) => {
    const [here, there] = [roomOf(file.path), roomOf(of)]
    const may = rooms[here]
    if (!may) return [`${file.path}: a room that nobody knows`]
    const allowed = here === there || may.includes(there) || (onlyTypes && may.includes(`types of ${there}`)) ||
      (of.startsWith('node:') && may.includes('node:*')) || may.some((one) => of === `src/${one}`)
    return allowed && (reserved[there] ?? [file.path]).includes(file.path) ? [] : [`${file.path} imports ${of}`]
  }))
}

/** The table in ARCHITECTURE.md: `| room | may import |`. */
function shownRooms(text: string): Record<string, string[]> {
  const rows = [...text.matchAll(/^\| `([\w.]+)` \| (.+) \|$/gm)]
  return Object.fromEntries(rows.map(([, room = '', may = '']) => [room, may.split(', ').map((one) => one.replaceAll('`', ''))]))
}

/** The arguments of a call that begins at `start`, up to its closing bracket. */
function callAt(text: string, start: number): string {
  let depth = 0
  for (let i = text.indexOf('(', start); i < text.length; i++) {
    if (text[i] === '(') depth++
    else if (text[i] === ')' && --depth === 0) return text.slice(start, i + 1)
  }
  return text.slice(start)
}

const laws: Record<string, Law> = {
  'no file is longer than 300 lines': {
    check: (files) => files.filter(isCode).filter((file) => file.text.trimEnd().split('\n').length > 300).map((file) => file.path),
    breach: { path: 'src/engine/long.ts', text: '// Long.\n'.repeat(301) },
  },
  'every file is called by the one thing it holds, in kebab-case': {
    check: (files) => files.filter((file) => /^(?:src|gateway|lab|operator|test|bench)\//.test(file.path)).map((file) => file.path)
      .filter((name) => name !== 'src/index.ts' && (banned.has(path.basename(name).split('.')[0]!) || (/\.(?:ts|mjs|js)$/.test(name) && !/^[a-z0-9-]+(?:\.\w+)*$/.test(path.basename(name))))),
    breach: { path: 'lab/utils.ts', text: '// Things.\n' },
  },
  'every file opens with what it promises': {
    check: (files) => files.filter(isCode).filter((file) => !/^(?:#!.*\n)?\/\/ \S/.test(file.text)).map((file) => file.path),
    breach: { path: 'lab/silent.ts', text: 'export const one = 1\n' },
  },
  'no room knows what is above it': {
    check: trespasses,
    breach: { path: 'src/engine/curious.ts', text: "// Curious.\nimport { plans } from '../resources/plans.ts'\n" },
  },
  'nothing in the Worker knows the lab, the gateway or the tests': {
    check: (files) => files.filter((file) => file.path.startsWith('src/')).flatMap(imports).filter(({ of }) => /^(?:lab|gateway|test|bench)\//.test(of)).map(({ from, of }) => `${from} imports ${of}`),
    breach: { path: 'src/tenant/cheat.ts', text: "// Cheat.\nimport { World } from '../../lab/world.ts'\n" },
  },
  'ARCHITECTURE.md shows who may import whom as it is enforced': {
    check: (files) => {
      const shown = shownRooms(find(files, 'ARCHITECTURE.md'))
      return Object.keys({ ...rooms, ...shown }).filter((room) => [...(rooms[room] ?? [])].sort().join() !== [...(shown[room] ?? [])].sort().join())
    },
    breach: { path: 'ARCHITECTURE.md', text: '| `domain` | `zod`, `hono` |\n' },
  },
  'clock, timers, chance and console are touched only at the rim': {
    check: (files) => hits(files.filter((file) => inVirtualTime.test(file.path) && isCode(file) && !rim.includes(file.path)), rimWords, code),
    breach: { path: 'src/engine/hasty.ts', text: '// Hasty.\nexport const now = () => Date.now()\n' },
  },
  'the list of the rim names nobody who left it': {
    check: (files) => rim.filter((name) => !rimWords.test(code({ path: name, text: find(files, name) }))),
    breach: { path: 'gateway/server.ts', text: '// Timeless.\n' },
  },
  'nothing escapes the type checker or the linter': {
    check: (files) => hits(others(files).filter(isCode), /\bas any\b|[:<|] ?any\b(?! [a-z])|@ts-(?:ignore|expect-error|nocheck)|(?:eslint|oxlint|biome)-(?:disable|ignore)/, (file) => (/@ts-|lint-|biome/.test(file.text) ? file.text : code(file))),
    breach: { path: 'lab/loose.ts', text: '// Loose.\nexport const one = JSON.parse("1") as any\n' },
  },
  'nothing is left for later': {
    check: (files) => hits(others(files).filter((file) => file.path !== 'package-lock.json'), /\b(?:TODO|FIXME|XXX)\b/),
    breach: { path: 'docs/later.md', text: 'TODO: write this\n' },
  },
  'no test is focused, none is skipped without a reason': {
    check: (files) => hits(others(files).filter((file) => file.path.startsWith('test/')), /\.only\(|\.(?:skip|todo)\((?!.*\/\/ )/),
    breach: { path: 'test/lab/lazy.test.ts', text: "// Lazy.\nit.skip('works', () => {})\n" },
  },
  'journals and logs are never handed a secret or an address of a person': {
    check: (files) => files.filter((file) => /^(?:src|gateway)\//.test(file.path)).flatMap((file) =>
      [...code(file).matchAll(/\bjournal\(|\bconsole\.\w+\(|\bprint\(|\blog\?\.\(/g)].map((match) => callAt(code(file), match.index))
        .filter((call) => /secret|token|password|authorization|\bkeys?\b|apiKey|gatewayKey|headers|\bemail\b|\bspec\b/i.test(call)).map((call) => `${file.path}: ${call.slice(0, 120)}`)),
    breach: { path: 'src/tenant/gossip.ts', text: "// Gossip.\nstore.journal('call', null, 0, { token: config.cloudflareToken })\n" },
  },
  'nothing tells on the machine it was written on': {
    check: (files) => [
      ...hits(others(files), /(?<![\w.])\/(?:work|home|root|Users|tmp)\/[\w.]|\b(?:registry\.(?:npmjs|yarnpkg)|npmmirror|verdaccio|artifactory|jfrog|shared\/(?:design|contracts|seed|hooks))\b|localhost:4873/),
      ...hits(files.filter((file) => file.path === 'package-lock.json'), /"resolved":/),
    ],
    breach: { path: 'docs/place.md', text: 'See /home/somebody/berth\n' },
  },
  'every package has an exact version': {
    check: (files) => {
      const all = JSON.parse(find(files, 'package.json')) as Record<'dependencies' | 'devDependencies' | 'optionalDependencies', Record<string, string> | undefined>
      return Object.entries({ ...all.dependencies, ...all.devDependencies, ...all.optionalDependencies }).filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version)).map(([name]) => name)
    },
    breach: { path: 'package.json', text: '{"dependencies":{"hono":"^4.13.19"}}' },
  },
  'every secret has its line of help, and none is kept in the repository': {
    check: (files) => {
      const names = [.../^required = \[(.*)\]$/m.exec(find(files, 'wrangler.toml'))![1]!.matchAll(/"(\w+)"/g)].map((match) => match[1]!)
      const lines = find(files, '.dev.vars.example').split('\n')
      const helpless = names.filter((name) => !lines[lines.findIndex((line) => line.startsWith(`${name}=`)) - 1]?.startsWith('# '))
      const open = ['.dev.vars', '.berth', 'node_modules'].filter((name) => !find(files, '.gitignore').split('\n').includes(name))
      return [...helpless, ...open, ...names.filter((name) => !find(files, 'src/config.ts').includes(`  ${name}:`))]
    },
    breach: { path: '.dev.vars.example', text: 'API_KEYS=x\n' },
  },
  'every link and every path that is named leads somewhere': {
    check: (files) => {
      const known = new Set(files.map((file) => file.path))
      const there = (name: string): boolean => known.has(name) || existsSync(path.join(root, name))
      return others(files).filter((file) => /\.(?:md|ts|toml)$/.test(file.path)).flatMap((file) => {
        const links = file.path.endsWith('.md') ? [...file.text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map((match) => match[1]!).filter((link) => !/^[a-z]+:/.test(link)) : []
        const named = [...file.text.matchAll(/(?<![\w/.-])(?:src|gateway|lab|operator|test|docs|bench|migrations|paymenter)\/[\w./-]+\.(?:ts|md|sql|json|php)\b/g)].map((match) => match[0])
        return [...links.map((link) => path.posix.join(path.posix.dirname(file.path), link)), ...named].filter((name) => !there(name)).map((name) => `${file.path}: ${name}`)
      })
    },
    breach: { path: 'docs/lost.md', text: '[gone](gone.md)\n' },
  },
  'every command that is named exists': {
    check: (files) => {
      const scripts = Object.keys((JSON.parse(find(files, 'package.json')) as { scripts: object }).scripts)
      return others(files).filter((file) => /\.(?:md|ts|toml|example)$|^\.ci\//.test(file.path)).flatMap((file) =>
        [...file.text.matchAll(/\bnpm run (?:-s )?([a-z][\w:-]*\w)/g)].map((match) => match[1]!).filter((name) => !scripts.includes(name)).map((name) => `${file.path}: npm run ${name}`))
    },
    breach: { path: 'docs/command.md', text: '`npm run fly`\n' },
  },
}

/** Everything that a clone would hold, read once: what .gitignore names, and Git itself, is left out. */
function project(): File[] {
  const ignored = new Set(['.git', ...readFileSync(path.join(root, '.gitignore'), 'utf8').split('\n').map((line) => line.replace(/\/$/, '')).filter(Boolean)])
  const read = (folder: string): File[] =>
    readdirSync(path.join(root, folder), { withFileTypes: true }).filter((entry) => !ignored.has(entry.name)).flatMap((entry) => {
      const name = path.posix.join(folder, entry.name)
      if (entry.isDirectory()) return read(name)
      const text = entry.isFile() ? readFileSync(path.join(root, name), 'utf8') : ''
      return text.includes('\0') ? [] : [{ path: name, text }]
    })
  return read('')
}

const files = project()

describe('the house is tidy:', () => {
  it.each(Object.keys(laws))('%s', (name) => {
    expect(laws[name]!.check(files)).toEqual([])
  })
})

describe('a breach is noticed when', () => {
  it.each(Object.keys(laws))('it is not so that %s', (name) => {
    const { check, breach } = laws[name]!
    const before = new Set(check(files))
    expect(check([...files.filter((file) => file.path !== breach.path), breach]).filter((one) => !before.has(one))).not.toEqual([])
  })
})
