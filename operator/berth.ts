#!/usr/bin/env node
// `npx berth`: hands the command line to its commands and prints what they answer. Nothing else happens here.
import { userInfo } from 'node:os'
import { createInterface } from 'node:readline/promises'
import { run } from './commands.ts'

/** On stderr, so that stdout holds the answer alone. */
async function confirm(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(es)?$/i.test(await terminal.question(`${question} [y/N] `))
  } finally {
    terminal.close()
  }
}

const { code, out, err } = await run(process.argv.slice(2), { env: process.env, login: () => userInfo().username, now: () => Date.now(), confirm: process.stdin.isTTY ? confirm : undefined })
if (out !== '') console.log(out)
if (err !== '') console.error(err)
process.exitCode = code
