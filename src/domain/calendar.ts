// Dates and times of day as customers count them: in the hoster's time zone, whatever the clock of the machine says.

const formats = new Map<string, Intl.DateTimeFormat>()

/** Making a format is far slower than using it. */
function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone)
  if (known) return known
  const made = new Intl.DateTimeFormat('en-GB', { timeZone, day: '2-digit', month: '2-digit', year: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  formats.set(timeZone, made)
  return made
}

function partsIn(timeZone: string, at: number): (type: Intl.DateTimeFormatPartTypes) => string {
  const parts = formatOf(timeZone).formatToParts(at)
  return (type) => parts.find((one) => one.type === type)?.value ?? ''
}

/** The date of an instant (epoch ms) in an IANA time zone, as DDMMYYYY. */
export function dayIn(timeZone: string, at: number): string {
  const part = partsIn(timeZone, at)
  return part('day') + part('month') + part('year')
}

/** Minutes on the wall clock since midnight; where clocks change, some do not come and some come twice. */
export function minuteIn(timeZone: string, at: number): number {
  const part = partsIn(timeZone, at)
  return Number(part('hour')) * 60 + Number(part('minute'))
}
