import { poll } from '../poll.ts';
import { askHttp } from './ask-http.ts';

export interface CallView {
  sid: string;
  verdict: string;
  ended: boolean;
  saidMs: number;
  heardMs: number;
  sentencesHeard: number;
}

export interface CallToPlace {
  simulator: string;
  from: string;
  to: string;
  messageMs: number;
  /** Receives a line for each step of the call. */
  onStep: (line: string) => void;
  /** The caller hangs up when this is aborted. */
  stopped?: AbortSignal;
}

/** A simulated caller hears the greeting, leaves a message and is thanked. @throws if the call is not accepted */
export async function placeCall(plan: CallToPlace): Promise<CallView> {
  const { simulator, from, to, messageMs, onStep, stopped } = plan;
  const { sid, verdict } = await askHttp<CallView>(`${simulator}/calls`, { body: { from, to, messageMs } });
  if (verdict !== 'connected') throw new Error(`the call was not taken: it was ${verdict}`);
  const until = (what: string, happened: (call: CallView) => boolean): Promise<CallView> =>
    poll(
      async () => {
        const call = await askHttp<CallView>(`${simulator}/calls/${sid}`);
        return (call.ended || stopped?.aborted === true || happened(call)) && call;
      },
      { timeoutMs: 60_000, everyMs: 100, what },
    );
  onStep('connected: the greeting plays');
  await until('the greeting', (call) => call.sentencesHeard > 0);
  if (stopped?.aborted !== true) onStep('the greeting was heard; the caller speaks');
  await until('the message', (call) => call.saidMs >= messageMs);
  if (stopped?.aborted !== true) onStep('the caller is silent: the message is over');
  const last = await until('the end of the call', () => false);
  if (last.ended) onStep('thanked, and hung up on');
  else await askHttp(`${simulator}/calls/${sid}/hang-up`, { method: 'POST' });
  return last;
}
