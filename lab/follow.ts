// Follows an order's event stream until it rests, through broken connections. Reads only; gives up when nothing answers for long.
import * as z from 'zod'

const View = z.object({
  status: z.string(), url: z.string().nullable(), cause: z.string().nullable(), orderedAt: z.number(), restAt: z.number(),
  steps: z.array(z.object({ name: z.string(), title: z.string(), state: z.string(), attempt: z.number(), why: z.string().nullable() })),
})

export interface Moment { view: z.infer<typeof View> }

const rests = new Set(['live', 'suspended', 'terminated', 'undone', 'stuck'])
const pauseMs = 1_000
const silenceMaxMs = 120_000

/** Hands every change to `show` and answers the last one. Throws when the lab has been away for two minutes. */
export async function follow(url: string, show: (moment: Moment) => void): Promise<Moment> {
  let heardAt = Date.now()
  for (;;) {
    try {
      const answer = await fetch(url, { headers: { accept: 'text/event-stream' } })
      if (answer.ok && answer.body)
        for await (const { event, data } of events(answer.body)) {
          heardAt = Date.now()
          if (event !== 'order') continue
          const moment = { view: View.parse(JSON.parse(data)) }
          show(moment)
          if (rests.has(moment.view.status)) return moment
        }
    } catch (error) {
      if (error instanceof z.ZodError) throw error
    }
    if (Date.now() - heardAt > silenceMaxMs) throw new Error('the lab does not answer any more')
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
}

/** The events of a stream in the form that browsers read. https://html.spec.whatwg.org/multipage/server-sent-events.html */
export async function* events(body: ReadableStream<Uint8Array>): AsyncGenerator<{ event: string; data: string }> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
    const blocks = (rest + decoder.decode(chunk, { stream: true })).split(/\r?\n\r?\n/)
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const fields = block.split(/\r?\n/).map((line) => /^(\w+): ?(.*)$/.exec(line))
      const value = (name: string): string[] => fields.flatMap((field) => (field?.[1] === name ? [field[2] ?? ''] : []))
      const data = value('data')
      if (data.length > 0) yield { event: value('event').at(-1) ?? 'message', data: data.join('\n') }
    }
  }
}
