// Dates as customers count them: in the hoster's time zone, whatever the clock of the machine says.

/** The date of an instant (epoch ms) in an IANA time zone, as DDMMYYYY. */
export function dayIn(timeZone: string, at: number): string {
  const parts = new Intl.DateTimeFormat('en-GB', { timeZone, day: '2-digit', month: '2-digit', year: 'numeric' }).formatToParts(at)
  const part = (type: string): string => parts.find((one) => one.type === type)?.value ?? ''
  return part('day') + part('month') + part('year')
}
