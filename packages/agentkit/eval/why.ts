// Scratch: node why.ts PROFILE TEXT...
import { FaqAgent } from '../src/faq-agent.ts';
import { languagesOf } from '../src/understanding/analysis.ts';
import { loadLanguages } from '../src/understanding/language.ts';
import { words } from '../src/understanding/fold.ts';
import { parse } from 'yaml';
import { readFileSync } from 'node:fs';
const [path, ...texts] = process.argv.slice(2);
const { extra, ...p } = parse(readFileSync(path!, 'utf8'));
const agent = new FaqAgent(p);
for (const text of texts) {
  const e = agent.explain({ text, history: [], now: new Date('2026-03-11T11:00:00Z') });
  console.log(languagesOf(words(text), loadLanguages()).map((l) => l.code).join());
  console.log('###', text, '->', e.answer.source, e.answer.text.slice(0, 80), e.rule ?? '');
  for (const c of e.understanding?.candidates.slice(0, 4) ?? [])
    console.log('  ', (p.faq[c.topic]?.question ?? 'HOURS'), c.score.toFixed(2), 'cov', c.coverage.toFixed(2), 'fit', c.fit.toFixed(2), c.matches.map((m) => `${m.word}~${m.key}=${m.weight.toFixed(2)}`).join(' '), 'UNK', c.unknown.join(','));
}
