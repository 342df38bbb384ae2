import { randomBytes } from 'node:crypto';
import type { CallerStream } from './caller-stream.ts';
import { type CallbackHabit, arrangeCallbacks } from './status-callbacks.ts';
import { type Verb, readTwiml } from './twiml.ts';
import type { Signature, WebhookAnswer } from './webhook-types.ts';

/** How a call goes, and what goes wrong with it. */
export interface CallPlan {
  callSid?: string;
  from?: string;
  to?: string;
  /** What the caller does once connected; default: listens to the greeting and leaves `say` as a message. */
  script?: (stream: CallerStream) => Promise<void>;
  /** mu-law at 8 kHz, said after the greeting. */
  say?: Uint8Array;
  signature?: Signature;
  /** Sent on the media stream instead of the token in the answer. */
  token?: string;
  /**
   * `never`: the provider accepts the answer but opens no stream, and the caller stays on the line. `discontinuous`: no frames are
   * sent while the caller is silent.
   */
  stream?: 'normal' | 'never' | 'discontinuous';
  /** The provider opens the stream here instead of at the address in the answer. */
  streamUrl?: string;
  /** `missed`: the service is not notified of the end of the call. */
  hangUp?: 'normal' | 'missed';
  callbacks?: CallbackHabit;
}

export type Verdict = 'connected' | 'rejected' | 'hung-up' | 'refused';

export interface CallReport {
  verdict: Verdict;
  /** Who ended the call. */
  by: 'caller' | 'service' | 'provider';
  heard: Uint8Array;
  marks: readonly string[];
  clears: number;
}

export interface Line {
  accountSid: string;
  post(path: string, parameters: Record<string, string>, signature?: Signature): Promise<WebhookAnswer>;
  /** The same, to a full URL of the service. */
  postTo(url: string, parameters: Record<string, string>): Promise<WebhookAnswer>;
  openStream(stream: {
    url: string;
    callSid: string;
    streamSid: string;
    parameters: Record<string, string>;
    discontinuous: boolean;
  }): Promise<CallerStream>;
}

export class PlacedCall {
  readonly sid: string;
  readonly ended: Promise<CallReport>;
  /** The service's answer to the webhook. */
  answer: WebhookAnswer | undefined;
  verdict: Verdict = 'refused';
  lostCallbacks = 0;
  /** Error that the script threw; the caller hung up then. */
  scriptError: unknown;
  stream: CallerStream | undefined;
  readonly #plan: CallPlan;
  readonly #line: Line;
  readonly #report = Promise.withResolvers<CallReport>();
  readonly #streamSid = `MZ${randomBytes(16).toString('hex')}`;
  /** Callback URL for events of the media stream. */
  #streamCallback: string | undefined;
  #hungUpBy: CallReport['by'] = 'service';

  constructor(plan: CallPlan, line: Line) {
    this.#plan = plan;
    this.#line = line;
    this.sid = plan.callSid ?? `CA${randomBytes(16).toString('hex')}`;
    this.ended = this.#report.promise;
  }

  get parameters(): Record<string, string> {
    return {
      AccountSid: this.#line.accountSid,
      ApiVersion: '2010-04-01',
      CallSid: this.sid,
      CallStatus: 'ringing',
      Direction: 'inbound',
      From: this.#plan.from ?? '+15550100123',
      To: this.#plan.to ?? '+15550199000',
    };
  }

  async place(): Promise<void> {
    this.answer = await this.#line.post('/webhook/incoming_call', this.parameters, this.#plan.signature);
    if (this.answer.status !== 200) return this.#finish('provider');
    const verbs = readTwiml(this.answer.body);
    const stream = streamOf(verbs);
    if (!stream) {
      this.verdict = verbs[0]?.name === 'Reject' ? 'rejected' : 'hung-up';
      await this.#sendStatuses([this.verdict === 'rejected' ? 'busy' : 'completed']);
      return this.#finish('service');
    }
    this.verdict = 'connected';
    this.#streamCallback = stream.statusCallback;
    if (this.#plan.stream === 'never') return;
    const parameters = {
      ...stream.parameters,
      ...(this.#plan.token !== undefined && { token: this.#plan.token }),
    };
    try {
      this.stream = await this.#line.openStream({
        url: this.#plan.streamUrl ?? stream.url,
        callSid: this.sid,
        streamSid: this.#streamSid,
        parameters,
        discontinuous: this.#plan.stream === 'discontinuous',
      });
    } catch (error) {
      // The TwiML ends after the stream, so the provider hangs up; for its status callbacks this is a call like any other.
      this.verdict = 'hung-up';
      await this.#sendStreamEvent('stream-error', { StreamError: `31920 ${String(error)}` });
      await this.#sendStatuses(['in-progress', 'completed']);
      return this.#finish('provider');
    }
    void this.#run(this.stream);
  }

