/** What a reason code of a session means, and what a person has to do. */
const descriptions: Readonly<Record<string, string>> = {
  // The session is stopped. A person has to start it.
  logged_out: 'The account was logged out, on the phone or by WhatsApp: start it and scan the QR code again.',
  temporarily_banned: 'WhatsApp has banned the account for a while: look at the app on the phone.',
  banned: 'WhatsApp has banned the account: look at the app on the phone.',
  forbidden: 'WhatsApp refuses the account: look at the app on the phone.',
  client_outdated: 'WhatsApp no longer accepts this version of the client: upgrade.',
  client_refused: 'WhatsApp refuses this client: upgrade, and pair it again.',
  multidevice_mismatch: 'WhatsApp refuses this device: log it out and pair it again.',
  replaced: 'Another client uses the same credentials: end that one, then start this.',
  qr_timeout: 'Nobody scanned the QR code: start it, and scan it.',
  auth_state_corrupt: 'The credentials in the database cannot be read: log it out and pair it again.',
  internal_error: 'An internal error: see the log of the baileys service, then start it again.',
  // The session retries on its own.
  connecting: 'It is connecting.',
  paired: 'The QR code was scanned: it connects again.',
  restart_required: 'WhatsApp wants a new connection, as after a pairing.',
  qr_expired: 'The QR codes ran out: new ones are fetched.',
  connection_lost: 'The connection to WhatsApp was lost: it connects again.',
  connection_closed: 'WhatsApp closed the connection: it connects again.',
  bad_session: 'WhatsApp answered with an error: it connects again.',
  unavailable: 'WhatsApp is not available: it tries again.',
  unreachable: 'WhatsApp cannot be reached from here (network, DNS, TLS): it tries again.',
  no_owner: 'No replica of the baileys service holds it: one takes it within seconds, if one runs.',
  lost: 'Another replica took it.',
  // The session works, or its state is not known.
  redis_unavailable: 'Redis cannot be reached: only the replica that holds the session knows its state.',
  receiving_stalled: 'An inbound message takes over 10 s, and those behind it wait.',
  reachout_timelock: 'WhatsApp lets the account start no new chats for now; those who wrote are answered.',
  new_chat_cap: 'The account has started as many new chats as WhatsApp allows; those who wrote are answered.',
  service_away: 'The baileys service cannot be reached: the state of the session is not known.',
};

/** Null without a reason, and for an unknown code. */
export function describeSessionReason(reason: string | null): string | null {
  if (reason === null) return null;
  if (Object.hasOwn(descriptions, reason)) return descriptions[reason] ?? null;
  return reason.startsWith('database_') ? 'It waits for PostgreSQL, which cannot store anything now.' : null;
}
