import { once } from 'node:events';
import { WebSocket } from 'ws';
import { bytesPerMs, silence } from './mulaw.ts';
import { Playout } from './playout.ts';

const FRAME_MS = 20;
const FRAME_BYTES = FRAME_MS * bytesPerMs;
const QUIET_FRAME = new Uint8Array(FRAME_BYTES).fill(silence);

export interface CallerStreamOptions {
  url: string;
  /** Signature of the handshake. */
  signature: string;
  accountSid: string;
  callSid: string;
  streamSid: string;
  parameters: Record<string, string>;
  /** Factor by which the caller is faster than real time. */
  speed: number;
  /** Sends no frames while the caller is silent, as lines with discontinuous transmission do. */
  discontinuous: boolean;
}

/** The provider's side of a media stream: plays the service's audio to the caller, and sends the caller's audio. */
export class CallerStream {
  /** Marks that were played, in order. */
  readonly marks: string[] = [];
  clears = 0;
  /** Frames of the service that are not part of the protocol. */
  readonly strange: string[] = [];
  readonly closed: Promise<{ code: number }>;
  readonly #options: CallerStreamOptions;
  readonly #socket: WebSocket;
  readonly #playout: Playout;
  readonly #speech: { audio: Uint8Array; done: () => void }[] = [];
  readonly #watchers = new Set<() => void>();
  #ticker: NodeJS.Timeout | undefined;
  #sequence = 0;
  #chunk = 0;
  #saidBytes = 0;
  #isSilent = false;
  #over = false;

  private constructor(options: CallerStreamOptions, socket: WebSocket) {
    this.#options = options;
    this.#socket = socket;
    this.#playout = new Playout((name) => this.#echoMark(name));
    socket.on('message', (data) => this.#receive((data as Buffer).toString('utf8')));
    socket.on('error', () => {});
    this.closed = once(socket, 'close').then(([code]) => {
      this.#end();
      return { code: code as number };
    });
  }

  static async open(options: CallerStreamOptions): Promise<CallerStream> {
    const socket = new WebSocket(options.url, { headers: { 'x-twilio-signature': options.signature } });
    await once(socket, 'open');
    const stream = new CallerStream(options, socket);
    stream.#start();
    return stream;
  }

  get streamSid(): string {
    return this.#options.streamSid;
  }

  /** Bytes of the caller's speech that were sent. */
  get saidBytes(): number {
    return this.#saidBytes;
  }

  get over(): boolean {
    return this.#over;
  }

  /** What the caller has heard so far: mu-law at 8 kHz. */
  get heard(): Uint8Array {
    return this.#playout.heard;
  }

  /** The most bytes that ever waited to be played: how far ahead of the playback the service sends. */
  get mostWaiting(): number {
    return this.#playout.mostWaiting;
  }

  /** Resolves when this many marks were played, or when the stream is over. */
  async untilMarks(count: number): Promise<void> {
    while (this.marks.length < count && !this.#over) {
      await new Promise<void>((resolve) => {
        const watch = (): void => {
          this.#watchers.delete(watch);
          resolve();
        };
        this.#watchers.add(watch);
      });
    }
  }

  /** Sends speech at the caller's speed; resolves when all of it was sent. */
  say(audio: Uint8Array): Promise<void> {
    // Yields to the event loop, so that a script that calls `say` in a loop does not block it after the call has ended.
    if (this.#over) return new Promise((resolve) => setImmediate(resolve));
    return new Promise((done) => this.#speech.push({ audio, done }));
  }

  press(digit: string): void {
    this.#send({ event: 'dtmf', dtmf: { track: 'inbound_track', digit } });
  }

  /** Sends any text as a frame. */
  sendRaw(text: string): void {
    if (!this.#isSilent && this.#socket.readyState === WebSocket.OPEN) this.#socket.send(text);
  }

  /** The caller hangs up: the provider sends `stop` and closes the socket. */
  stop(): void {
    if (this.#over) return;
    const { accountSid, callSid } = this.#options;
    this.#send({ event: 'stop', stop: { accountSid, callSid } });
    this.#socket.close(1000);
    this.#end();
  }

  /** The connection breaks, without `stop` and without a closing handshake. */
  cut(): void {
    this.#socket.terminate();
    this.#end();
  }

  /** The connection stays open but nothing is sent any more, as after a hang-up that nobody noticed. */
  fallSilent(): void {
    this.#isSilent = true;
    clearInterval(this.#ticker);
  }

  #start(): void {
    const { accountSid, callSid, streamSid, parameters } = this.#options;
    this.sendRaw(JSON.stringify({ event: 'connected', protocol: 'Call', version: '1.0.0' }));
    this.#send({
      event: 'start',
      start: {
        accountSid,
        callSid,
        streamSid,
        tracks: ['inbound'],
        customParameters: parameters,
        mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
      },
    });
    const start = performance.now();
    const everyMs = FRAME_MS / this.#options.speed;
    let frames = 0;
    this.#ticker = setInterval(() => {
      for (const due = Math.floor((performance.now() - start) / everyMs); frames < due; frames++)
        this.#tick();
    }, everyMs);
  }

  #tick(): void {
    this.#playout.play(FRAME_BYTES);
    this.#chunk += 1;
    const frame = this.#nextFrame();
    if (frame === QUIET_FRAME && this.#options.discontinuous) return;
    const payload = Buffer.from(frame).toString('base64');
    const timestamp = String(this.#chunk * FRAME_MS);
    this.#send({
      event: 'media',
      media: { track: 'inbound', chunk: String(this.#chunk), timestamp, payload },
    });
  }

  #nextFrame(): Uint8Array {
    const next = this.#speech[0];
    if (!next) return QUIET_FRAME;
    const frame = next.audio.subarray(0, FRAME_BYTES);
    next.audio = next.audio.subarray(FRAME_BYTES);
    this.#saidBytes += frame.length;
    if (next.audio.length === 0) {
      this.#speech.shift();
      next.done();
    }
    return frame;
  }

  #receive(text: string): void {
    const frame = JSON.parse(text) as {
      event?: string;
      streamSid?: string;
      media?: { payload?: string };
      mark?: { name?: string };
    };
    if (frame.streamSid !== this.#options.streamSid) this.strange.push(text);
    else if (frame.event === 'media') this.#playout.add(Buffer.from(frame.media?.payload ?? '', 'base64'));
    else if (frame.event === 'mark') this.#playout.mark(frame.mark?.name ?? '');
    else if (frame.event === 'clear') {
      this.clears += 1;
      this.#playout.clear();
    } else this.strange.push(text);
  }

  #echoMark(name: string): void {
    this.#send({ event: 'mark', mark: { name } });
    this.marks.push(name);
    this.#notify();
  }

  #send(frame: Record<string, unknown>): void {
    this.#sequence += 1;
    const { streamSid } = this.#options;
    this.sendRaw(JSON.stringify({ sequenceNumber: String(this.#sequence), streamSid, ...frame }));
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    clearInterval(this.#ticker);
    for (const { done } of this.#speech.splice(0)) done();
    this.#notify();
  }

  #notify(): void {
    for (const watch of this.#watchers) watch();
  }
}
