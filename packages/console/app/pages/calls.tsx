import '../styles/calls.css';
import { liveValue } from '../lib/live.ts';
import { type PageDefinition, seesRecords } from '../lib/page.ts';
import { CallPage } from './calls/call.tsx';
import { CallList } from './calls/list.tsx';

export const page: PageDefinition = {
  path: 'calls',
  title: 'Calls',
  order: 30,
  seenBy: seesRecords,
  View: ({ parts: [id] }) => {
    const version = liveValue('calls')?.changed;
    return id === undefined ? (
      <CallList version={version} />
    ) : (
      <CallPage key={id} id={id} version={version} />
    );
  },
};
