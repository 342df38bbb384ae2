import type { BinaryNode } from '@whiskeysockets/baileys';

import type { Connection } from './connection.ts';
import { node } from './nodes.ts';

/**
 * How the server ends a connection so that the client reports this code. 401 device removed, 403 banned, 405
 * client too old, 411 not a multi-device account, 428 closed, 440 replaced by another connection, 515 restart.
 */
function closeStanza(code: number): BinaryNode {
  switch (code) {
    case 401:
      return node('stream:error', { code: '401' }, [node('conflict', { type: 'device_removed' })]);
    case 403:
    case 405:
      return refusalOf(code);
    case 411:
      return node('ib', {}, [node('downgrade_webclient')]);
    case 428:
      return node('xmlstreamend');
    case 440:
      return node('stream:error', {}, [node('conflict', { type: 'replaced' })]);
    default:
      return node('stream:error', { code: String(code) });
  }
}

export function endConnection(connection: Connection, code: number): void {
  connection.send(closeStanza(code));
  connection.close();
}

/** Refuses a login, and closes. */
export function refuseLogin(connection: Connection, code: number): void {
  connection.send(refusalOf(code));
  connection.close();
}

function refusalOf(code: number): BinaryNode {
  return node('failure', { reason: String(code), location: 'sim' });
}
