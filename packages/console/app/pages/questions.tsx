import '../styles/questions.css';
import { type PageDefinition, seesRecords } from '../lib/page.ts';
import { LearnedList } from './questions/learned.tsx';
import { UnansweredList } from './questions/unanswered.tsx';
import { TryText } from './questions/try.tsx';

export const page: PageDefinition = {
  path: 'questions',
  title: 'Questions',
  order: 15,
  seenBy: seesRecords,
  View: () => (
    <div class="stack">
      <h1>Questions</h1>
      <UnansweredList />
      <TryText />
      <LearnedList />
    </div>
  ),
};
