#!/usr/bin/env node
// The program: `berth-gateway` serves, `berth-gateway check` proves that it could. Where the configuration is comes from the
// environment, secrets from files; nothing that matters from the command line, which everybody on a machine can read.
import { parseArgs } from 'node:util'
import { check, type Finding } from './check.ts'
import { readConfig, type GatewayConfig } from './config.ts'
import { machine, openGateway, openMemory, openSsh } from './server.ts'

const usage = `berth-gateway                 serves; GATEWAY_CONFIG names the configuration
berth-gateway check [--json]  proves each upstream, right, clock and node; ends with 0, 1 (something must be cured) or 2 (no configuration)
`

/** What went wrong before there was a gateway, for people; exit code 2. */
function unusable(error: unknown): never {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(2)
}

function configuration(): GatewayConfig {
  try {
    return readConfig(process.env)
  } catch (error) {
    return unusable(error)
  }
}

async function prove(json: boolean): Promise<void> {
  const config = configuration()
  const { rim, close } = machine(config)
  // Opened by root, the file would be closed to the service's own user.
  const remember = process.getuid?.() === 0 ? undefined : () => openMemory(config, rim.now()).close()
  const ssh = openSsh(config, rim)
  const findings = await check(config, rim, remember, ssh)
  ssh?.close()
  await close()
  process.stdout.write(json ? `${JSON.stringify({ ok: !findings.some(({ level }) => level === 'error'), findings }, undefined, 2)}\n` : findings.map(line).join(''))
  process.exitCode = findings.some(({ level }) => level === 'error') ? 1 : 0
}

const line = ({ about, level, says, cure }: Finding): string => `${level.padEnd(7)}  ${about}: ${says}\n${cure === undefined ? '' : `         cure: ${cure}\n`}`

async function run(): Promise<void> {
  const running = await openGateway(configuration())
  process.stdout.write(`${JSON.stringify({ message: 'berth-gateway listens', port: running.port, suspendedPage: running.suspendedPort })}\n`)
  let stopping = false
  const stop = (): void => {
    if (stopping) return
    stopping = true
    void running.close().then(() => process.exit(0))
  }
  process.on('SIGINT', stop).on('SIGTERM', stop)
}

function asked(): { command: string | undefined; json: boolean } {
  try {
    const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } } })
    if (!values.help && positionals.length < 2 && (positionals[0] === 'check' || (positionals[0] === undefined && !values.json))) return { command: positionals[0], json: values.json }
  } catch { /* the usage says it all */ }
  return unusable(usage)
}

const { command, json } = asked()
;(command === 'check' ? prove(json) : run()).catch(unusable)
