// DNS over the network: one datagram or one TCP connection for each question, from a random port with a random id, and only an
// answer from that server with that id and that question is taken. Holds no timer: whoever asks gives up by its signal.
import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { connect, isIPv6 } from 'node:net'
import type { Exchange } from './dns.ts'

const port = 53
const headerBytes = 12

/** The real network. `at` is for tests, which cannot listen on port 53. */
export const nameServerExchange = (at = port): Exchange => async (server, query, over, signal) => {
  const asked = Buffer.from(query)
  asked.writeUInt16BE(randomInt(65_536), 0)
  const answer = await (over === 'udp' ? datagram(server, at, asked, signal) : stream(server, at, asked, signal))
  answer.writeUInt16BE(0, 0)
  return answer
}

/** Same id, a response, and the question repeated letter for letter (a server that refuses may leave it out). */
function fits(answer: Buffer, asked: Buffer): boolean {
  if (answer.length < headerBytes || answer.readUInt16BE(0) !== asked.readUInt16BE(0) || (answer[2]! & 0x80) === 0) return false
  const question = asked.subarray(headerBytes).toString('latin1').toLowerCase()
  return answer.readUInt16BE(4) === 0 || answer.subarray(headerBytes, asked.length).toString('latin1').toLowerCase() === question
}

function datagram(server: string, at: number, asked: Buffer, signal: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIPv6(server) ? 'udp6' : 'udp4')
    let over = false
    const end = (): void => {
      if (over) return
      over = true
      signal.removeEventListener('abort', given)
      socket.close()
    }
    const fail = (error: Error): void => {
      end()
      reject(error)
    }
    const given = (): void => fail(new Error('given up'))
    signal.addEventListener('abort', given, { once: true })
    socket.on('error', fail)
    socket.on('message', (answer) => {
      // Anybody may send a datagram: what does not fit is not heard.
      if (!fits(answer, asked)) return
      end()
      resolve(answer)
    })
    // Connected, the kernel drops what comes from elsewhere and tells of a port that is closed.
    socket.connect(at, server, () => void (over || socket.send(asked, (error) => error && fail(error))))
  })
}

function stream(server: string, at: number, asked: Buffer, signal: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: server, port: at, signal })
    let heard = Buffer.alloc(0)
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('closed without an answer')))
    socket.on('data', (chunk) => {
      heard = Buffer.concat([heard, chunk])
      if (heard.length < 2 || heard.length < 2 + heard.readUInt16BE(0)) return
      const answer = heard.subarray(2, 2 + heard.readUInt16BE(0))
      if (fits(answer, asked)) resolve(Buffer.from(answer))
      else reject(new Error('an answer to another question'))
      socket.destroy()
    })
    const length = Buffer.alloc(2)
    length.writeUInt16BE(asked.length)
    socket.write(Buffer.concat([length, asked]))
  })
}
