#!/usr/bin/env node
// `npx berth`: hands the command line to its commands and prints what they answer. Nothing else happens here.
import { userInfo } from 'node:os'
import { run } from './commands.ts'

const { code, out, err } = await run(process.argv.slice(2), { env: process.env, login: () => userInfo().username, now: () => Date.now() })
if (out !== '') console.log(out)
if (err !== '') console.error(err)
process.exitCode = code
