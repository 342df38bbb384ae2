// Reads an entry of a profile's FAQ.
import {
  Localized,
  type Path,
  type Reader,
  type Reading,
  forms,
  isMap,
  noteForm,
  object,
  text,
} from './shape.ts';

const question = text();
const also = forms((path) => path.slice(0, -1));
const entryFields = object({ question, answer: text() }, { also });

/** An FAQ entry as it was read. The question in other languages is one more phrasing. */
interface Entry {
  question: Localized<string>;
  answer: Localized<string>;
  also?: Localized<string[]>;
}

export const entry: Reader<Entry> = Object.assign(
  (value: unknown, path: Path, reading: Reading) => {
    const found = entryFields(value, path, reading);
    const asked = isMap(value) ? value['question'] : undefined;
    for (const [key, form] of isMap(asked) ? Object.entries(asked) : [['', asked] as const])
      if (typeof form === 'string')
        noteForm(form, [...path, 'question', ...(key === '' ? [] : [key])], path, reading);
    if (found?.question === undefined) return undefined;
    const { question: questions, answer, also: others = [] } = found;
    const { byLanguage } = questions;
    if (byLanguage.size + others.length === 1) return { question: questions, answer };
    const own = byLanguage.get(reading.ownLanguage ?? '');
    return {
      question: questions,
      answer,
      also: new Localized(
        new Map(
          reading.languages.map((tag) => {
            const its = byLanguage.get(tag) ?? own;
            return [tag, [...new Set([...byLanguage.values(), ...others])].filter((form) => form !== its)];
          }),
        ),
      ),
    };
  },
  { fields: entryFields.fields! },
);