  /** The caller hangs up. */
  hangUp(): void {
    this.#hungUpBy = 'caller';
    if (this.#plan.hangUp === 'missed') this.stream?.fallSilent();
    else this.stream?.stop();
  }

  /** The provider ends the call, because the service asked for it. */
  complete(): void {
    this.#hungUpBy = 'provider';
    if (this.stream) this.stream.stop();
    else void this.#sendStatuses(['completed']).then(() => this.#finish('provider'));
  }

  /** Sends one status callback now. */
  async postStatus(status: string): Promise<WebhookAnswer> {
    return this.#line.post('/webhook/call_status', { ...this.parameters, CallStatus: status });
  }

  /** Sends one event of the media stream now. */
  async postStreamEvent(event: string, more: Record<string, string> = {}): Promise<WebhookAnswer> {
    if (this.#streamCallback === undefined)
      throw new Error('the answer has no address for events of its stream');
    return this.#line.postTo(this.#streamCallback, {
      AccountSid: this.#line.accountSid,
      CallSid: this.sid,
      StreamSid: this.#streamSid,
      StreamEvent: event,
      Timestamp: new Date().toISOString(),
      ...more,
    });
  }

  /** Drops the call, because the simulator stops. */
  async abandon(): Promise<void> {
    this.stream?.cut();
    if (!this.stream) this.#finish('provider');
    await this.ended.catch(() => undefined);
  }

  async #run(stream: CallerStream): Promise<void> {
    void this.#sendStreamEvent('stream-started');
    await Promise.race([this.#runScript(stream), stream.closed]).catch((error: unknown) => {
      this.scriptError = error;
      stream.stop();
    });
    await stream.closed;
    if (this.#plan.hangUp !== 'missed') {
      await this.#sendStreamEvent('stream-stopped');
      await this.#sendStatuses(['ringing', 'in-progress', 'completed']);
    }
    this.#finish(this.#hungUpBy);
  }

  async #runScript(stream: CallerStream): Promise<void> {
    if (this.#plan.script) return this.#plan.script(stream);
    await stream.untilMarks(1);
    if (this.#plan.say) await stream.say(this.#plan.say);
  }

  async #sendStatuses(statuses: readonly string[]): Promise<void> {
    const { now, late } = arrangeCallbacks(this.#plan.callbacks ?? 'normal', statuses);
    for (const status of now) await this.#trySendStatus(status);
    if (late.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, LATE_MS));
    for (const status of late) await this.#trySendStatus(status);
  }

  async #sendStreamEvent(event: string, more: Record<string, string> = {}): Promise<void> {
    if (this.#streamCallback === undefined) return;
    const { now, late } = arrangeCallbacks(this.#plan.callbacks ?? 'normal', [event]);
    for (const each of [...now, ...late])
      await this.postStreamEvent(each, more).catch(() => (this.lostCallbacks += 1));
  }

  /** A callback without a response is lost: the provider does not retry. */
  async #trySendStatus(status: string): Promise<void> {
    await this.postStatus(status).catch(() => (this.lostCallbacks += 1));
  }

  #finish(by: CallReport['by']): void {
    this.#report.resolve({
      verdict: this.verdict,
      by,
      heard: this.stream?.heard ?? new Uint8Array(),
      marks: this.stream?.marks ?? [],
      clears: this.stream?.clears ?? 0,
    });
  }
}

const LATE_MS = 500;

/** `<Connect><Stream>`, which must be the first verb. */
function streamOf(
  verbs: readonly Verb[],
): { url: string; statusCallback: string | undefined; parameters: Record<string, string> } | undefined {
  const stream =
    verbs[0]?.name === 'Connect' ? verbs[0].children.find((verb) => verb.name === 'Stream') : undefined;
  const url = stream?.attributes['url'];
  if (!stream || url === undefined) return undefined;
  const parameters = stream.children
    .filter((verb) => verb.name === 'Parameter')
    .map((verb) => [verb.attributes['name'] ?? '', verb.attributes['value'] ?? '']);
  const { statusCallback } = stream.attributes;
  return { url, statusCallback, parameters: Object.fromEntries(parameters) as Record<string, string> };
}
