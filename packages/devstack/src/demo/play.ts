import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../random.ts';
import { placeCall } from './call.ts';
import type { Desk } from './desk.ts';
import { isAnswered } from './find-stack.ts';
import { type PlannedScene, type PlannedStep, planDay, timeOfDay } from './plan.ts';
import { type Customer, type Script, business, day } from './script.ts';
import type { WhatsAppLine } from './whatsapp-line.ts';

/** What the scenes of the demo use. */
export interface Stage {
  simulator: string;
  line: WhatsAppLine;
  desk: Desk;
  stop: AbortController;
  /** Prints a line for each event: who did what. */
  tell: (time: string, who: string, what: string) => void;
}

/** How often each thing happened. */
export type Tally = Record<'questions' | 'answers' | 'calls' | 'troubles', number>;

/** The simulator does not answer any more, so the demo cannot go on. */
export class SimulatorGone extends Error {
  override name = 'SimulatorGone';
}

/** Plays day after day until it is stopped. Then every scene ends after its current step. */
export async function play(stage: Stage, script: Script, random: Random): Promise<Tally> {
  const { signal } = stage.stop;
  const tally: Tally = { questions: 0, answers: 0, calls: 0, troubles: 0 };
  for (let number = 1; !signal.aborted; number += 1) {
    const began = performance.now();
    const time = (): string => timeOfDay(performance.now() - began);
    stage.tell(time(), 'Day', `${number} begins`);
    const scenes: Promise<void>[] = [];
    for (const scene of planDay(script, random)) {
      if (!(await waitFor(began + scene.atMs - performance.now(), signal))) break;
      scenes.push(playScene(scene, stage, tally, time));
    }
    await waitFor(began + day.seconds * 1000 - performance.now(), signal);
    await Promise.all(scenes);
  }
  if (signal.reason instanceof SimulatorGone) throw signal.reason;
  if (!stage.line.isLinked) await stage.line.pair();
  return tally;
}

/** Plays one scene. If it fails, this is printed and the day goes on. */
async function playScene(scene: PlannedScene, stage: Stage, tally: Tally, time: () => string): Promise<void> {
  try {
    for (const step of scene.steps) {
      if (stage.stop.signal.aborted) return;
      await playStep(step, scene.customer, stage, tally, (who, what) => stage.tell(time(), who, what));
    }
  } catch (error) {
    if (stage.stop.signal.aborted) return;
    tally.troubles += 1;
    const reason = error instanceof Error ? error.message : String(error);
    stage.tell(time(), scene.customer.name, `did not get on: ${reason}`);
    if (await isAnswered(`${stage.simulator}/health`)) return;
    stage.stop.abort(new SimulatorGone(`The simulator at ${stage.simulator} has gone.`));
  }
}

async function playStep(
  step: PlannedStep,
  customer: Customer,
  { simulator, line, desk, stop: { signal: stopped } }: Stage,
  tally: Tally,
  tell: (who: string, what: string) => void,
): Promise<void> {
  const { name } = customer;
  switch (step.do) {
    case 'ask':
    case 'write': {
      const awaitAnswer = step.do === 'ask';
      await line.linked();
      tell(name, step.text);
      tally.questions += 1;
      const answers = await line.write(customer, step.text, { awaitAnswer });
      for (const answer of answers) tell('ProSaaS', `to ${name}: ${answer}`);
      tally.answers += answers.length;
      if (awaitAnswer && answers.length === 0 && !stopped.aborted) tell(name, 'has no answer yet');
      return;
    }
    case 'pause':
      await waitFor(step.seconds * 1000, stopped);
      return;
    case 'answer by phone':
      await line.writeAsOwner(customer, step.text);
      tell('Dana', `from the phone of the account, to ${name}: ${step.text}`);
      return;
    case 'take over':
      await desk.takeOver(customer);
      tell('Dana', `takes over the chat with ${name}`);
      return;
    case 'answer':
      await desk.write(customer, step.text);
      tell('Dana', `to ${name}: ${step.text}`);
      return;
    case 'give back':
      await desk.giveBack(customer);
      tell('Dana', `gives the chat with ${name} back to the agent`);
      return;
    case 'call': {
      const onStep = (what: string): void => tell(name, `on the phone, ${what}`);
      const { messageMs } = step;
      tell(name, `calls ${business.desk}`);
      tally.calls += 1;
      await placeCall({
        simulator,
        from: `+${customer.number}`,
        to: business.desk,
        messageMs,
        onStep,
        stopped,
      });
      return;
    }
    case 'remind':
      await line.addPhone(customer, { hasLeft: true });
      tell('A program', `to ${name}, who has left WhatsApp: ${step.text}`);
      tell(
        'WhatsApp',
        `refuses it, and its job is a dead letter: ${await desk.remindInVain(customer, step.text)}`,
      );
      return;
    case 'log out':
      await line.unlink();
      tell(name, `unlinks the session "${business.session}" on her phone: it is logged out`);
      return;
    case 'pair':
      await line.pair();
      tell(name, `scans the QR code of "${business.session}": it is paired again`);
  }
}

/** Waits. Returns false if the demo was stopped meanwhile. */
async function waitFor(ms: number, stopped: AbortSignal): Promise<boolean> {
  if (ms > 0) await delay(ms, undefined, { signal: stopped }).catch(() => undefined);
  return !stopped.aborted;
}
