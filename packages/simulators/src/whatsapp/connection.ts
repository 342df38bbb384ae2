import { decodeBinaryNode, encodeBinaryNode, proto } from '@whiskeysockets/baileys';
import type { BinaryNode } from '@whiskeysockets/baileys';
import type { WebSocket } from 'ws';

import { frame, FrameReader, INTRO } from './frames.ts';
import { NoiseResponder } from './noise.ts';
import type { CipherState } from './noise.ts';
import type { ServerIdentity } from './trust.ts';

export interface ConnectionHandlers {
  /** The handshake is done: the client has proved that it holds the key `connection.remoteStatic`. */
  onLogin(connection: Connection, payload: proto.ClientPayload): void;
  /** Called for each node, one after the other. */
  onNode(connection: Connection, received: BinaryNode): Promise<void> | void;
  onClose(connection: Connection): void;
  /** The client broke the protocol. The connection is closed after this. */
  onViolation(connection: Connection, error: Error): void;
}

/** One client's WebSocket: frames, the Noise handshake, encrypted nodes. */
export class Connection {
  readonly #socket: WebSocket;
  readonly #identity: ServerIdentity;
  readonly #handlers: ConnectionHandlers;
  readonly #frames = new FrameReader();
  readonly #noise: NoiseResponder;
  #transport: { send: CipherState; receive: CipherState } | undefined;
  #helloSent = false;
  #work: Promise<void> = Promise.resolve();
  #queryNumber = 0;

  constructor(socket: WebSocket, identity: ServerIdentity, handlers: ConnectionHandlers) {
    this.#socket = socket;
    this.#identity = identity;
    this.#handlers = handlers;
    this.#noise = new NoiseResponder({ prologue: INTRO, staticKeys: identity.noiseKeys });
    socket.on('message', (data: Buffer) => {
      this.#work = this.#work
        .then(() => this.#receive(data))
        .catch((error: Error) => {
          this.#handlers.onViolation(this, error);
          this.drop();
        });
    });
    socket.on('close', () => this.#handlers.onClose(this));
    socket.on('error', () => this.drop());
  }

  /** The client's Noise key. */
  get remoteStatic(): Buffer {
    return this.#noise.remoteStatic;
  }

  get routingInfo(): Buffer | undefined {
    return this.#frames.routingInfo;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  /** The id for a query of the server. */
  nextId(): string {
    return `srv-${++this.#queryNumber}`;
  }

  /** Returns false when the socket is not open. */
  send(item: BinaryNode): boolean {
    if (!this.#transport || !this.isOpen) return false;
    this.#socket.send(frame(this.#transport.send.encrypt(encodeBinaryNode(item))));
    return true;
  }

  /** Closes once everything is sent. */
  close(): void {
    this.#socket.close();
  }

  /** Breaks the connection without a closing handshake. */
  drop(): void {
    this.#socket.terminate();
  }

  async #receive(data: Buffer): Promise<void> {
    for (const bytes of this.#frames.push(data)) {
      if (this.#transport) {
        const received = await decodeBinaryNode(this.#transport.receive.decrypt(bytes));
        await this.#handlers.onNode(this, received);
      } else {
        this.#handshake(proto.HandshakeMessage.decode(bytes));
      }
    }
  }

  #handshake(message: proto.HandshakeMessage): void {
    if (!this.#helloSent) {
      const ephemeral = message.clientHello?.ephemeral;
      if (ephemeral?.length !== 32) throw new Error('client hello without an ephemeral key');
      this.#noise.readEphemeral(ephemeral);
      const serverHello = this.#noise.writeHello(this.#identity.certificateChain);
      this.#socket.send(frame(proto.HandshakeMessage.encode({ serverHello }).finish()));
      this.#helloSent = true;
      return;
    }
    const finish = message.clientFinish;
    if (!finish?.static || !finish.payload) throw new Error('client finish without its parts');
    const payload = this.#noise.readFinish(finish.static, finish.payload);
    this.#transport = this.#noise.split();
    this.#handlers.onLogin(this, proto.ClientPayload.decode(payload));
  }
}
