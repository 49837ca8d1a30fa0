// Makes the installer of a node one file: install.sh with everything that it puts there inside. `node gateway/node/bundle.ts` prints it.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

const folder = import.meta.dirname
const read = (name: string): string => readFileSync(path.join(folder, name), 'utf8')

/** What lies on a node, by name, sorted as `sha256sum berth-node playbooks/*.sh` sees it there. */
export function nodeFiles(): [name: string, text: string][] {
  const playbooks = readdirSync(path.join(folder, 'playbooks')).filter((name) => name.endsWith('.sh')).sort()
  return ['berth-node', ...playbooks.map((name) => `playbooks/${name}`)].map((name) => [name, read(name)])
}

/** What lies there for a person to call: the gateway does not depend on it. */
const besides = ['berth-image', 'seal.sh'].map((name): [string, string] => [name, read(name)])

/** As `berth-node` tells its own. */
export function digestOf(files: readonly [name: string, text: string][]): string {
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
  return sha256(files.map(([name, text]) => `${sha256(text)}  ${name}\n`).join(''))
}

/** The program `berth-node-install`. */
export function nodeInstaller(): string {
  const put = [...nodeFiles(), ...besides].map(([name, text]) => `put ${name} <<'@END OF ${name}@'\n${text.trimEnd()}\n@END OF ${name}@\n`).join('')
  return read('install.sh').replace('@FILES@\n', () => put)
}

if (import.meta.main) process.stdout.write(nodeInstaller())
