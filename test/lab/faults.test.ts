// Each fault is exactly what it is called: what the upstream did and what the client heard are told apart.
import { describe, expect, test } from 'vitest'
import { VirtualClock } from '../../lab/clock.ts'
import { FAULTS, faulty, LATE_MS, nth, outage, plan, random, SILENCE_MS, type Fault, type Rule } from '../../lab/faults.ts'
import { seeded } from '../../lab/random.ts'
import { pass } from './timed.ts'

interface Heard { status?: number; text?: string; type?: string | null; retryAfter?: string | null; code?: string; reason?: unknown }

function link(...rules: Rule[]) {
  const clock = new VirtualClock()
  const applied: { at: number; body: string }[] = []
  const upstream = async (request: Request): Promise<Response> => {
    const body = await request.text()
    applied.push({ at: clock.now(), body })
    return Response.json({ did: body })
  }
  const made = plan(clock, rules)
  const fetch = faulty(upstream, made)
  const send = (body = 'x', signal?: AbortSignal): Promise<Heard> =>
    fetch(new Request('http://upstream/thing', { method: 'POST', body, ...(signal ? { signal } : {}) })).then(
      async (answer) => ({ status: answer.status, text: await answer.text(), type: answer.headers.get('content-type'), retryAfter: answer.headers.get('retry-after') }),
      (error: unknown) => (error instanceof TypeError ? { code: (error.cause as { code: string }).code } : { reason: error }),
    )
  return { clock, applied, plan: made, send }
}

const first = (fault: Fault): ReturnType<typeof link> => link(nth(1, fault))

describe('not applied', () => {
  test.each([
    ['before', { code: 'ECONNRESET' }],
    ['refused', { code: 'ECONNREFUSED' }],
    ['5xx-before', { status: 502 }],
    ['429', { status: 429, retryAfter: '30' }],
    ['login', { status: 200, type: 'text/html; charset=UTF-8' }],
  ] as const)('%s', async (fault, heard) => {
    const { clock, applied, send } = first(fault)
    expect(await send()).toMatchObject(heard)
    await pass(clock, SILENCE_MS)
    expect(applied).toEqual([])
  })

  test('timeout: silence until the client gives up with its own reason', async () => {
    const { clock, applied, send } = first('timeout')
    const client = new AbortController()
    let heard: Heard | undefined
    const asked = send('x', client.signal).then((one) => (heard = one))
    await pass(clock, 600_000)
    expect(heard).toBeUndefined()
    client.abort('enough')
    expect(await asked).toEqual({ reason: 'enough' })
    expect(clock.next()).toBeUndefined()
    expect(applied).toEqual([])
  })

  test('timeout: a connection that nobody gives up breaks of age', async () => {
    const { clock, send } = first('timeout')
    const asked = send()
    await pass(clock, SILENCE_MS)
    expect(await asked).toEqual({ code: 'ECONNRESET' })
  })
})

describe('applied', () => {
  test('after: the answer is lost', async () => {
    const { applied, send } = first('after')
    expect(await send('one')).toEqual({ code: 'ECONNRESET' })
    expect(applied.map((one) => one.body)).toEqual(['one'])
  })

  test('5xx-after: a middlebox speaks instead', async () => {
    const { applied, send } = first('5xx-after')
    expect(await send()).toMatchObject({ status: 502, type: 'text/html; charset=UTF-8' })
    expect(applied).toHaveLength(1)
  })

  test('garble: the body is cut so that no parser takes it', async () => {
    const { applied, send } = first('garble')
    const { status, text } = await send()
    expect(status).toBe(200)
    expect(() => JSON.parse(text!) as unknown).toThrow()
    expect(applied).toHaveLength(1)
  })

  test('garble: even an answer of one digit does not survive', async () => {
    const clock = new VirtualClock()
    const fetch = faulty(() => Promise.resolve(new Response('12')), plan(clock, [nth(1, 'garble')]))
    const text = await (await fetch(new Request('http://upstream/'))).text()
    expect(() => JSON.parse(text) as unknown).toThrow()
  })

  test('timeout-after: applied, then silence', async () => {
    const { clock, applied, send } = first('timeout-after')
    const client = new AbortController()
    const asked = send('x', client.signal)
    await pass(clock, 1000)
    expect(applied).toHaveLength(1)
    client.abort('enough')
    expect(await asked).toEqual({ reason: 'enough' })
  })
})

describe('late', () => {
  test('the client hears a reset at once, the upstream hears the request 30 s later', async () => {
    const { clock, applied, send } = first('late')
    const start = clock.now()
    expect(await send('one')).toEqual({ code: 'ECONNRESET' })
    await pass(clock, LATE_MS - 1)
    expect(applied).toEqual([])
    await pass(clock, 1)
    expect(applied).toEqual([{ at: start + LATE_MS, body: 'one' }])
  })

  test('an even request hangs instead, and lands although its client has gone', async () => {
    const { clock, applied, send } = link(nth(2, 'late'))
    await send('one')
    const client = new AbortController()
    const asked = send('two', client.signal)
    await pass(clock, 10_000)
    client.abort('enough')
    expect(await asked).toEqual({ reason: 'enough' })
    await pass(clock, LATE_MS)
    expect(applied.map((one) => one.body)).toEqual(['one', 'two'])
  })
})

describe('a plan', () => {
  test('without rules counts and changes nothing', async () => {
    const { plan, send } = link()
    for (let i = 0; i < 3; i++) expect((await send()).status).toBe(200)
    expect(plan.seen.map((one) => one.count)).toEqual([1, 2, 3])
    expect(plan.injected).toEqual([])
  })

  test('hits the k-th request and reports it', async () => {
    const { plan, send } = link(nth(2, 'refused'))
    expect([await send(), await send(), await send()].map((one) => one.code)).toEqual([undefined, 'ECONNREFUSED', undefined])
    expect(plan.injected).toMatchObject([{ count: 2, fault: 'refused', method: 'POST', url: 'http://upstream/thing' }])
  })

  test('counts over all links that share it, and only what matches', async () => {
    const clock = new VirtualClock()
    const ok = (): Promise<Response> => Promise.resolve(new Response('ok'))
    const shared = plan(clock, [nth(2, 'before')], (request) => request.method === 'POST')
    const [one, two] = [faulty(ok, shared), faulty(ok, shared)]
    await one(new Request('http://a/'))
    await one(new Request('http://a/', { method: 'POST' }))
    await two(new Request('http://b/'))
    await expect(two(new Request('http://b/', { method: 'POST' }))).rejects.toThrow('fetch failed')
    expect(shared.seen).toHaveLength(2)
  })

  test('an outage refuses from its first to before its last moment', async () => {
    const start = new VirtualClock().now()
    const { clock, send } = link(outage(start + 1000, start + 2000))
    const heard: (string | undefined)[] = []
    for (let i = 0; i < 3; i++) {
      heard.push((await send()).code)
      await pass(clock, 1000)
    }
    expect(heard).toEqual([undefined, 'ECONNREFUSED', undefined])
  })

  test('the same seed draws the same faults, and every kind is drawn', async () => {
    const run = async (seed: number): Promise<string> => {
      const { plan, send } = link(random(seeded(seed), 0.3, FAULTS))
      for (let i = 0; i < 300; i++) void send()
      await Promise.resolve()
      return plan.injected.map((one) => `${one.count}${one.fault}`).join()
    }
    const once = await run(7)
    expect(await run(7)).toBe(once)
    expect(await run(8)).not.toBe(once)
    for (const fault of FAULTS) expect(once).toContain(fault)
  })
})
