import { once } from 'node:events';
import { WebSocket } from 'ws';
import { bytesPerMs, silence } from './mulaw.ts';
import { Playout } from './playout.ts';

const frameMs = 20;
const frameBytes = frameMs * bytesPerMs;
const quiet = new Uint8Array(frameBytes).fill(silence);

export interface CallerStreamOptions {
  url: string;
  /** Signature of the handshake. */
  signature: string;
  accountSid: string;
  callSid: string;
  streamSid: string;
  parameters: Record<string, string>;
  /** How many times faster than real time the caller lives. */
  speed: number;
  /** Sends no frames while the caller says nothing, as lines do that save bandwidth. */
  discontinuous: boolean;
}

/** The provider's side of a media stream, with the caller's ear and mouth at its end. */
export class CallerStream {
  /** Marks that were played, in order. */
  readonly marks: string[] = [];
  clears = 0;
  /** Frames of the service that the protocol does not know. */
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
  #isDead = false;
  #over = false;

  private constructor(options: CallerStreamOptions, socket: WebSocket) {
    this.#options = options;
    this.#socket = socket;
    this.#playout = new Playout((name) => this.#echo(name));
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
    stream.#introduce();
    return stream;
  }

  get streamSid(): string {
    return this.#options.streamSid;
  }

  /** How much of the caller's words was sent, in bytes. */
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

  /** How far ahead of the caller's ear the service has sent at most, in bytes. */
  get mostWaiting(): number {
    return this.#playout.mostWaiting;
  }

  /** Resolves when the caller has heard so many marks, or when the stream is over. */
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

  /** The caller speaks, in the caller's own time; resolves when it is said. */
  say(audio: Uint8Array): Promise<void> {
    // In a turn of its own: who says one thing after the other must not hold up the event loop when the call is over.
    if (this.#over) return new Promise((resolve) => setImmediate(resolve));
    return new Promise((done) => this.#speech.push({ audio, done }));
  }

  press(digit: string): void {
    this.#send({ event: 'dtmf', dtmf: { track: 'inbound_track', digit } });
  }

  /** Anything at all, as text. */
  sendRaw(text: string): void {
    if (!this.#isDead && this.#socket.readyState === WebSocket.OPEN) this.#socket.send(text);
  }

  /** The caller hangs up: the provider says so and closes. */
  stop(): void {
    if (this.#over) return;
    const { accountSid, callSid } = this.#options;
    this.#send({ event: 'stop', stop: { accountSid, callSid } });
    this.#socket.close(1000);
    this.#end();
  }

  /** The line breaks: no `stop`, no closing handshake. */
  cut(): void {
    this.#socket.terminate();
    this.#end();
  }

  /** The line stays open and nothing is sent any more: a hang-up that nobody noticed. */
  fallSilent(): void {
    this.#isDead = true;
    clearInterval(this.#ticker);
  }

  #introduce(): void {
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
    const everyMs = frameMs / this.#options.speed;
    let frames = 0;
    this.#ticker = setInterval(() => {
      for (const due = Math.floor((performance.now() - start) / everyMs); frames < due; frames++)
        this.#tick();
    }, everyMs);
  }

  #tick(): void {
    this.#playout.play(frameBytes);
    this.#chunk += 1;
    const words = this.#nextWords();
    if (words === quiet && this.#options.discontinuous) return;
    const payload = Buffer.from(words).toString('base64');
    const timestamp = String(this.#chunk * frameMs);
    this.#send({
      event: 'media',
      media: { track: 'inbound', chunk: String(this.#chunk), timestamp, payload },
    });
  }

  #nextWords(): Uint8Array {
    const next = this.#speech[0];
    if (!next) return quiet;
    const frame = next.audio.subarray(0, frameBytes);
    next.audio = next.audio.subarray(frameBytes);
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

  #echo(name: string): void {
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
