// Whom the gateway believes: real TLS on the loopback, with certificates that were made a moment ago.
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { Servers, type Rim } from '../../gateway/upstream.ts'
import { trusting, type Trust } from '../../gateway/trust.ts'
import { certificate, type Certified } from './certificate.ts'

const closing: (() => void | Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const authority = certificate('Cluster authority', { authority: true })
const node1 = certificate('node1')
const node2 = certificate('node2')

/** A node that shows `shown`; `heard` has what was sent to it. */
async function node(shown: Certified, answer = 'ok') {
  const heard: string[] = []
  const server = createServer({ key: shown.key, cert: shown.cert }, (request, response) => {
    heard.push(`${request.method} ${request.url}`)
    response.end(answer)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, heard }
}

function ask(urls: string[], trust: Record<string, Trust>) {
  const { fetch, close } = trusting(trust)
  closing.push(close)
  const rim: Rim = { fetch, now: () => Date.now(), sleep: (ms, signal) => new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal?.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  }) }
  const servers = new Servers(rim, 'proxmox', urls)
  return (path = '/api2/json/version') => servers.ask({ method: 'POST', path, headers: {}, body: 'secret=1' }, Date.now() + 10_000)
}

describe('a node of the cluster', () => {
  test('is believed by the fingerprint of its certificate alone, whatever name that bears', async () => {
    const { url, heard } = await node(certificate('anything', { until: 2021 }))
    const shown = node1
    const own = await node(shown)
    expect(await ask([own.url], { [own.url]: { fingerprint: shown.fingerprint } })()).toMatchObject({ status: 200, body: 'ok' })
    await expect(ask([url], { [url]: { fingerprint: shown.fingerprint } })()).rejects.toMatchObject({ status: 503, fate: 'not-sent' })
    expect(heard).toEqual([])
  })

  test('is believed when the cluster\'s authority vouches for it, and no other authority', async () => {
    const { url, heard } = await node(certificate('node1', { issuer: authority }))
    expect(await ask([url], { [url]: { ca: authority.cert } })()).toMatchObject({ status: 200 })
    await expect(ask([url], { [url]: { ca: certificate('Somebody', { authority: true }).cert } })()).rejects.toMatchObject({ fate: 'not-sent' })
    await expect(ask([url], {})()).rejects.toMatchObject({ fate: 'not-sent' })
    expect(heard).toHaveLength(1)
  })

  test('is not believed with a certificate of the authority that has ended', async () => {
    const { url, heard } = await node(certificate('node1', { issuer: authority, until: 2021 }))
    await expect(ask([url], { [url]: { ca: authority.cert } })()).rejects.toMatchObject({ fate: 'not-sent' })
    expect(heard).toEqual([])
  })

  test('that shows another certificate hears nothing, and the next one is asked', async () => {
    const false1 = await node(node2)
    const true2 = await node(node2, 'two')
    const asked = ask([false1.url, true2.url], { [false1.url]: { fingerprint: node1.fingerprint }, [true2.url]: { fingerprint: node2.fingerprint } })
    expect(await asked()).toMatchObject({ status: 200, body: 'two' })
    expect(await asked()).toMatchObject({ body: 'two' })
    expect(false1.heard).toEqual([])
    expect(true2.heard).toHaveLength(2)
  })

  test('that does not stop talking is cut off, and nobody knows what it did', async () => {
    const { url } = await node(node1, 'x'.repeat(16 * 1024 * 1024 + 1))
    await expect(ask([url], { [url]: { fingerprint: node1.fingerprint } })()).rejects.toMatchObject({ status: 502, fate: 'unknown', code: 'answer-too-large' })
  })
})
