// The lab has one address for everybody: no route of the Worker may be hidden behind a page of the storefront.
import { expect, test } from 'vitest'
import { destination } from '../../lab/front-door.ts'
import { access } from '../../src/functions/access.ts'

test.each(Object.keys(access))('%s is reached through the front door of the lab', (route) => {
  const path = route.split(' ')[1]!.replace(/:\w+/g, 'abc')
  for (const host of ['localhost:8787', '127.0.0.1:8787']) expect(destination(host, `${path}?service_id=1`, 'berth.localhost', () => false)).toBe('worker')
})
