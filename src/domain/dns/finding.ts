// What a look at a zone tells: an error is refused, a warning is only said.

export interface Finding {
  level: 'error' | 'warning'
  /** Absolute name of the record that it is about. */
  name: string
  type: string
  /** One sentence for the customer. */
  message: string
}
