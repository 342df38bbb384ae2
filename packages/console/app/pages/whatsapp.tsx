import '../styles/whatsapp.css';
import { type PageDefinition, seesRecords } from '../lib/page.ts';
import { SessionList } from './whatsapp/list.tsx';
import { SessionPage } from './whatsapp/session.tsx';

export const page: PageDefinition = {
  path: 'whatsapp',
  title: 'WhatsApp',
  order: 20,
  seenBy: seesRecords,
  View: ({ parts: [id] }) => (id === undefined ? <SessionList /> : <SessionPage key={id} id={id} />),
};
