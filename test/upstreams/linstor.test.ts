// The laws of the LINSTOR client: return codes decide, all 64 bits of them, whatever the status says.

import { describe, expect, it } from 'vitest'
import type { Answer } from './far-end.ts'
import { Linstor } from '../../src/upstreams/linstor/client.ts'
import { readReturnCodes } from '../../src/upstreams/linstor/wire.ts'
import { farEnd, landed, refusal, through } from './far-end.ts'

const client = (...answers: Answer[]) => {
  const end = farEnd(...answers)
  return { ...end, linstor: new Linstor(through(end.rim, () => undefined, 'https://gate.test/linstor')) }
}

/** The raw text of an answer: JSON.stringify could not write these numbers. */
const rc = (...entries: [bits: bigint, message: string][]): string =>
  `[${entries.map(([bits, message]) => `{"ret_code":${BigInt.asIntN(64, bits)},"message":${JSON.stringify(message)}}`).join(',')}]`

const error = 0xC000000000000000n
const warning = 0x8000000000000000n
const modified = 0x0000000002380000n

describe('the LINSTOR client', () => {
  it('reads return codes that a double cannot hold', () => {
    expect(readReturnCodes(rc([error | 0x1380000n | 501n, 'exists']))).toEqual([{ error: true, code: 501, message: 'exists' }])
    expect(readReturnCodes(rc([warning | 995n, 'offline'], [modified, 'done']))).toEqual([
      { error: false, code: 995, message: 'offline' }, { error: false, code: 0, message: 'done' },
    ])
    expect(readReturnCodes('{"ret_code" : -4611686018406153244,"message":"one object"}')).toMatchObject([{ error: true }])
    expect(readReturnCodes('[{"ret_code":1,"message":"says \\"ret_code\\":5"}]')).toMatchObject([{ message: 'says "ret_code":5' }])
    for (const text of ['', 'null', '{}', '[{"message":"x"}]', '<html>']) expect(readReturnCodes(text)).toBeUndefined()
  })

  it('says undefined for a definition that LINSTOR says is not there, and only then', async () => {
    expect(await client(landed(404, rc([error | 301n, 'not found']))).linstor.resourceDefinition('pm-1')).toBeUndefined()
    expect(await refusal(client({ status: 404, body: rc([error | 301n, 'not found']) }).linstor.resourceDefinition('pm-1'))).toMatchObject({ fate: 'unknown' })
    expect(await refusal(client(landed(404)).linstor.resourceDefinition('pm-1'))).toMatchObject({ fate: 'unknown' })
  })

  it('reads replicas with the state of the worst volume, and does not take silence for a no', async () => {
    const rows = [
      { name: 'pm-1', node_name: 'node1', flags: [], state: { in_use: true }, volumes: [{ state: { disk_state: 'UpToDate' } }],
        layer_object: { type: 'DRBD', drbd: { may_promote: false, connections: { node2: { connected: false, message: 'StandAlone' } } } } },
      { name: 'pm-1', node_name: 'node2', flags: [], volumes: [{ state: { disk_state: 'UpToDate' } }, { state: { disk_state: 'Inconsistent' } }] },
      { name: 'pm-1', node_name: 'node3', flags: ['DRBD_DISKLESS', 'TIE_BREAKER'], state: {}, volumes: [{ state: { disk_state: 'Diskless' } }] },
      { name: 'pm-1', node_name: 'node4', volumes: [{ state: { disk_state: 'UpToDate' } }, {}] },
      { name: 'pm-11', node_name: 'node1', volumes: [] },
    ]
    const { linstor, sent } = client(landed(200, rows))
    const seen = await linstor.resources('pm-1')
    expect(seen.map((row) => [row.node_name, row.disk_state, row.in_use])).toEqual([
      ['node1', 'UpToDate', true], ['node2', 'Inconsistent', undefined], ['node3', 'Diskless', undefined], ['node4', undefined, undefined],
    ])
    expect(seen[0]!.connections).toEqual({ node2: { connected: false, message: 'StandAlone' } })
    expect(seen[2]!.flags).toContain('TIE_BREAKER')
    expect(sent[0]).toMatchObject({ path: '/linstor/v1/view/resources', query: { resources: 'pm-1' } })
  })

  it('changes properties with exactly the vendor keys, and takes a warning for success', async () => {
    const { linstor, sent, slept } = client(landed(200, rc([modified, 'modified'], [warning | 995n, 'node3 offline'])))
    await linstor.modifyResourceDefinition('pm-1', { override_props: { 'Aux/berth/tenant': 't1a2b' }, delete_props: ['Aux/x'] })
    expect(sent[0]).toMatchObject({ method: 'PUT', path: '/linstor/v1/resource-definitions/pm-1' })
    expect(JSON.parse(sent[0]!.body)).toEqual({ override_props: { 'Aux/berth/tenant': 't1a2b' }, delete_props: ['Aux/x'] })
    expect(slept).toEqual([60_000])
  })

  it('takes an error among successes for unknown though the status is 200', async () => {
    const change = client(landed(200, rc([modified, 'done on node1'], [error | 999n, 'failed on node2']))).linstor.modifyResourceDefinition('pm-1', {})
    const said = await refusal(change)
    expect(said).toMatchObject({ fate: 'unknown', landed: true, status: 200 })
    expect(said.message).toContain('failed on node2 (999)')
  })

  it.each([[200, 'refused'], [213, 'refused'], [980, 'refused'], [996, 'refused'], [992, 'unknown'], [997, 'unknown'], [301, 'unknown'], [402, 'credentials']] as const)(
    'takes the code %i in a 500 for %s', async (code, fate) => {
      expect(await refusal(client(landed(500, rc([error | BigInt(code), 'no']))).linstor.modifyResourceDefinition('pm-1', {}))).toMatchObject({ fate })
    })

  it('takes an answer without a return code for unknown', async () => {
    expect(await refusal(client(landed(200, {})).linstor.modifyResourceDefinition('pm-1', {}))).toMatchObject({ fate: 'unknown' })
    expect(await refusal(client(landed(500, {})).linstor.storagePools())).toMatchObject({ fate: 'unknown' })
  })

  it('reads a definition that has neither properties nor flags, and pools that say nothing of their room', async () => {
    expect(await client(landed(200, { name: 'pm-2' })).linstor.resourceDefinition('pm-2')).toEqual({ name: 'pm-2', props: {}, flags: [] })
    const { linstor, sent } = client(landed(200, [{ storage_pool_name: 'a', node_name: 'node1', provider_kind: 'LVM_THIN', free_capacity: 5, total_capacity: 9 }, { storage_pool_name: 'a', node_name: 'node2', provider_kind: 'LVM_THIN' }]))
    expect(await linstor.storagePools()).toEqual([{ storage_pool_name: 'a', node_name: 'node1', provider_kind: 'LVM_THIN', free_capacity: 5, total_capacity: 9 }, { storage_pool_name: 'a', node_name: 'node2', provider_kind: 'LVM_THIN' }])
    expect(sent[0]).toMatchObject({ method: 'GET', path: '/linstor/v1/view/storage-pools' })
  })
})
