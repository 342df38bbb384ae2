/** Whether a text was said before in the conversation. */
export type Said = (text: string) => boolean;

/**
 * An answer in words that the conversation has not had yet: with one of the templates around it, each of which holds {answer}, or with
 * two of them. Where all of that was said, the last one.
 */
export function unsaid(answer: string, templates: readonly string[], said: Said): string {
  if (!said(answer)) return answer;
  let last = answer;
  for (const outer of ['{answer}', ...templates]) {
    for (const inner of templates) {
      if (outer === inner) continue;
      last = fill(outer, fill(inner, answer));
      if (!said(last)) return last;
    }
  }
  return last;
}

const fill = (template: string, answer: string): string => template.replaceAll('{answer}', () => answer);
