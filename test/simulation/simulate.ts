// `npm run simulate`: long runs of the simulation, outside the tests. A failing one prints the command that replays it.
import { spawn } from 'node:child_process'
import { parseArgs } from 'node:util'
import { recorderTo } from '../../lab/recorder.ts'
import { recording } from './data-centre.ts'
import { live, type Result } from './history.ts'
import { casesOf, jobOf, nameOf, Runs } from './matrix.ts'
import { randomHistory } from './random-history.ts'
import { schedules } from './schedules.ts'
import { none, type Sometimes } from './sometimes.ts'

const help = `Runs the engine, the clients, the gateway and the simulators in virtual time and checks the invariants.

  npm run simulate -- [--histories N] [--seed S]   N random histories from seed S (default 1000 from 1)
  npm run simulate -- --matrix [--schedule NAME]   every call × every fault, every commit × a power cut; --schedule may be repeated
  npm run simulate -- --case NAME                  one case of the matrix, with its journal
  --jobs J        processes side by side (default 1)
  --record FILE   writes every upstream exchange as JSON lines
  --json          one JSON object at the end
  --journal       prints the journals (for few histories)`

const { values } = parseArgs({
  options: {
    histories: { type: 'string' }, seed: { type: 'string', default: '1' }, matrix: { type: 'boolean' }, schedule: { type: 'string', multiple: true }, case: { type: 'string' },
    jobs: { type: 'string', default: '1' }, share: { type: 'string', default: '0/1' }, record: { type: 'string' }, json: { type: 'boolean' }, journal: { type: 'boolean' }, help: { type: 'boolean' },
  },
})

interface Tally { runs: number; /** Cases that could not differ from one that was run. */ same: number; wrong: string[]; outcomes: Record<string, number>; paths: Record<string, number>; ms: number }

async function main(): Promise<Tally> {
  const recorder = values.record ? recorderTo(values.record) : undefined
  recording.write = recorder && ((line) => recorder.write(line))
  const seen = none()
  const tally: Tally = { runs: 0, same: 0, wrong: [], outcomes: {}, paths: {}, ms: 0 }
  const start = performance.now()
  for await (const { name, result } of runs(seen)) {
    if (!result) {
      tally.same++
      continue
    }
    tally.runs++
    for (const outcome of Object.values(result.outcomes)) tally.outcomes[outcome ?? 'not at rest'] = (tally.outcomes[outcome ?? 'not at rest'] ?? 0) + 1
    if (result.violations.length > 0) {
      tally.wrong.push(name)
      console.error(`${name}\n  ${result.violations.join('\n  ')}`)
    }
    if (values.journal || values.case) console.log(result.journal.join('\n'))
    if (tally.runs % 500 === 0 && !values.json && !values.matrix) console.error(`${tally.runs} runs, ${tally.wrong.length} with violations`)
  }
  await recorder?.close()
  if (values.case && tally.runs === 0) throw new Error(`there is no case "${values.case}"; of a read, only the faults that differ are cases`)
  return { ...tally, paths: Object.fromEntries(seen), ms: Math.round(performance.now() - start) }
}

async function* runs(seen: Sometimes): AsyncGenerator<{ name: string; result: Result | undefined }> {
  const [mine = 0, of = 1] = values.share.split('/').map(Number)
  if (values.matrix || values.case) {
    const names = values.case ? [values.case.split(' / ')[0]!] : values.schedule ?? Object.keys(schedules)
    const known = new Runs()
    for (const schedule of names) {
      if (!schedules[schedule]) throw new Error(`no schedule "${schedule}"; there are: ${Object.keys(schedules).join(', ')}`)
      let [ran, same] = [0, 0]
      for (const one of await casesOf(schedule)) {
        if (jobOf(one, of) !== mine || (values.case && nameOf(one) !== values.case)) continue
        const result = await known.run(one, seen)
        if (result) ran++
        else same++
        yield { name: `npm run simulate -- --case '${nameOf(one)}'`, result }
      }
      if (!values.case) console.error(`${schedule}${of > 1 ? ` (${values.share})` : ''}: ${ran} runs, ${same} that could not differ`)
    }
    return
  }
  const [first, count] = [Number(values.seed), Number(values.histories ?? 1000)]
  for (let seed = first + mine; seed < first + count; seed += of)
    yield { name: `npm run simulate -- --histories 1 --seed ${seed}`, result: await live(randomHistory(seed), seen) }
}

/** The same command in several processes, their tallies added up. */
async function sideBySide(jobs: number): Promise<Tally> {
  const args = process.argv.slice(2).filter((arg, i, all) => arg !== '--jobs' && all[i - 1] !== '--jobs')
  const tallies = await Promise.all(Array.from({ length: jobs }, (_, i) => new Promise<Tally>((resolve, reject) => {
    const child = spawn(process.execPath, [import.meta.filename, ...args, '--json', '--share', `${i}/${jobs}`], { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
    child.on('close', () => (text ? resolve(JSON.parse(text) as Tally) : reject(new Error('a process died'))))
  })))
  const sum = (pick: (tally: Tally) => Record<string, number>): Record<string, number> => {
    const total: Record<string, number> = {}
    for (const tally of tallies) for (const [key, n] of Object.entries(pick(tally))) total[key] = (total[key] ?? 0) + n
    return total
  }
  return {
    runs: tallies.reduce((n, one) => n + one.runs, 0), same: tallies.reduce((n, one) => n + one.same, 0), wrong: tallies.flatMap((one) => one.wrong),
    outcomes: sum((one) => one.outcomes), paths: sum((one) => one.paths), ms: Math.max(...tallies.map((one) => one.ms)),
  }
}

if (values.help) console.log(help)
else {
  const tally = Number(values.jobs) > 1 ? await sideBySide(Number(values.jobs)) : await main()
  if (values.json) console.log(JSON.stringify(tally))
  else {
    console.log(`${tally.runs} runs${tally.same > 0 ? ` and ${tally.same} that could not differ from one of them` : ''}, ${tally.wrong.length} with violations, ${(tally.ms / 1000).toFixed(0)} s`)
    console.log(`outcomes: ${Object.entries(tally.outcomes).map(([key, n]) => `${key} ${n}`).join(', ')}`)
    if (!values.case) console.log(`rare paths taken:\n${Object.entries(tally.paths).map(([path, n]) => `  ${String(n).padStart(7)}  ${path}`).join('\n')}`)
    for (const name of tally.wrong) console.log(name)
  }
  process.exitCode = tally.wrong.length > 0 ? 1 : 0
}
