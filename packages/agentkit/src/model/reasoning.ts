const names =
  'think(?:ing)?|thoughts?|reason(?:ing)?|reflect(?:ion)?|analysis|scratch_?pad|inner_?monologue|internal|plan(?:ning)?|chain_?of_?thought';
const tag = new RegExp(`<\\s{0,3}(/?)\\s{0,3}(?:${names})\\b[^<>\\n]{0,100}>`, 'giu');
/** The same tags in the notation of other templates, `[THINK]` and `◁think▷`, or escaped. */
const otherTag = /(?:\[|◁|&lt;)\s{0,3}(\/?)\s{0,3}think(?:ing)?\s{0,3}(?:\]|▷|&gt;)/giu;

/** The message of the final channel of the harmony format (gpt-oss). */
const harmonyFinal =
  /<\|channel\|>\s*final\b[^<]*<\|message\|>([\s\S]*?)(?=<\|(?:end|return|start|channel|call)\|>|$)/giu;
/** Special tokens of any template: `<|im_end|>`, `<|channel>`, `<｜Assistant｜>`. */
const specialToken = /<\s?[|｜][^<>\n]{0,60}>|<[^<>\n]{0,60}[|｜]\s?>/u;

const heading =
  /^\W{0,6}(?:thinking(?: process)?|thought(?: process)?|reasoning|analysis|chain of thought|internal (?:monologue|reasoning)|scratchpad)\W{0,4}:/iu;
const answerHeading = /^\W{0,6}(?:final (?:answer|response|reply)|answer|response|reply)\W{0,4}:[*_ \t]*/imu;

/** Markers such as `[[person]]`, which some models invent. They are removed. */
const marker = /\[\[[^\][\n]{1,60}\]\]/gu;

/**
 * Removes reasoning between tags, in a channel or under a heading, and markers from a model's text. Undefined if template tokens or a tool
 * call in words are left: then no part of the text is certain to be meant for the customer.
 */
export function withoutReasoning(raw: string): string | undefined {
  let text = raw.replaceAll(/\r\n?/g, '\n');
  if (/<\|(?:channel|start)\|>/iu.test(text)) text = [...text.matchAll(harmonyFinal)].at(-1)?.[1] ?? '';
  text = withoutTagged(text.replaceAll(otherTag, '<$1think>')).trim();
  if (heading.test(text)) {
    const answer = answerHeading.exec(text);
    text = answer === null ? '' : text.slice(answer.index + answer[0].length);
  }
  text = text
    .replaceAll(marker, ' ')
    .replaceAll(/[ \t]{2,}/g, ' ')
    .trim();
  if (specialToken.test(text) || /<\/?tool_?calls?\b|hand_over_to_person|\bopt_out\b/iu.test(text))
    return undefined;
  return text;
}

/** Removes tagged text. An unclosed tag removes everything behind it, a closing tag without an opening one everything before it. */
function withoutTagged(text: string): string {
  let kept = '';
  let depth = 0;
  let from = 0;
  for (const { 0: found, 1: slash, index } of text.matchAll(tag)) {
    if (slash === '') {
      if (depth === 0) kept += text.slice(from, index);
      depth += 1;
    } else if (depth === 0) kept = '';
    else depth -= 1;
    from = index + found.length;
  }
  return depth === 0 ? kept + text.slice(from) : kept;
}
