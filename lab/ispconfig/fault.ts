// How ISPConfig says no: a text, always under status 200. The code that its own source gives each fault is dropped on the way out.

export class Fault extends Error {
  readonly code: 'remote_fault' | 'invalid_method' | 'invalid_data'

  constructor(message: string, code: Fault['code'] = 'remote_fault') {
    super(message)
    this.name = 'Fault'
    this.code = code
  }
}

export const notPermitted = (): Fault => new Fault('You do not have the permissions to access this function.')
