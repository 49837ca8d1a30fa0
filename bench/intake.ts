// `npm run bench:intake`: orders accepted per second, and how long an answer takes, while the building goes on behind.
// The ratio: the same load on GET /health, which does nothing but answer.
import { openRig, percentile } from './rig.ts'

const orders = Number(process.argv[2] ?? 300)
const sideBySide = 16

/** Runs `ask` that many times, `sideBySide` at once; answers requests per second and sorted durations (ms). */
async function load(count: number, ask: (i: number) => Promise<number>): Promise<{ perSecond: number; sorted: number[] }> {
  const durations: number[] = []
  let next = 0
  const start = performance.now()
  await Promise.all(Array.from({ length: sideBySide }, async () => {
    while (next < count) durations.push(await ask(next++))
  }))
  return { perSecond: (count / (performance.now() - start)) * 1000, sorted: durations.sort((a, b) => a - b) }
}

const rig = await openRig(1)
try {
  const health = async (): Promise<number> => {
    const start = performance.now()
    await (await fetch(new URL('/health', rig.url))).text()
    return performance.now() - start
  }
  await load(100, health)
  const idle = await load(orders, health)
  const taken = await load(orders, async (i) => (await rig.create(`s${i}`)).tookMs)
  const row = (name: string, { perSecond, sorted }: { perSecond: number; sorted: number[] }): string =>
    `| ${name} | ${perSecond.toFixed(0)} | ${percentile(sorted, 0.5).toFixed(0)} | ${percentile(sorted, 0.99).toFixed(0)} |`
  console.log(`| ${sideBySide} at once, ${orders} requests | per second | p50 ms | p99 ms |\n|---|---|---|---|`)
  console.log(row('GET /health', idle))
  console.log(row('POST /create-site, new orders', taken))
  console.log(`\nAn accepted order costs as much as ${(idle.perSecond / taken.perSecond).toFixed(1)} bare answers.`)
} finally {
  await rig.close()
}
