// `npm run setup -- --env production`: lends the installation a terminal and wrangler. What happens stands in install.ts.
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { install } from './install.ts'
import { wranglerIn } from './wrangler.ts'

try {
  const root = process.cwd()
  await install(process.argv.slice(2), { root, env: process.env, ask, say: (line) => console.log(line), wrangler: wranglerIn(root, process.env) })
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 2
}

async function ask(question: string, hidden: boolean): Promise<string> {
  if (!process.stdin.isTTY) throw new Error('Nobody can be asked here: --yes, and the secrets in the environment under their names.')
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  process.stdout.write(question)
  const terminal = createInterface({ input: process.stdin, output: hidden ? silent : process.stdout, terminal: true })
  try {
    return (await terminal.question('')).trim()
  } finally {
    terminal.close()
    if (hidden) console.log()
  }
}
