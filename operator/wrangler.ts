// Wrangler as a child process: the first of that name on the PATH, which npm makes the one of this project.
import { spawn } from 'node:child_process'
import type { Wrangler } from './installation.ts'

/** CI: wrangler asks nobody. What it prints is kept back unless it fails. */
export const wranglerIn = (root: string, env: Readonly<Record<string, string | undefined>>): Wrangler => (args, input = '') =>
  new Promise((resolve, reject) => {
    const child = spawn('wrangler', args, { cwd: root, env: { ...env, CI: '1', NO_COLOR: '1', WRANGLER_SEND_METRICS: 'false' } })
    let [out, err] = ['', '']
    child.stdout.on('data', (part: Buffer) => (out += part.toString()))
    child.stderr.on('data', (part: Buffer) => (err += part.toString()))
    child.on('error', (error) => reject(new Error(`wrangler does not start (npm ci, then npm run setup): ${error.message}`)))
    child.on('close', (code) => resolve({ code: code ?? 2, out, err }))
    // Whoever does not read it has ended already.
    child.stdin.on('error', () => undefined).end(input)
  })
