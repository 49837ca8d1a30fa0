// A customer's e-mail address as billing systems send it.
import * as z from 'zod'

export const customerEmail = z.string({ error: 'is required: the address of the customer' }).trim().max(254, 'is too long').pipe(z.email('is not an e-mail address'))
  .describe('The address of the customer.')
