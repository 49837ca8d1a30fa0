// The id of a customer as billing systems send it: it ends the customer's number in ISPConfig.
import * as z from 'zod'

/** Text or number, of at most 40 harmless characters; it begins with a letter or a digit. */
export const userId = z.preprocess((value) => (typeof value === 'number' ? String(value) : value),
  z.string({ error: 'is required: the id of the customer' }).regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/, 'must be 1 to 40 letters, digits, _ or -, and begin with a letter or digit'))

/** The same where it may be missing, or empty as forms send it. */
export const maybeUser = z.preprocess((given) => (given === '' || given === null ? undefined : given), userId.optional())

/** Whose a service is, with a call that is about the service. */
export const ownerId = maybeUser.describe('The customer whose service this is. Remembered: a domain delegated to us is shown to be theirs by their own zone.')
