// How the Cloudflare API says no: its envelope with codes from 1000 up. Statuses and codes as documented or seen in public reports;
// where no report shows the code (comment length, batch size, rate limit) the nearest family is used.

export interface Complaint { code: number; message: string; error_chain?: Complaint[] }

export class Refusal extends Error {
  readonly status: number
  readonly errors: Complaint[]
  readonly headers: Record<string, string>

  constructor(status: number, code: number, message: string, more: { chain?: Complaint; headers?: Record<string, string> } = {}) {
    super(message)
    this.name = 'Refusal'
    this.status = status
    this.errors = [more.chain ? { code, message, error_chain: [more.chain] } : { code, message }]
    this.headers = more.headers ?? {}
  }

  get body(): object {
    return { success: false, errors: this.errors, messages: [], result: null }
  }
}

/** Wrong input: HTTP 400 with the code of the root cause (error chains ended in October 2024). */
export const invalid = (code: number, message: string): Refusal => new Refusal(400, code, message)
