import type { Socket } from 'node:net'
import type { Source } from '../node/body-stream.ts'
import { expectsContinue } from './exchange.ts'
import type { RequestHead } from './head.ts'
import type { Outlet } from './outlet.ts'

/** Where a request's body comes from: its client, who may wait to be told to send it. */
export class ClientSource implements Source {
  readonly #socket: Socket
  readonly #outlet: Outlet
  readonly #head: RequestHead

  constructor(socket: Socket, outlet: Outlet, head: RequestHead) {
    this.#socket = socket
    this.#outlet = outlet
    this.#head = head
  }

  begin(): void {
    if (expectsContinue(this.#head)) this.#outlet.write('HTTP/1.1 100 Continue\r\n\r\n')
  }

  resume(): void {
    this.#socket.resume()
  }

  /** What comes of it is forgotten as it comes. */
  abandon(): void {
    this.#socket.resume()
  }
}
