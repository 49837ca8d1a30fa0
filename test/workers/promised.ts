// Holds every answer that the tests see against what its route promises: the schema of its 200, the codes it refuses with.
import { expect } from 'vitest'
import { app } from '../../src/functions/app.ts'
import { operation } from '../../src/functions/document.ts'
import { descriptions } from '../../src/functions/mount.ts'
import { problems, Refusal } from '../../src/functions/problems.ts'

const routes = [...descriptions(app())].map(([route, description]) => {
  const [method = '', path = ''] = route.split(' ')
  const pattern = new RegExp(`^${path.replaceAll('.', '\\.').replace(/:\w+/g, '[^/]+')}$`)
  return { route, method, pattern, description, statuses: Object.keys(operation(route, description).responses) }
})

/** The answer itself, after it was looked at. What is no JSON is looked at by its kind only. */
export async function promised(method: string, path: string, answer: Response): Promise<Response> {
  const found = routes.find((one) => one.method === method && one.pattern.test(path))
  const type = (answer.headers.get('content-type') ?? '').split(';')[0] ?? ''
  const body: unknown = type === 'application/json' ? await answer.clone().json() : undefined
  const where = `${method} ${path}`
  if (answer.status >= 400 && type === 'application/json') {
    expect([where, Refusal.parse(body)]).toEqual([where, body])
    expect([where, problems[Refusal.parse(body).code].status]).toEqual([where, answer.status])
    expect(answer.headers.get('x-request-id')).toBe(Refusal.parse(body).request_id)
  }
  if (!found) return answer
  expect([where, found.statuses]).toEqual([where, expect.arrayContaining([String(answer.status)])])
  if (answer.status !== 200) return answer
  if (type === 'application/json' && found.description.answer) expect([where, found.description.answer.parse(body)]).toEqual([where, body])
  else expect([where, Object.keys(found.description.forms ?? {})]).toEqual([where, expect.arrayContaining([type])])
  return answer
}
