// `npm run audit:verify`: has the Worker compare the audit in D1 with what the tenants keep, page by page, and says what is
// broken. Reads only; the operator's key comes by environment and is never printed.
import { parseArgs } from 'node:util'

const help = `Usage: BERTH_OPERATOR_KEY=<key> npm run audit:verify -- --url <the Worker's address> [options]

Compares the audit in D1 with the seals that the tenants keep.

  --connection <name> --service <id>   one service only
  --json                               one JSON object on stdout
  --help

Ends with 0 when all is intact, 1 when a line is broken, 2 when it could not look.`

interface Page { intact: boolean; tenants: number; lines: number; broken: { tenant: string; line: number; why: string }[]; next: string | null }

/** A tenant is looked at in milliseconds; a page has a hundred. */
const answerMs = 60_000

try {
  process.exitCode = await verify()
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 2
}

async function verify(): Promise<number> {
  const { values } = parseArgs({ options: { url: { type: 'string' }, connection: { type: 'string' }, service: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean' } } })
  if (values.help) {
    console.log(help)
    return 0
  }
  const key = process.env['BERTH_OPERATOR_KEY']
  if (!key) throw new Error('BERTH_OPERATOR_KEY is not set: it wants the operator key.')
  if (!values.url || !URL.canParse(values.url)) throw new Error('--url is required: the address of the Worker, as in https://berth.example.com')
  if ((values.connection === undefined) !== (values.service === undefined)) throw new Error('--connection and --service go together.')
  const all: Omit<Page, 'next'> = { intact: true, tenants: 0, lines: 0, broken: [] }
  for (let next: string | null = ''; next !== null;) {
    const query: Record<string, string> = values.connection !== undefined && values.service !== undefined ? { connection: values.connection, service_id: values.service } : { after: next }
    const page: Page = await ask(values.url, key, new URLSearchParams(query))
    all.intact &&= page.intact
    all.tenants += page.tenants
    all.lines += page.lines
    all.broken.push(...page.broken)
    next = page.next
  }
  if (values.json) console.log(JSON.stringify(all))
  else {
    for (const { tenant, line, why } of all.broken) console.log(`tenant ${tenant}, line ${line}: ${why}`)
    console.log(`${all.lines} lines of ${all.tenants} tenants: ${all.intact ? 'intact' : `${all.broken.length} broken`}`)
  }
  return all.intact ? 0 : 1
}

async function ask(url: string, key: string, query: URLSearchParams): Promise<Page> {
  const from = new URL(`operator/audit/verify?${query}`, url.endsWith('/') ? url : `${url}/`)
  const answer = await fetch(from, { headers: { authorization: `Bearer ${key}` }, redirect: 'error', signal: AbortSignal.timeout(answerMs) })
    .catch((error: unknown) => Promise.reject(new Error(`The Worker does not answer: ${error instanceof Error ? error.message : String(error)}`)))
  const said = (await answer.json().catch(() => ({}))) as Partial<Page> & { error?: string }
  if (!answer.ok) throw new Error(`The Worker answers ${answer.status}: ${said.error ?? 'nothing that can be read'}`)
  const { intact, tenants, lines, broken, next } = said
  if (typeof intact !== 'boolean' || typeof tenants !== 'number' || typeof lines !== 'number' || !Array.isArray(broken) || next === undefined) throw new Error('What answers there is no Worker of Berth.')
  return { intact, tenants, lines, broken, next }
}
