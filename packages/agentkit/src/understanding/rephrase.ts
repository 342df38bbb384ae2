import { fillTemplate } from '../template.ts';

/** Whether a text was sent before in the conversation. */
export type WasSaid = (text: string) => boolean;

/**
 * Words an answer so that it does not repeat a text of the conversation: in one of the templates, each of which holds {answer}, or in two of
 * them, one inside the other. If all of these were said, the last one is returned.
 */
export function rephrase(answer: string, templates: readonly string[], wasSaid: WasSaid): string {
  if (!wasSaid(answer)) return answer;
  let last = answer;
  for (const outer of ['{answer}', ...templates]) {
    for (const inner of templates) {
      if (outer === inner) continue;
      last = fillTemplate(outer, { answer: fillTemplate(inner, { answer }) });
      if (!wasSaid(last)) return last;
    }
  }
  return last;
}
