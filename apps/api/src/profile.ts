// `profile FILE|- [MESSAGE]...`: checks a profile without any service, and shows what the agent would answer to messages.
import { text } from 'node:stream/consumers';
import {
  type Profile,
  ProfileError,
  explain,
  prepareLanguages,
  parseProfile,
  readProfileText,
} from '@prosaas/agentkit/offline';
import { describeExplanation } from './learning/describe-explanation.ts';

const usage = `profile FILE [MESSAGE]...
Checks a profile, and shows what the agent would answer to each message now, and why. FILE - is standard input.`;

const [file, ...messages] = process.argv.slice(2);

if (file === undefined || file === '--help') {
  console.log(usage);
  process.exitCode = file === undefined ? 2 : 0;
} else {
  try {
    const isInput = file === '-';
    const profile = parseProfile(
      isInput ? await text(process.stdin) : await readProfileText(file),
      isInput ? 'profile' : file,
    );
    console.log(`The profile is valid: ${describeProfile(profile)}.`);
    if (messages.length > 0) await prepareLanguages();
    for (const message of messages) console.log(`\n${answerText(profile, message)}`);
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error;
    console.error(error.problems.join('\n'));
    process.exitCode = 1;
  }
}

function describeProfile({ name, faq, language, translations = {} }: Profile): string {
  const entries = faq.length === 1 ? '1 question' : `${faq.length} questions`;
  return `${name}, ${entries}, in ${[language, ...Object.keys(translations)].join(', ')}`;
}

function answerText(profile: Profile, message: string): string {
  const explanation = explain(profile, { text: message, history: [], now: new Date() });
  const why = describeExplanation(explanation).map((sentence) => `    ${sentence}`);
  return [message, `  ${explanation.answer.text.replaceAll('\n', '\n  ')}`, ...why].join('\n');
}
