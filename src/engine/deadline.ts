// A call that must end: its result, or what became of it, as a value.
import { UpstreamError, type System } from '../domain/errors.ts'
import type { Started } from './resource.ts'

/** The result, or the error as a value; a call that does not end in time is of unknown fate. */
export async function inTime(call: Promise<Started>, sleep: (signal: AbortSignal) => Promise<void>, system: System): Promise<Started | Error> {
  const ended = new AbortController()
  const late = sleep(ended.signal).then(() => new UpstreamError(system, 'unknown', 'no answer in time'))
  try {
    return await Promise.race([call, late])
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  } finally {
    ended.abort('no longer wanted')
  }
}

/** An upstream's words, short enough for a row. */
export const brief = (text: string): string => text.trim().slice(0, 300)
