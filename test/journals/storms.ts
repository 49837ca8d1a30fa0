// `npm run journals:storms`: how many journals of random storms (faults, crashes, changes of mind) `npx berth replay` goes through without
// a difference. `--seeds 100` (their number), `--from 1`, `--show` the differences.
import { parseArgs } from 'node:util'
import { replay } from '../../operator/replay.ts'
import { readSaved } from '../../operator/saved.ts'
import { randomHistory } from '../simulation/random-history.ts'
import { endOf, kept } from './save.ts'

const { values } = parseArgs({ options: { seeds: { type: 'string', default: '100' }, from: { type: 'string', default: '1' }, show: { type: 'boolean', default: false } } })
const first = Number(values.from)
const counted = { journals: 0, differ: 0, crashed: 0, crashedDiffer: 0 }
for (let seed = first; seed < first + Number(values.seeds); seed++) {
  const history = randomHistory(seed)
  for (const saved of readSaved((await kept(history, endOf(history))).join('\n'))) {
    const { differences } = await replay(saved)
    const crashed = saved.lines.some(({ event }) => event === 'recovered')
    counted.journals++
    if (crashed) counted.crashed++
    if (differences.length === 0) continue
    counted.differ++
    if (crashed) counted.crashedDiffer++
    if (values.show) console.log(`seed ${seed} ${saved.tenant}: ${saved.lines.length} lines\n${differences.map((one) => `  ${one.line} ${one.step ?? '-'}: ${one.recorded} | now ${one.now}`).join('\n')}`)
  }
}
console.log(`${counted.journals} journals, ${counted.differ} differ; of those that tell of a death in the middle of a call ${counted.crashedDiffer} of ${counted.crashed}`)
