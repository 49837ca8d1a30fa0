// The id of a service as billing systems send it. It is hashed before it names anything of ours.
import * as z from 'zod'

const text = z.string().regex(/^[A-Za-z0-9._:-]{1,64}$/, 'must be 1 to 64 letters, digits or . _ : -')

/** Text or number, of at most 64 harmless characters; the messages are for people. */
export const serviceId = z.union([text, z.number().transform(String).pipe(text)], { error: 'is required: the id of the service' })
  .describe('The id of the service in the billing system.')
