// The order page's own arithmetic and words, as they run in the browser, and the event stream as the terminal reads it.
import { runInNewContext, Script } from 'node:vm'
import { expect, test } from 'vitest'
import { events } from '../../lab/follow.ts'
import { remainingSource, script } from '../../src/functions/orders/page-script.ts'
import { plain } from '../../src/tenant/plain.ts'

interface Step { name: string; state: string; startedAt: number; needs: string[] }
const remaining = runInNewContext(`${remainingSource}; remaining`) as (steps: Step[], usual: Record<string, number>, now: number) => { ms: number; unknown: number }
const step = (name: string, needs: string[], state = 'waiting', startedAt = 0): Step => ({ name, needs, state, startedAt })

const order = (container: string, startedAt = 0): Step[] => [
  step('container', [], container, startedAt), step('dns', []), step('power', ['container']), step('wordpress', ['power']),
]
const usual = { container: 6_000, dns: 2_000, power: 1_000, wordpress: 10_000 }

test('what is left is the longest chain of needs, not the sum', () => {
  expect(remaining(order('waiting'), usual, 0)).toEqual({ ms: 17_000, unknown: 0 })
})

test('what is under way counts with what is left of it, what is done with nothing', () => {
  expect(remaining(order('working', 10_000), usual, 14_000).ms).toBe(13_000)
  expect(remaining(order('done'), usual, 0).ms).toBe(11_000)
})

test('a step that takes longer than usual never counts below a second', () => {
  expect(remaining(order('working', 10_000), usual, 99_000).ms).toBe(12_000)
})

test('steps without history are counted, not guessed', () => {
  expect(remaining(order('waiting'), { container: 6_000 }, 0)).toEqual({ ms: 6_000, unknown: 3 })
})

test('the script is one valid program and writes text only', () => {
  expect(() => new Script(script)).not.toThrow()
  expect(script).not.toMatch(/innerHTML|insertAdjacentHTML|document\.write|setInterval\([^)]*fetch/)
})

async function read(...chunks: string[]): Promise<{ event: string; data: string }[]> {
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(encoder.encode(chunk))
      controller.close()
    },
  })
  const all = []
  for await (const event of events(body)) all.push(event)
  return all
}

test('events are whole however the stream is cut, comments and half events are none', async () => {
  expect(await read('event: or', 'der\ndata: {"a"', ':1}\n', '\nid: 1\n: beat\n\ndata: x\ndata: y\r\n\r\ndata: half')).toEqual([
    { event: 'order', data: '{"a":1}' }, { event: 'message', data: 'x\ny' },
  ])
})

/** What a customer reads of an upstream's failure: who, never where or how. */
test.each([
  ['proxmox: POST /nodes/node1/lxc/10002/firewall/rules: 200 a log-in page instead of an answer', 'the cluster did not let us in'],
  ["POST /nodes/node1/lxc: 500 can't lock file '/run/lock/lxc/pve-config-10002.lock'", 'the cluster could not do it'],
  ['no answer: GET /cluster/resources: no answer within 20000 ms', 'the cluster did not answer'],
  ['GET /nodes/node2/lxc/10001/status/current: fetch failed', 'the cluster did not answer'],
  ['Container: POST /nodes/node1/lxc: 400 Parameter verification failed. (rootfs: wrong)', 'Container: the cluster refused it'],
  ['npm does not answer; waiting until it is back (heard last: the tunnel is not connected to Cloudflare)', 'npm does not answer; waiting until it is back'],
  ['proxmox refuses our credentials; a person has to look (heard last: GET /version: 401 No ticket)', 'proxmox refuses our credentials; a person has to look'],
  ['DELETE /cluster/ha/resources/ct%3A10000: 429 slow down', 'the cluster asked us to come back later'],
])('%s', (text, words) => {
  expect(plain(text, 'proxmox')).toBe(words)
})

test('words for people stay as they are', () => {
  for (const text of ['making sure that a lost request can no longer arrive', 'Proxmox holds the lock "create"', 'waits for: Container'])
    expect(plain(text, 'proxmox')).toBe(text)
})

test('a failed task names who failed, never its own words', () => {
  const text = "Container: task failed: error during cfs-locked 'storage-global-lvm' operation: Not enough free space in storage pool 'thinpool'"
  expect(plain(text, 'proxmox')).toBe('Container: the cluster could not do it')
})
