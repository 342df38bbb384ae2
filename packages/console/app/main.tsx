import { render } from 'preact';
import { ApiError, type Me, get, me } from './lib/api.ts';
import { startBusinessZone } from './lib/business-zone.ts';
import { connection } from './lib/live.ts';
import { App } from './shell.tsx';
import './styles/main.css';

/** Reads who is signed in, and tries again until the api answers. */
async function loadMe(): Promise<void> {
  try {
    me.value = await get<Me>('api/me');
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return;
    connection.value = 'away';
    setTimeout(() => void loadMe(), 2000);
  }
}

startBusinessZone();
render(<App />, document.getElementById('root')!);
void loadMe();
