import { OnlyWrong } from '../kit/only-wrong.tsx';
import { me } from '../lib/api.ts';
import { liveValue } from '../lib/live.ts';
import { type PageDefinition, isAdmin, isOperator, seesRecords } from '../lib/page.ts';
import { location } from '../lib/router.ts';
import { DeadJobView } from './jobs/dead-job.tsx';
import { DeadLetter } from './jobs/dead-letter.tsx';
import { JobList } from './jobs/job-list.tsx';
import { Queues } from './jobs/queues.tsx';
import { Schedules } from './jobs/schedules.tsx';
import { StuckChat } from './jobs/stuck-chat.tsx';

export const page: PageDefinition = {
  path: 'jobs',
  title: 'Jobs',
  order: 40,
  seenBy: (who) => seesRecords(who) || isOperator(who),
  View: Jobs,
  badge: () => liveValue('dead_letter')?.depth ?? null,
};

function Jobs({ parts }: { parts: readonly string[] }) {
  const who = me.value;
  if (!who) return null;
  const [id] = parts;
  if (id !== undefined && seesRecords(who)) return <DeadJobView id={id} />;
  const { query } = location.value;
  const chat = query.get('conversation');
  // A question about one chat is answered at the top.
  const asksAboutChat = chat !== null && chat !== '';
  return (
    <div class="stack">
      <div class="row spread">
        <h1>Jobs</h1>
        <OnlyWrong />
      </div>
      {asksAboutChat && seesRecords(who) && <StuckChat />}
      {isOperator(who) && <Queues />}
      <DeadLetter />
      {seesRecords(who) && <JobList />}
      {!asksAboutChat && seesRecords(who) && <StuckChat />}
      {isAdmin(who) && <Schedules />}
    </div>
  );
}
